/** What the doctor found, as text and as a summary. Pure. */
import type { Failure } from "../errors.ts";
import { formatDuration } from "../format.ts";
import type { DoctorCall, Finding } from "../records.ts";
import { type SourceName, SOURCES } from "../sources.ts";
import { ramSource, sourcesHere } from "../system.ts";
import { escapeText } from "../text.ts";
import { wrap } from "./wrap.ts";

/** What cannot be measured, and what each source of it said. */
export interface Gap {
  readonly what: string;
  readonly failures: readonly Failure[];
}

/** What this machine can and can't measure. */
export interface DoctorSummary {
  readonly canMeasure: readonly string[];
  readonly cannotMeasure: readonly Gap[];
}

/** What is lost where none of the sources is there. */
const TOPICS: readonly { readonly what: string; readonly sources: readonly SourceName[] }[] = [
  { what: "RAM of processes and of the machine", sources: ["proc", "win32"] },
  { what: "proportional memory and command lines of processes", sources: ["proc_mm"] },
  {
    what: "GPUs, their memory and their processes",
    sources: ["nvml", "dxgi", "pdh", "nvidia_smi"],
  },
];

/** Sums the findings up. */
export function summarize(findings: readonly Finding[]): DoctorSummary {
  const answering = findings.filter((finding) => finding.present === true);
  // The runtime's own count is the stand-in for the system's, and adds nothing beside it.
  const hasRam = answering.some(({ source }) => source === ramSource());
  const present = answering.filter(({ source }) => !(hasRam && source === "runtime"));
  const here = sourcesHere();
  const gaps = TOPICS.filter(({ sources }) =>
    sources.some((source) => here.includes(source)) &&
    !present.some(({ source }) => sources.includes(source))
  );
  return {
    canMeasure: [...new Set(present.flatMap(({ measures }) => measures))],
    cannotMeasure: gaps.map(({ what, sources }) => ({
      what,
      failures: findings.filter(({ source }) => sources.includes(source))
        .flatMap(({ failures }) => failures),
    })),
  };
}

/** How the text may look. */
export interface DoctorLook {
  readonly columns: number;
  readonly color: boolean;
}

/** One block for each source, in the order given, and the summary. */
export function doctorText(findings: readonly Finding[], look: DoctorLook): string {
  const blocks = findings.map((finding) => findingText(finding, look));
  return [...blocks, summaryText(summarize(findings), look)].join("\n");
}

function findingText(finding: Finding, look: DoctorLook): string {
  const { source, path, version, calls, failures, advice, measures } = finding;
  const fields: [label: string, texts: readonly string[]][] = [
    ["path", path === null ? [] : [path]],
    ["version", version === null ? [] : [version]],
    ["calls", callTexts(calls)],
    ["problem", failures.map(({ message }) => message)],
    ["advice", advice],
    ["measures", measures.length === 0 ? [] : [measures.join(", ")]],
  ];
  const lines = fields.flatMap(([label, texts]) =>
    texts.map((text, i) => {
      const start = `  ${(i === 0 ? label : "").padEnd(8)}  `;
      return wrap(escapeText(text), look.columns, start);
    })
  );
  const title = `${paint(source, BOLD, look)}: ${stateText(finding, look)}`;
  // The title is wrapped bare: escape sequences take no columns.
  return `${title}\n${wrap(SOURCES[source].reads, look.columns, "  ")}${lines.join("")}`;
}

function stateText({ present, failures }: Finding, look: DoctorLook): string {
  if (present === null) return paint("not known", YELLOW, look);
  if (!present) return paint("not here", RED, look);
  return failures.length === 0
    ? paint("present", GREEN, look)
    : paint("present, with problems", YELLOW, look);
}

/** One text for each name and outcome of a call: with many GPUs, the same calls come again for each. */
function callTexts(calls: readonly DoctorCall[]): string[] {
  const groups = new Map<string, { call: DoctorCall; times: number; totalMs: number }>();
  for (const call of calls) {
    const key = JSON.stringify([call.name, call.outcome]);
    const group = groups.get(key) ?? { call, times: 0, totalMs: 0 };
    group.times += 1;
    group.totalMs += call.durationMs;
    groups.set(key, group);
  }
  return [...groups.values()].map(({ call, times, totalMs }) => {
    const many = times === 1 ? "" : ` × ${times}`;
    return `${call.name}${many}: ${call.outcome}, ${formatDuration(totalMs)}`;
  });
}

function summaryText({ canMeasure, cannotMeasure }: DoctorSummary, { columns }: DoctorLook) {
  const can = canMeasure.length === 0 ? "nothing" : canMeasure.join(", ");
  const lines = cannotMeasure.map(({ what, failures }) => {
    // The whole sentences stand above, with their sources.
    const codes = failures.map(({ source, code }) => source === null ? code : `${source}: ${code}`);
    const why = [...new Set(codes)].join(", ") || "not asked";
    return wrap(`cannot measure: ${what} (${why})`, columns);
  });
  return wrap(`This machine can measure: ${escapeText(can)}`, columns) + lines.join("");
}

const BOLD = 1;
const RED = 31;
const GREEN = 32;
const YELLOW = 33;

function paint(text: string, code: number, { color }: DoctorLook): string {
  return color ? `\x1b[${code}m${text}\x1b[0m` : text;
}
