/** Everything that the page knows, from what the server told. No drawing. */
import { Past } from "./past.js";
import { deviceKeyOf, HOUR_MS, Ring, sampleOf, samplesOf } from "./ring.js";

/** After so many intervals without a reading the numbers are no longer those of now. */
const STALE_INTERVALS = 3;

/** Collects readings and histories. */
export class Known {
  /** The latest reading; `null`: none yet. */
  reading = null;
  /** Why there is no history; `null`: there is. */
  noHistory = null;
  ring = new Ring();
  phases = new Past(({ path }) => path);
  alerts = new Past(({ id }) => id);
  /** Every GPU of the last hour by its key: `{ key, index, uuid, name, totalBytes, seenMs }`. */
  #devices = new Map();
  #ramTotal = null;
  #arrived = null;

  /** Takes a history. */
  takeHistory(told) {
    this.noHistory = null;
    this.ring.fill(samplesOf(told));
    const seenMs = told.at_ms.at(-1) ?? 0;
    for (const device of told.devices) {
      if (!this.#devices.has(deviceKeyOf(device))) this.#see(device, seenMs);
    }
    this.#ramTotal ??= told.system.total_bytes;
    this.phases.load(told.phases);
    this.alerts.load(told.alerts);
  }

  /** Takes a reading. */
  takeReading(reading) {
    this.reading = reading;
    this.#arrived = { wall: Date.now(), steady: performance.now() };
    this.ring.add(sampleOf(reading, fullestOf(reading)?.memory_usage_percent ?? null));
    for (const device of reading.gpu?.devices ?? []) this.#see(device, reading.at_ms);
    for (const [key, { seenMs }] of this.#devices) {
      if (seenMs < reading.at_ms - HOUR_MS) this.#devices.delete(key);
    }
    this.#ramTotal = reading.system?.total_bytes ?? this.#ramTotal;
    this.phases.observe(reading.phases, reading.at_ms);
    this.alerts.observe(reading.alerts, reading.at_ms);
  }

  /** GPUs of the last hour in their order, those that are gone included. */
  get devices() {
    return [...this.#devices.values()].sort((a, b) => a.index - b.index);
  }

  /** Size of the machine's RAM. */
  get ramTotal() {
    return this.#ramTotal;
  }

  /** How old the reading is, in milliseconds; `null`: there is none. Both clocks are asked: one stops in sleep. */
  get ageMs() {
    if (this.#arrived === null) return null;
    return Math.max(
      0,
      Date.now() - this.#arrived.wall,
      performance.now() - this.#arrived.steady,
    );
  }

  /** The reading tells of a time that is over. */
  get isStale() {
    return this.reading !== null && this.ageMs > STALE_INTERVALS * this.reading.interval_ms;
  }

  #see({ index, uuid, name, total_bytes }, seenMs) {
    const key = deviceKeyOf({ uuid, index });
    this.#devices.set(key, { key, index, uuid, name, totalBytes: total_bytes, seenMs });
  }
}

/** The fresh allocator nearest to the end of its reserve. */
export function fullestOf({ allocators }) {
  return allocators.reduce((found, one) => {
    const percent = one.memory_usage_percent;
    return percent !== null && percent > (found?.memory_usage_percent ?? -1) ? one : found;
  }, null);
}
