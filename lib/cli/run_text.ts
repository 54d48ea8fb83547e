/** What a run took, as text. Pure. */
import type { Failure } from "../errors.ts";
import { formatDuration, formatSize, roundHalfEven } from "../format.ts";
import type { Bytes } from "../records.ts";
import type { RunGpu, RunMoment, RunProcess, RunReport } from "../run/report.ts";
import { escapeText } from "../text.ts";
import { areAllAbsent, reasons } from "./failures.ts";
import { sparkline } from "./sparkline.ts";

const PREFIX = "hmn run: ";
const INDENT = " ".repeat(PREFIX.length);
const CURVE_WIDTH = 40;

/** The report for people: one fact a line. `moments` are drawn. */
export function runText(report: RunReport, moments: readonly RunMoment[]): string {
  const { processCount, processes, leftRunning } = report;
  const lines = [
    headline(report),
    ["peak RAM", ramText(report, moments)],
    ...report.cgroupPeakBytes === null
      ? []
      : [["cgroup", `${formatSize(report.cgroupPeakBytes)} at most, page cache included`]],
    ...(report.peakSwapBytes ?? 0) === 0
      ? []
      : [["swapped", `${formatSize(report.peakSwapBytes)} at most`]],
    ["peak VRAM", vramText(report, moments)],
    ...report.gpus.length > 1 ? report.gpus.map(gpuLine) : [],
    ...processes.map((process, i) => [
      i > 0 ? "" : processCount > processes.length ? `${processCount} procs` : "processes",
      processText(process),
    ]),
    ...leftRunning === 0 ? [] : [["left", `${leftRunning} still running`]],
    ...notTold(report).map((text, i) => [i > 0 ? "" : "not told", text]),
  ];
  return lines.map((line, i) => {
    const text = typeof line === "string" ? line : `${line[0]!.padEnd(10)} ${line[1]}`;
    return `${i === 0 ? PREFIX : INDENT}${text}`.trimEnd() + "\n";
  }).join("");
}

function headline(report: RunReport): string {
  const { exitCode, signal, durationMs, samples, missedSamples, intervalMs } = report;
  const end = signal === null ? `exit code ${exitCode}` : `ended by ${signal}`;
  const missed = missedSamples === 0 ? "" : `, ${missedSamples} missed`;
  const noun = samples === 1 ? "sample" : "samples";
  return `${end} after ${formatDuration(durationMs)}, ` +
    `${samples} ${noun} every ${formatDuration(intervalMs)}${missed}`;
}

function ramText(report: RunReport, moments: readonly RunMoment[]): string {
  const { peakRamBytes, peakRamElapsedMs, peakRamSource } = report;
  if (peakRamBytes === null) {
    const system = report.failures.filter(({ source, code }) =>
      source === "proc" || code === "slow"
    );
    const unread = system.filter((failure) => !isCgroupRefused(failure));
    return `not known: ${
      unread.length > 0 ? reasons(unread) : "it ended before it could be looked at"
    }`;
  }
  const note = peakRamSource === "sum_rss"
    ? at(peakRamElapsedMs)
    : " in one process, between two samples";
  return `${formatSize(peakRamBytes)}${note}${curve(moments.map(({ ramBytes }) => ramBytes))}`;
}

function vramText(report: RunReport, moments: readonly RunMoment[]): string {
  const { gpus, peakVramBytes, peakVramElapsedMs } = report;
  const only = gpus.length === 1 ? gpus[0]! : null;
  if (peakVramBytes === null) return `not known: ${whyNoVram(report)}`;
  const size = only === null ? "" : ofTotal(only.totalBytes);
  const drawn = peakVramBytes === 0 ? "" : curve(moments.map(({ vramBytes }) => vramBytes));
  const when = peakVramBytes === 0 ? "" : at(peakVramElapsedMs);
  return `${formatSize(peakVramBytes)}${size}${when}${drawn}`;
}

function whyNoVram({ gpus, failures }: RunReport): string {
  const driver = failures.filter(isOfDriver);
  if (gpus.length > 0) {
    return driver.length > 0
      ? reasons(driver)
      : "the driver does not tell what the run's processes hold";
  }
  if (driver.length === 0) return "it ended before the GPUs could be looked at";
  return areAllAbsent(driver) ? "there is no GPU here" : reasons(driver);
}

function isOfDriver({ source }: Failure): boolean {
  return source === "nvml" || source === "nvidia_smi";
}

function gpuLine(gpu: RunGpu): readonly string[] {
  const name = gpu.deviceName === null ? "" : ` [${escapeText(gpu.deviceName)}]`;
  const peak = `${formatSize(gpu.peakVramBytes)}${ofTotal(gpu.totalBytes)}`;
  return [`GPU ${gpu.deviceIndex}`, `${peak}${at(gpu.peakVramElapsedMs)}${name}`];
}

function processText({ pid, name, peakRssBytes, peakVramBytes }: RunProcess): string {
  const vram = peakVramBytes === null || peakVramBytes === 0
    ? ""
    : `, VRAM ${formatSize(peakVramBytes)}`;
  return `${pid} ${escapeText(name ?? "?")}: RAM ${formatSize(peakRssBytes)}${vram}`;
}

/** What failed and is not said in the line about VRAM. */
function notTold(report: RunReport): string[] {
  const { failures, peakVramBytes } = report;
  const isSaid = (failure: Failure) =>
    isOfDriver(failure) && (peakVramBytes === null || failure.code === "absent");
  const rest = failures.filter((failure) => !isSaid(failure) && !isCgroupRefused(failure));
  return rest.map((failure) => reasons([failure]));
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
