/** The output of `--query-gpu` as devices. Pure; any text is fine. */
import type { Failure } from "../../../lib/errors.ts";
import type { DeviceInfo, DeviceState } from "../../../lib/records.ts";
import { normalPciBusId } from "../pci_bus_id.ts";
import { type Cell, readCell, readMebibytes, readNumber, splitLine } from "./cells.ts";
import { type GpuField, MAY_LACK } from "./fields.ts";
import { troubleFailure } from "./troubles.ts";

/** What the output told. */
export interface ParsedGpus {
  readonly devices: readonly DeviceInfo[];
  readonly failures: readonly Failure[];
  /** Lines that are no device: words of an error, or garbage. */
  readonly otherLines: readonly string[];
}

/**
 * Reads one line a GPU. `usedIncludesReserved` is true where the reserve is not told, as before driver
 * R510, whose memory.used contains it; since R510 it stands apart in memory.reserved.
 */
export function parseGpus(output: string, fields: readonly GpuField[]): ParsedGpus {
  const devices: DeviceInfo[] = [];
  const failures: Failure[] = [];
  const otherLines: string[] = [];
  for (const line of output.split(/\r?\n/)) {
    if (line.trim() === "") continue;
    const parts = splitLine(line, fields.length, Math.max(0, fields.indexOf("name")));
    const cells = new Map(fields.map((field, i) => [field, readCell(parts?.[i] ?? "")]));
    if (parts === null || !looksLikeDevice(cells)) {
      otherLines.push(line);
      continue;
    }
    const device = new DeviceLine(cells, devices.length);
    devices.push(device.info());
    failures.push(...device.failures());
  }
  devices.sort((a, b) => a.index - b.index);
  return { devices, failures, otherLines };
}

/** A line of an error has commas too; a device has an index, or at least a UUID. */
function looksLikeDevice(cells: ReadonlyMap<GpuField, Cell>): boolean {
  const index = cells.get("index")?.text;
  const uuid = cells.get("uuid")?.text;
  return /^\d{1,4}$/.test(index ?? "") || /^(GPU|MIG)-/.test(uuid ?? "");
}

class DeviceLine {
  readonly #cells: ReadonlyMap<GpuField, Cell>;
  readonly #index: number;
  /** Fields with a text that can't be their value. */
  readonly #bad: GpuField[] = [];

  constructor(cells: ReadonlyMap<GpuField, Cell>, position: number) {
    this.#cells = cells;
    const index = cells.get("index")?.text ?? "";
    this.#index = /^\d{1,4}$/.test(index) ? Number(index) : position;
  }

  info(): DeviceInfo {
    const totalBytes = this.#bytes("memory.total");
    const usedBytes = this.#bytes("memory.used", totalBytes);
    const reservedBytes = this.#bytes("memory.reserved", totalBytes);
    return {
      index: this.#index,
      name: this.#text("name"),
      totalBytes,
      freeBytes: this.#bytes("memory.free", totalBytes),
      usedBytes,
      reservedBytes,
      driverVersion: this.#text("driver_version"),
      sharedUsedBytes: null,
      usedIncludesReserved: usedBytes === null ? null : reservedBytes === null,
      // A GPU with the system's RAM as its memory has `[N/A]` there.
      memoryKind: totalBytes === null ? null : "dedicated",
      state: this.#state(),
      uuid: this.#text("uuid"),
      pciId: null,
      luid: null,
      wddm: null,
      pciBusId: normalPciBusId(this.#text("pci.bus_id")),
      utilizationRatio: this.#ratio("utilization.gpu"),
      memoryBandwidthBusyRatio: this.#ratio("utilization.memory"),
      temperatureCelsius: this.#number("temperature.gpu"),
      powerWatts: this.#number("power.draw"),
      smClockMhz: this.#number("clocks.sm"),
      memoryClockMhz: this.#number("clocks.mem"),
      cudaDriverVersion: null,
      eccEnabled: this.#mode("ecc.mode.current"),
      migEnabled: this.#mode("mig.mode.current"),
      migSlices: [],
      source: "nvidia_smi",
    };
  }

  /** One failure for each way in which cells have no value; call it after `info`. */
  failures(): Failure[] {
    const byWords = new Map<string, { cell: Cell; fields: GpuField[] }>();
    for (const [field, cell] of this.#cells) {
      if (cell.trouble === null) continue;
      if (cell.trouble === "not_supported" && MAY_LACK.has(field)) continue;
      const group = byWords.get(cell.words) ?? { cell, fields: [] as GpuField[] };
      group.fields.push(field);
      byWords.set(cell.words, group);
    }
    const failures = [...byWords.values()].map(({ cell, fields }) =>
      troubleFailure(`${fields.join(", ")} of GPU ${this.#index}`, cell, this.#index)
    );
    if (this.#bad.length > 0) {
      failures.push({
        code: "bad_value",
        message: `Cannot read ${this.#bad.join(", ")} of GPU ${this.#index}: ` +
          "nvidia-smi printed what can't be true",
        source: "nvidia_smi",
        deviceIndex: this.#index,
        count: this.#bad.length,
      });
    }
    return failures;
  }

  #state(): DeviceState {
    const cells = [...this.#cells.values()];
    if (cells.some(({ trouble }) => trouble === "lost")) return "lost";
    if (cells.some(({ trouble }) => trouble === "reset_required")) return "reset_required";
    const memory = [...this.#cells].filter(([field]) => field.startsWith("memory."))
      .map(([, cell]) => cell.trouble);
    const broken = memory.filter((trouble) => trouble !== null && trouble !== "not_supported");
    return memory.length > 0 && broken.length === memory.length ? "failed" : "ok";
  }

  #text(field: GpuField): string | null {
    return this.#cells.get(field)?.text ?? null;
  }

  #value<T>(field: GpuField, read: (text: string) => T | null): T | null {
    const text = this.#text(field);
    if (text === null) return null;
    const value = read(text);
    if (value === null) this.#bad.push(field);
    return value;
  }

  #bytes(field: GpuField, limit: number | null = null): number | null {
    return this.#value(field, (text) => {
      const bytes = readMebibytes(text);
      return bytes === "sentinel" || (limit !== null && bytes !== null && bytes > limit)
        ? null
        : bytes;
    });
  }

  #number(field: GpuField): number | null {
    return this.#value(field, readNumber);
  }

  #ratio(field: GpuField): number | null {
    return this.#value(field, (text) => {
      const percent = readNumber(text);
      return percent === null || percent > 100 ? null : percent / 100;
    });
  }

  #mode(field: GpuField): boolean | null {
    return this.#value(
      field,
      (text) => /^enabled$/i.test(text) ? true : /^disabled$/i.test(text) ? false : null,
    );
  }
}
