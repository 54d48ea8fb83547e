/** What a reading lacks that another source may tell. Pure. */
import type { FailureCode } from "../../lib/errors.ts";
import type { DeviceInfo, GpuProcess } from "../../lib/records.ts";
import type { GpuQuestion, GpuReading } from "./source.ts";

/** One thing a reading lacks on one device. */
export interface Gap {
  /** Index of the device in the reading that has the gap. */
  readonly deviceIndex: number;
  /** The device's memory; its list of processes; or the memory of processes in that list. */
  readonly kind: "memory" | "list" | "rows";
  /** For `rows`: how many. */
  readonly count: number;
}

/** Failures that are the driver's or one source's own; `not_supported` is the same through any source. */
const WORTH_ASKING: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "driver_failed",
  "bad_value",
  "hung",
  "slow",
]);

/** A figure that the driver got wrong, as against one it does not tell. */
function isWrongFigure({ missing }: GpuProcess): boolean {
  return missing === "sentinel" || missing === "exceeds_total";
}

/** Windows before its counters of GPU memory: what NVML does not tell, nobody has told yet. */
function lacksCounters({ failures }: GpuReading): boolean {
  return failures.some(({ source, code }) => source === "pdh" && code === "absent");
}

/**
 * The gaps of a reading, by device. A device that is lost, blocked or needs a reset has none: no source
 * can tell more about it.
 */
export function gapsOf(reading: GpuReading, question: GpuQuestion): Gap[] {
  const gaps: Gap[] = [];
  const untold = lacksCounters(reading);
  for (const device of reading.devices) {
    const { index: deviceIndex } = device;
    const wrong = reading.processes.filter((p) =>
      p.deviceIndex === deviceIndex &&
      (isWrongFigure(p) || (untold && p.missing === "not_told"))
    );
    if (wrong.length > 0) gaps.push({ deviceIndex, kind: "rows", count: wrong.length });
    if (!mayAnswer(device) || !hasFailed(reading, device)) continue;
    if (device.totalBytes === null || device.usedBytes === null) {
      gaps.push({ deviceIndex, kind: "memory", count: 1 });
    }
    if (question.processes && !reading.listedDevices.includes(deviceIndex) && wrong.length === 0) {
      gaps.push({ deviceIndex, kind: "list", count: 1 });
    }
  }
  return gaps;
}

function mayAnswer({ state }: DeviceInfo): boolean {
  return state === "ok" || state === "failed";
}

function hasFailed({ failures }: GpuReading, { index }: DeviceInfo): boolean {
  return failures.some(({ code, deviceIndex }) => deviceIndex === index && WORTH_ASKING.has(code));
}
