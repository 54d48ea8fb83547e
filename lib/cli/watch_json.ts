/** The records of a watch, one JSON object a line; the original's keys first. Pure. */
import type { Failure } from "../errors.ts";
import { toJsonLine } from "../json_case.ts";
import { type DeviceSpill, worstOf } from "../spill_devices.ts";
import type { ProcessHistory } from "../watch/history.ts";
import type { WatchEvent, WatchSample } from "../watch/records.ts";
import type { Watcher } from "../watch/watcher.ts";
import { deviceSpillRecord, spillRecord } from "./spill_text.ts";

/** When a record was made. */
export interface Moment {
  readonly elapsedMs: number;
  readonly atMs: number;
  /** Number of the tick. */
  readonly seq: number;
}

/** A line for each process of a sample. */
export function sampleLines(sample: WatchSample, moment: Moment): string {
  return sample.rows.map((row) =>
    toJsonLine({
      kind: "sample",
      tMs: Math.round(moment.elapsedMs),
      pid: row.pid,
      name: row.name,
      usedBytes: row.usedBytes,
      usedDeltaBytes: row.usedDeltaBytes,
      sharedUsedBytes: row.sharedUsedBytes,
      sharedDeltaBytes: row.sharedDeltaBytes,
      spilling: row.spilling,
      rssBytes: row.rssBytes,
      rssDeltaBytes: row.rssDeltaBytes,
      state: row.state,
      atMs: moment.atMs,
      seq: moment.seq,
      deviceIndex: row.devices.length === 1 ? row.devices[0]!.deviceIndex : null,
      devices: row.devices,
      source: row.source,
    })
  ).join("");
}

/** A line for an event. */
export function eventLine(event: WatchEvent, moment: Moment): string {
  const { event: what, ...details } = event;
  return toJsonLine({ kind: "event", ...times(moment), event: what, ...details });
}

/** A line that says that ticks were due and not taken. */
export function skippedLine(skipped: number, moment: Moment): string {
  return toJsonLine({ kind: "event", ...times(moment), event: "skipped", count: skipped });
}

/** A line for something that could not be read. */
export function failureLine(failure: Failure, moment: Moment): string {
  return toJsonLine({ kind: "failure", ...times(moment), ...failure });
}

function times({ elapsedMs, atMs, seq }: Moment) {
  return { tMs: Math.round(elapsedMs), atMs, seq };
}

/** The last line. */
export function summaryLine(watcher: Watcher, moment: Moment, endedBy: string): string {
  const spills = watcher.gpus.spills.reports();
  const worst = worstOf(spills);
  return toJsonLine({
    kind: "summary",
    ...spillRecord(worst.report),
    perPid: watcher.histories.map(perPid),
    ...times(moment),
    endedBy,
    samples: watcher.samples,
    failedSamples: watcher.failedSamples,
    deviceIndex: spills.length === 0 ? null : worst.deviceIndex,
    deviceUuid: worst.deviceUuid,
    devices: spills.map((spill) => ({
      ...deviceSpillRecord(spill),
      ...peakRecord(watcher, spill),
    })),
  });
}

function peakRecord({ gpus }: Watcher, { deviceIndex, deviceUuid }: DeviceSpill) {
  const known = gpus.peaks.find(({ device }) =>
    device.index === deviceIndex && device.uuid === deviceUuid
  );
  return {
    totalBytes: known?.device.totalBytes ?? null,
    baselineUsedBytes: known?.peak.baselineBytes ?? null,
    peakUsedBytes: known?.peak.peakBytes ?? null,
    peakUsedTMs: rounded(known?.peak.peakAtMs ?? null),
    source: known?.device.source ?? null,
  };
}

function perPid({ pid, name, used, shared, rss, state, startedAtMs }: ProcessHistory) {
  return {
    pid,
    name,
    baselineUsedBytes: used.baselineBytes,
    peakUsedBytes: used.peakBytes,
    baselineSharedBytes: shared.baselineBytes,
    peakSharedBytes: shared.peakBytes,
    baselineRssBytes: rss.baselineBytes,
    peakRssBytes: rss.peakBytes,
    peakUsedTMs: rounded(used.peakAtMs),
    peakRssTMs: rounded(rss.peakAtMs),
    state,
    startedAtMs,
  };
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}
