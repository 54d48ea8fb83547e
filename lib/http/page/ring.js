/** What was seen in the last hour: samples in the order of their time, bounded. */

export const HOUR_MS = 3_600_000;
/** The hour in seconds, and some. */
const MOST_SAMPLES = 4_000;
/** Samples further apart than so many intervals have a gap between them. */
const GAP_INTERVALS = 2.5;
/** A sample that is later than the newest reading by more than this is from a clock that was set back since. */
const CLOCK_SLACK_MS = 60_000;

/** What tells GPUs apart: the UUID, or the index where none is known. */
export function deviceKeyOf({ uuid, index }) {
  return uuid ?? String(index);
}

/** What one reading adds. */
export function sampleOf(reading, percent) {
  return {
    atMs: reading.at_ms,
    intervalMs: reading.interval_ms,
    ram: reading.system?.used_bytes ?? null,
    percent,
    devices: new Map(
      (reading.gpu?.devices ?? []).map((device) => [
        deviceKeyOf(device),
        { used: device.used_bytes, utilization: device.utilization_ratio },
      ]),
    ),
  };
}

/** The columns of a history as samples. */
export function samplesOf(told) {
  return told.at_ms.map((atMs, i) => ({
    atMs,
    intervalMs: told.interval_ms,
    ram: told.system.used_bytes[i],
    percent: told.memory_usage_percent[i],
    devices: new Map(
      told.devices.map((device) => [
        deviceKeyOf(device),
        { used: device.used_bytes[i], utilization: device.utilization_ratio[i] },
      ]),
    ),
  }));
}

/** Keeps samples. */
export class Ring {
  /** The earliest first. */
  samples = [];

  /** Takes one; mostly it is the latest. */
  add(sample) {
    const limit = sample.atMs + CLOCK_SLACK_MS;
    while (this.samples.length > 0 && this.samples.at(-1).atMs > limit) this.samples.pop();
    const last = this.samples.at(-1);
    if (last === undefined || last.atMs < sample.atMs) this.samples.push(sample);
    else this.#mix([sample]);
    this.#trim();
  }

  /** Takes those of times that nothing is known of yet: a server that began anew knows less than we do. */
  fill(samples) {
    this.#mix(samples);
    this.#trim();
  }

  #mix(samples) {
    const known = this.samples.map(({ atMs }) => atMs);
    const fresh = samples.filter(({ atMs, intervalMs }) =>
      distanceTo(known, atMs) >= intervalMs / 2
    );
    this.samples.push(...fresh);
    this.samples.sort((a, b) => a.atMs - b.atMs);
  }

  #trim() {
    const newest = this.samples.at(-1)?.atMs ?? 0;
    const outOfDate = this.samples.findIndex(({ atMs }) => atMs >= newest - HOUR_MS);
    const tooMany = this.samples.length - MOST_SAMPLES;
    this.samples.splice(0, Math.max(outOfDate, tooMany, 0));
  }
}

/** From a time to the nearest of the times, which rise. */
function distanceTo(times, atMs) {
  let from = 0;
  let to = times.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (times[middle] < atMs) from = middle + 1;
    else to = middle;
  }
  const before = atMs - (times[from - 1] ?? -Infinity);
  return Math.min(before, (times[from] ?? Infinity) - atMs);
}

/**
 * The samples since `fromMs` for a plot: times in seconds, and a column for each reader. Where samples are missing
 * stands a row in which nothing is known, so that no line is drawn across.
 */
export function columnsOf(samples, fromMs, readers) {
  const seconds = [];
  const columns = readers.map(() => []);
  let last = null;
  for (const sample of samples) {
    if (sample.atMs < fromMs) continue;
    if (last !== null) {
      const interval = Math.max(last.intervalMs, sample.intervalMs);
      if (sample.atMs - last.atMs > GAP_INTERVALS * interval) {
        seconds.push((last.atMs + interval) / 1000);
        for (const column of columns) column.push(null);
      }
    }
    seconds.push(sample.atMs / 1000);
    readers.forEach((read, i) => columns[i].push(read(sample) ?? null));
    last = sample;
  }
  return { seconds, columns };
}

/** The times in which nothing of this is known: from the last known sample to the next one. */
export function gapsOf({ seconds, columns }) {
  const gaps = [];
  let from = null;
  if (columns.length === 0) return gaps;
  seconds.forEach((at, i) => {
    const isKnown = columns.some((column) => column[i] !== null);
    if (!isKnown) from ??= seconds[i - 1] ?? at;
    if (from === null || (!isKnown && i < seconds.length - 1)) return;
    gaps.push({ startMs: from * 1000, endMs: at * 1000 });
    from = null;
  });
  return gaps;
}
