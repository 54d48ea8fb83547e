/** What spill trackers found, as the original tells it. Pure. */
import type { Failure } from "../errors.ts";
import { formatSize, roundHalfEven } from "../format.ts";
import type { DeviceInfo } from "../records.ts";
import type { SpillEpisode, SpillReport } from "../spill_report.ts";
import type { DeviceSpill } from "../spill_devices.ts";
import { isWindows } from "../system.ts";
import { escapeText } from "../text.ts";
import { areAllAbsent, reasons } from "./failures.ts";

/** `+12.4s` */
export function timeLabel(elapsedMs: number): string {
  return `+${seconds(elapsedMs)}`;
}

function seconds(ms: number): string {
  return `${roundHalfEven(ms / 1000, 1)}s`;
}

/** The original's three lines, behind `hmn spill` or another prefix. */
export function spillBlock(prefix: string, report: SpillReport): string {
  const { peakDedicatedBytes, dedicatedLimitBytes, peakSharedBytes, baselineSharedBytes } = report;
  const limit = dedicatedLimitBytes === null ? "" : ` / ${formatSize(dedicatedLimitBytes)}`;
  const indent = " ".repeat(11);
  return `${prefix}: peak dedicated ${formatSize(peakDedicatedBytes)}${limit}\n` +
    `${indent}peak shared    ${formatSize(peakSharedBytes)} ` +
    `(baseline ${formatSize(baselineSharedBytes)})\n` +
    `${indent}episodes       ${episodesText(report)}\n` +
    causesText(report).map((text) => `${indent}caused by      ${text}\n`).join("");
}

/** Less than this is not worth a word. */
const LEAST_BYTES = 1024 ** 2;

/** `python.exe (4242) +3.1 GiB, unexplained +0.2 GiB`, of the episode that was highest; none where nobody tells it. */
export function causesText({ episodes }: Pick<SpillReport, "episodes">): string[] {
  const told = episodes.filter(({ processes }) => processes !== null);
  if (told.length === 0) return [];
  const highest = told.reduce((a, b) => b.peakSharedBytes > a.peakSharedBytes ? b : a);
  const unexplained = highest.unexplainedBytes ?? 0;
  return [[
    ...highest.processes!.map(({ pid, name, grownBytes }) =>
      `${name === null ? "?" : escapeText(name)} (${pid}) +${formatSize(grownBytes)}`
    ),
    ...unexplained < LEAST_BYTES ? [] : [`unexplained +${formatSize(unexplained)}`],
  ].join(", ")];
}

/** How often and how long: `1 — total 13.1s, longest 13.1s, first +2.0s into run`. */
export function episodesText(report: SpillReport): string {
  const { episodes, longestEpisode, totalSpillDurationMs } = report;
  const first = episodes[0];
  if (first === undefined || longestEpisode === null) return "0 — no spill observed";
  const start = `first ${first.startLabel} into run`;
  // An episode seen once lasted some time that nobody knows; 0.0 s would say that there was none.
  if (totalSpillDurationMs === 0) {
    const what = episodes.length === 1 ? "seen in one sample" : "each seen in one sample";
    return `${episodes.length} — ${what}, ${start}`;
  }
  return `${episodes.length} — total ${seconds(totalSpillDurationMs)}, ` +
    `longest ${seconds(longestEpisode.durationMs)}, ${start}`;
}

/** One block for each device that could be measured; the device is named where there are several. */
export function spillBlocks(prefix: string, spills: readonly DeviceSpill[]): string {
  return spills.filter(({ report }) => report.measurable).map(({ deviceIndex, report }) =>
    spillBlock(spills.length === 1 ? prefix : `${prefix} GPU ${deviceIndex}`, report)
  ).join("");
}

/** What the drivers have told so far. */
export interface DriverWord {
  readonly devices: readonly DeviceInfo[];
  readonly failures: readonly Failure[];
  /** There was an answer. */
  readonly answered: boolean;
}

/** Why nothing can be said about spilling, in one sentence without a full stop. */
export function whyNotMeasurable({ devices, failures, answered }: DriverWord): string {
  if (devices.length === 0) {
    if (failures.length > 0 && !areAllAbsent(failures)) {
      return `no GPU was seen: ${reasons(failures)}`;
    }
    return answered ? "there is no GPU here" : "the drivers have not answered";
  }
  if (isWindows()) {
    return "Windows' counters of GPU memory were not read" +
      (failures.length > 0 ? `: ${reasons(failures)}` : "; hmn doctor tells why");
  }
  return "the driver does not tell how much of the system's memory a GPU uses; NVIDIA's driver on Linux " +
    "moves nothing there by itself, an allocation that does not fit fails";
}

/** The keys of the original, in its order. */
export function spillRecord(report: SpillReport) {
  return {
    measurable: report.measurable,
    spilled: report.measurable ? report.spilled : null,
    observations: report.observations,
    baselineSharedBytes: report.baselineSharedBytes,
    peakSharedBytes: report.peakSharedBytes,
    peakDedicatedBytes: report.peakDedicatedBytes,
    dedicatedLimitBytes: report.dedicatedLimitBytes,
    totalSpillDurationMs: report.measurable ? Math.round(report.totalSpillDurationMs) : null,
    episodes: report.episodes.map(episodeRecord),
  };
}

function episodeRecord(episode: SpillEpisode) {
  return { ...episode, durationMs: Math.round(episode.durationMs) };
}

/** The same for one of several devices. */
export function deviceSpillRecord({ report, ...device }: DeviceSpill) {
  return { ...device, ...spillRecord(report) };
}
