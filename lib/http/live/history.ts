/** The numbers of the last hour in memory that does not grow: columns of a fixed length, overwritten in turn. */
import { deviceKey } from "../../device_key.ts";
import type { Reading } from "../../reading/reading.ts";
import type { DeviceInfo } from "../../records.ts";
import { fullest } from "../../telemetry/board.ts";
import type { LiveHistory } from "./live_reading.ts";

/** What the history keeps. */
export interface HistorySize {
  readonly intervalMs: number;
  readonly durationMs: number;
}

/** The columns of one GPU. */
interface DeviceColumns {
  /** As it was seen last. */
  device: DeviceInfo;
  /** The sample at which it was seen last. */
  lastSample: number;
  readonly usedBytes: Float64Array;
  readonly utilizationRatio: Float32Array;
}

/** More GPUs than any machine has; the one seen longest ago makes room. */
const MOST_DEVICES = 64;

/** A ring of samples. NaN is a number that was not known. */
export class History {
  readonly #intervalMs: number;
  readonly #length: number;
  readonly #atMs: Float64Array;
  readonly #ramUsed: Float64Array;
  readonly #allocator: Float32Array;
  readonly #devices = new Map<string, DeviceColumns>();
  #ramTotal: number | null = null;
  #samples = 0;

  constructor({ intervalMs, durationMs }: HistorySize) {
    this.#intervalMs = intervalMs;
    this.#length = Math.max(1, Math.ceil(durationMs / intervalMs));
    this.#atMs = new Float64Array(this.#length).fill(NaN);
    this.#ramUsed = new Float64Array(this.#length).fill(NaN);
    this.#allocator = new Float32Array(this.#length).fill(NaN);
  }

  /** Takes the next reading. */
  add({ atMs, gpu, system, allocators }: Reading): void {
    const slot = this.#samples % this.#length;
    this.#atMs[slot] = atMs;
    this.#ramUsed[slot] = system?.usedBytes ?? NaN;
    this.#ramTotal = system?.totalBytes ?? this.#ramTotal;
    this.#allocator[slot] = fullest(allocators)?.memoryUsagePercent ?? NaN;
    for (const columns of this.#devices.values()) {
      columns.usedBytes[slot] = NaN;
      columns.utilizationRatio[slot] = NaN;
    }
    for (const device of gpu?.devices ?? []) {
      const columns = this.#columnsOf(device);
      columns.device = device;
      columns.lastSample = this.#samples;
      columns.usedBytes[slot] = device.usedBytes ?? NaN;
      columns.utilizationRatio[slot] = device.utilizationRatio ?? NaN;
    }
    this.#samples += 1;
    this.#forget();
  }

  #columnsOf(device: DeviceInfo): DeviceColumns {
    const key = deviceKey(device);
    let columns = this.#devices.get(key);
    if (columns === undefined) {
      columns = {
        device,
        lastSample: this.#samples,
        usedBytes: new Float64Array(this.#length).fill(NaN),
        utilizationRatio: new Float32Array(this.#length).fill(NaN),
      };
      this.#devices.set(key, columns);
    }
    return columns;
  }

  /** Lets GPUs go of which no number is left. */
  #forget(): void {
    const byAge = [...this.#devices].sort(([, a], [, b]) => a.lastSample - b.lastSample);
    for (const [key, { lastSample }] of byAge) {
      const isPast = lastSample < this.#samples - this.#length;
      if (isPast || this.#devices.size > MOST_DEVICES) this.#devices.delete(key);
    }
  }

  /** The samples from `sinceMs` on, the oldest first. */
  columns(sinceMs = -Infinity): Omit<LiveHistory, "phases" | "alerts"> {
    const slots = this.#slotsSince(sinceMs);
    const pick = (column: Float64Array) => slots.map((slot) => known(column[slot]!));
    const pickShort = (column: Float32Array) => slots.map((slot) => short(column[slot]!));
    return {
      intervalMs: this.#intervalMs,
      atMs: slots.map((slot) => this.#atMs[slot]!),
      devices: [...this.#devices.values()]
        .map(({ device, usedBytes, utilizationRatio }) => ({
          index: device.index,
          uuid: device.uuid,
          name: device.name,
          totalBytes: device.totalBytes,
          usedBytes: pick(usedBytes),
          utilizationRatio: pickShort(utilizationRatio),
        }))
        .sort((a, b) => a.index - b.index),
      system: { totalBytes: this.#ramTotal, usedBytes: pick(this.#ramUsed) },
      memoryUsagePercent: pickShort(this.#allocator),
    };
  }

  #slotsSince(sinceMs: number): readonly number[] {
    const slots: number[] = [];
    const first = Math.max(0, this.#samples - this.#length);
    for (let sample = first; sample < this.#samples; sample++) {
      const slot = sample % this.#length;
      if (this.#atMs[slot]! >= sinceMs) slots.push(slot);
    }
    return slots;
  }
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** Of a number kept in four bytes no more digits are true. */
function short(value: number): number | null {
  return Number.isNaN(value) ? null : Number(value.toPrecision(6));
}
