/** What was recorded, and how the recording ended. Pure. */
import type { Analysis } from "../../analysis/records.ts";
import { counted, size, span, wallClock } from "../amount_text.ts";
import { type Block, type Inline, list, paragraph } from "../document.ts";

/** The facts, and what a reader should know about the files. */
export function header(analysis: Analysis): readonly Block[] {
  const { notices } = analysis;
  return [
    { kind: "facts", facts: facts(analysis) },
    ...(notices.length === 0
      ? []
      : [paragraph({ text: "About the files:", strong: true }), list(notices)]),
  ];
}

function facts(analysis: Analysis): (readonly [string, Inline])[] {
  const { startedAtMs, durationMs, intervalMs, host, command, devices, ramTotalBytes } = analysis;
  const gpus = devices.map(({ gpu, name, totalBytes }) =>
    `GPU ${gpu}: ${name ?? "name not known"}, ${size(totalBytes)}`
  );
  return [
    ["Began", wallClock(startedAtMs)],
    ["Lasted", `${span(durationMs)}, sampled every ${span(intervalMs)}`],
    ["Host", host ?? "not known"],
    ["GPUs", gpus.length === 0 ? "none was recorded" : gpus.join("; ")],
    ["RAM", size(ramTotalBytes)],
    ...(command === null ? [] : [["Command", command.join(" ")] as const]),
    ["Ended", ending(analysis)],
    ["Phases", counted(analysis.phases.length, "phase")],
    ["Files", analysis.files.map(baseName).join(", ") || "not known"],
  ];
}

function ending({ endedBy }: Analysis): Inline {
  return endedBy ?? {
    text: "not by itself: the recorder was killed, or is still running",
    tone: "caution",
  };
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
