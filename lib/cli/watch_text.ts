/** The sentences of a watch: what it watches, what happened, and what there is to say at the end. Pure. */
import { formatSize } from "../format.ts";
import type { Bytes, DeviceInfo } from "../records.ts";
import { escapeText } from "../text.ts";
import type { ProcessHistory } from "../watch/history.ts";
import type { Selected, Selection } from "../watch/select.ts";
import type { WatchEvent } from "../watch/records.ts";
import type { Watcher } from "../watch/watcher.ts";
import { sparkline } from "./sparkline.ts";
import { spillBlocks, timeLabel } from "./spill_text.ts";
import { renderTable } from "./table.ts";

const PREFIX = "hmn watch";

/** How the watch is set up, for its first line. */
export interface BannerFacts {
  /** The GPUs; `null`: the drivers have not answered. */
  readonly devices: readonly DeviceInfo[] | null;
  readonly intervalMs: number;
  readonly selection: Selection;
  /** PIDs were given. */
  readonly isExplicit: boolean;
  readonly followNew: boolean;
  readonly match: string | null;
  readonly top: number;
}

/** `hmn watch: device 0 [name], interval 3.0s, watching 5 PID(s) (top 5 by committed)` */
export function bannerText(facts: BannerFacts): string {
  const { intervalMs, selection, isExplicit, followNew, match, top } = facts;
  const count = selection.processes.length;
  const by = selection.by === "ram" ? "RAM" : "committed";
  const named = match === null ? "" : ` named ${JSON.stringify(escapeText(match))}`;
  const more = selection.fitting > count ? ` of ${selection.fitting}` : "";
  const what = followNew
    ? `following top ${top}${named} by ${by} (re-selected every interval), ${count} initially`
    : isExplicit
    ? `watching ${count} PID(s)`
    : `watching ${count} PID(s) (top ${top}${more}${named} by ${by})`;
  const every = intervalMs < 100 ? `${intervalMs}ms` : seconds(intervalMs);
  return `${PREFIX}: ${devicesText(facts.devices)}, interval ${every}, ${what}\n`;
}

function seconds(ms: number): string {
  return timeLabel(ms).slice(1);
}

function devicesText(devices: readonly DeviceInfo[] | null): string {
  if (devices === null) return "GPUs not known yet";
  if (devices.length === 0) return "no GPU";
  if (devices.length > 1) return `${devices.length} devices`;
  const { index, name } = devices[0]!;
  return `device ${index}${name === null ? "" : ` [${escapeText(name)}]`}`;
}

/** Said where nothing was selected and new work is waited for. */
export function waitingText(devices: readonly DeviceInfo[], top: number): string {
  return `${PREFIX} found no GPU processes on ${
    devicesText(devices)
  } yet (top ${top} by committed); ` +
    "waiting for work to appear\n";
}

/** Said where RAM takes the place of GPUs that nobody uses. */
export function idleText(devices: readonly DeviceInfo[], top: number): string {
  return `${PREFIX} found no GPU processes on ${
    devicesText(devices)
  } to auto-select (top ${top}); ` +
    "watching the largest by RAM\n";
}

/** Said where some of the PIDs given are no processes. */
export function missingText(pids: readonly number[]): string {
  const verb = pids.length === 1 ? "does" : "do";
  return `${PREFIX}: ${
    pids.map((pid) => `pid=${pid}`).join(", ")
  } ${verb} not exist; watching the others\n`;
}

/** Said once where spilling can't be measured. */
export function unmeasurableText(why: string): string {
  return `${PREFIX}: spill is not measurable here: ${why}\n`;
}

/** One event as a line. */
export function eventText(event: WatchEvent, elapsedMs: number): string {
  const time = timeLabel(elapsedMs);
  switch (event.event) {
    case "exited":
      return `${PREFIX}: ${time} pid=${event.pid}${inParentheses(event.name)} exited\n`;
    case "pid_reused":
      return `${PREFIX}: ${time} pid=${event.pid}${
        inParentheses(event.name)
      } exited, and the OS gave its PID ` +
        `to another process${inParentheses(event.newName)}, which is not watched\n`;
    case "followed":
      return `${PREFIX}: ${time} followed set changed: ${followedText(event)}\n`;
    case "grew_unnamed":
      return `${PREFIX}: unresolved pid=${event.pid} grew +${
        formatSize(event.grownBytes)
      } since attach — ` +
        "re-run elevated to identify\n";
  }
}

function followedText({ entered, left }: Extract<WatchEvent, { event: "followed" }>): string {
  const list = (word: string, processes: readonly Selected[]) =>
    processes.length === 0 ? [] : [
      `${word} ${processes.map(({ pid, name }) => `pid=${pid}${inParentheses(name)}`).join(", ")}`,
    ];
  return [...list("entered", entered), ...list("left", left)].join("; ");
}

function inParentheses(name: string | null): string {
  return name === null ? "" : ` (${escapeText(name)})`;
}

/** Said at the end: spilling where it could be measured, the peaks of GPUs and of each process. */
export function summaryText(watcher: Watcher, elapsedMs: number): string {
  const { samples, failedSamples } = watcher;
  const failed = failedSamples === 0 ? "" : `, ${failedSamples} failed`;
  const noun = samples === 1 ? "sample" : "samples";
  return spillBlocks(PREFIX, watcher.gpus.spills.reports()) +
    `${PREFIX}: ${samples} ${noun} in ${seconds(elapsedMs)}${failed}\n` +
    watcher.gpus.peaks.map(({ device, peak }) => {
      const total = device.totalBytes === null ? "" : ` / ${formatSize(device.totalBytes)}`;
      const name = device.name === null ? "" : ` [${escapeText(device.name)}]`;
      const when = peak.peakAtMs === null ? "" : ` at ${timeLabel(peak.peakAtMs)}`;
      return `${PREFIX}: GPU ${device.index}${name}: peak used ${
        known(peak.peakBytes)
      }${total}${when}\n`;
    }).join("") + processTable(watcher.histories);
}

const LEAD = "hmn watch: per-PID  ";

function processTable(histories: readonly ProcessHistory[]): string {
  if (histories.length === 0) return "";
  const hasShared = histories.some(({ shared }) => shared.observations > 0);
  const headers = [
    "PID",
    "NAME",
    "BASELINE COMMIT",
    "PEAK COMMIT",
    ...hasShared ? ["BASELINE SHARED", "PEAK SHARED"] : [],
    "BASELINE RAM",
    "PEAK RAM",
    "STATE",
  ];
  const rows = histories.map(({ pid, name, used, shared, rss, state }) => [
    String(pid),
    name ?? "?",
    known(used.baselineBytes),
    known(used.peakBytes),
    ...hasShared ? [known(shared.baselineBytes), known(shared.peakBytes)] : [],
    known(rss.baselineBytes),
    known(rss.peakBytes),
    state,
  ]);
  return renderTable(headers, rows).split("\n").filter((line) => line !== "").map((line, i) =>
    `${i === 0 ? LEAD : " ".repeat(LEAD.length)}${line.trimEnd()}\n`
  ).join("");
}

function known(bytes: Bytes): string {
  return bytes === null ? "-" : formatSize(bytes);
}

/** The curve of a process: its memory on GPUs where it has any, else its RAM. */
export function historyCurve({ curve, used }: ProcessHistory, width: number): string {
  const onGpu = (used.peakBytes ?? 0) > 0;
  const values = curve.slice(-width).map(({ usedBytes, rssBytes }) => onGpu ? usedBytes : rssBytes);
  return sparkline(values, width);
}
