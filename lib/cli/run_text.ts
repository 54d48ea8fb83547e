/** What a run took, as text. Pure. */
import type { Failure } from "../errors.ts";
import { formatDuration, formatSize, roundHalfEven } from "../format.ts";
import type { Bytes } from "../records.ts";
import type { RunGpu, RunMoment, RunProcess, RunReport } from "../run/report.ts";
import { escapeText } from "../text.ts";
import { areAllAbsent, reasons } from "./failures.ts";
import { sparkline } from "./sparkline.ts";
import { causesText, episodesText } from "./spill_text.ts";

const PREFIX = "hmn run: ";
const INDENT = " ".repeat(PREFIX.length);
const CURVE_WIDTH = 40;

/** What the text needs beside the report. */
export interface RunFacts {
  /** The history, for the curves. */
  readonly moments: readonly RunMoment[];
  /** Those of the report's failures that are about the GPUs. */
  readonly gpuFailures: readonly Failure[];
}

/** The report for people: one fact a line. */
export function runText(report: RunReport, facts: RunFacts): string {
  const { processCount, processes, leftRunning, cgroupPeakBytes, peakSwapBytes } = report;
  const more = processCount > processes.length ? `${processCount} seen` : "processes";
  const lines: (readonly [label: string, text: string])[] = [
    ["peak RAM", ramText(report, facts)],
    ...optional("cgroup", cgroupPeakBytes, "at most, page cache included"),
    ...optional("swapped", peakSwapBytes || null, "at most"),
    ["peak VRAM", vramText(report, facts)],
    ...report.gpus.length > 1 ? report.gpus.map(gpuLine) : [],
    ...report.gpus.flatMap((gpu) => spillLines(gpu, report.gpus.length)),
    ...processes.map((process, i) => [i > 0 ? "" : more, processText(process)] as const),
    ...leftRunning === 0 ? [] : [["left", `${leftRunning} still running`] as const],
    ...notTold(report, facts).map((text, i) => [i > 0 ? "" : "not told", text] as const),
  ];
  return `${PREFIX}${headline(report)}\n` +
    lines.map(([label, text]) => `${INDENT}${label.padEnd(10)} ${text}\n`).join("");
}

function optional(label: string, bytes: Bytes, note: string): (readonly [string, string])[] {
  return bytes === null ? [] : [[label, `${formatSize(bytes)} ${note}`]];
}

function headline(report: RunReport): string {
  const { exitCode, signal, durationMs, samples, missedSamples, intervalMs } = report;
  const end = signal === null ? `exit code ${codeText(exitCode)}` : `ended by ${signal}`;
  const missed = missedSamples === 0 ? "" : `, ${missedSamples} missed`;
  const noun = samples === 1 ? "sample" : "samples";
  return `${end} after ${formatDuration(durationMs)}, ` +
    `${samples} ${noun} every ${formatDuration(intervalMs)}${missed}`;
}

/** Windows' codes of a crash mean something in hex alone. */
function codeText(exitCode: number): string {
  return exitCode >= 2 ** 31 ? `0x${exitCode.toString(16)}` : String(exitCode);
}

function ramText(report: RunReport, { moments, gpuFailures }: RunFacts): string {
  const { peakRamBytes, peakRamElapsedMs, peakRamSource } = report;
  if (peakRamBytes === null) {
    const unread = report.failures.filter((failure) =>
      !gpuFailures.includes(failure) && !isCgroupRefused(failure)
    );
    const why = unread.length > 0 ? reasons(unread) : "it ended before it could be looked at";
    return `not known: ${why}`;
  }
  const note = peakRamSource === "sum_rss"
    ? at(peakRamElapsedMs)
    : " in one process, between two samples";
  return `${formatSize(peakRamBytes)}${note}${curve(moments.map(({ ramBytes }) => ramBytes))}`;
}

function vramText(report: RunReport, { moments, gpuFailures }: RunFacts): string {
  const { gpus, peakVramBytes, peakVramElapsedMs } = report;
  const only = gpus.length === 1 ? gpus[0]! : null;
  if (peakVramBytes === null) return `not known: ${whyNoVram(report, gpuFailures)}`;
  const size = only === null ? "" : ofTotal(only.totalBytes);
  const drawn = peakVramBytes === 0 ? "" : curve(moments.map(({ vramBytes }) => vramBytes));
  const when = peakVramBytes === 0 ? "" : at(peakVramElapsedMs);
  return `${formatSize(peakVramBytes)}${size}${when}${drawn}`;
}

function whyNoVram({ gpus }: RunReport, failures: readonly Failure[]): string {
  if (failures.length === 0) {
    return gpus.length > 0
      ? "the driver does not tell what the run's processes hold"
      : "it ended before the GPUs could be looked at";
  }
  return gpus.length === 0 && areAllAbsent(failures) ? "there is no GPU here" : reasons(failures);
}

function gpuLine(gpu: RunGpu): readonly [string, string] {
  const name = gpu.deviceName === null ? "" : ` [${escapeText(gpu.deviceName)}]`;
  const peak = `${formatSize(gpu.peakVramBytes)}${ofTotal(gpu.totalBytes)}`;
  return [`GPU ${gpu.deviceIndex}`, `${peak}${at(gpu.peakVramElapsedMs)}${name}`];
}

/** Nothing where it did not spill, or that is not known. */
function spillLines({ deviceIndex, spill }: RunGpu, gpuCount: number): [string, string][] {
  if (spill === null || !spill.spilled) return [];
  const where = gpuCount === 1 ? "" : `GPU ${deviceIndex}: `;
  return [
    ["spilled", `${where}${episodesText(spill)}`],
    ...causesText(spill).map((text): [string, string] => ["", `caused by ${text}`]),
  ];
}

function processText({ pid, name, peakRssBytes, peakVramBytes }: RunProcess): string {
  const vram = peakVramBytes === null || peakVramBytes === 0
    ? ""
    : `, VRAM ${formatSize(peakVramBytes)}`;
  return `${pid} ${escapeText(name ?? "?")}: RAM ${formatSize(peakRssBytes)}${vram}`;
}

/** What failed and is not said in the line about VRAM. */
function notTold({ failures, peakVramBytes }: RunReport, { gpuFailures }: RunFacts): string[] {
  return failures.filter((failure) => {
    const isSaid = gpuFailures.includes(failure) &&
      (peakVramBytes === null || failure.code === "absent");
    return !isSaid && !isCgroupRefused(failure);
  }).map((failure) => reasons([failure]));
}

/** A cgroup is a gift where it can be had; that it can't is no fault. */
function isCgroupRefused({ message }: Failure): boolean {
  return message.includes("in a cgroup of its own");
}

function ofTotal(bytes: Bytes): string {
  return bytes === null ? "" : ` / ${formatSize(bytes)}`;
}

function at(elapsedMs: number | null): string {
  return elapsedMs === null ? "" : ` at +${roundHalfEven(elapsedMs / 1000, 1)}s`;
}

function curve(values: readonly Bytes[]): string {
  return values.length < 2 ? "" : `  ${sparkline(values, CURVE_WIDTH)}`;
}
