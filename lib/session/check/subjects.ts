/**
 * Which series the limits are about. Pure.
 *
 * What was watched (the recorded command, groups, processes) counts where there is any of it, each by itself; else the
 * machine: its RAM, and the memory in use on all GPUs together. Nothing takes the place of something watched of which a
 * number is not known: that can't be measured, and says so.
 */
import type { Analysis, SeriesStats } from "../analysis/records.ts";

/** What is counted. */
export type Counted =
  | { readonly kind: "machine" }
  | { readonly kind: "watched"; readonly targets: readonly string[] };

/** One subject of a limit. */
export interface Subject {
  readonly label: string;
  /** `null`: nothing of it is known. */
  readonly stats: SeriesStats | null;
}

/** The watched groups and processes of a recording. */
export function targetsOf({ series }: Analysis): readonly string[] {
  return series.flatMap(({ series: { id } }) => id.startsWith("rss:") ? [id.slice(4)] : []);
}

/** What limits are about: what was watched, or the machine where nothing was. */
export function countedOf(analysis: Analysis): Counted {
  const targets = targetsOf(analysis);
  return targets.length === 0 ? { kind: "machine" } : { kind: "watched", targets };
}

/** In a sentence. */
export function countedText(counted: Counted): string {
  return counted.kind === "machine"
    ? "the whole machine counts"
    : `what was watched counts, each by itself: ${counted.targets.join(", ")}`;
}

/** The subjects of a limit on GPU memory or RAM. */
export function subjectsOf(
  analysis: Analysis,
  counted: Counted,
  of: "vram" | "ram",
): readonly Subject[] {
  if (counted.kind === "machine") return [machine(analysis, of)];
  return counted.targets.map((target) => ({
    label: of === "ram" ? `RAM of ${target}` : `GPU memory of ${target}`,
    stats: find(analysis, of === "ram" ? `rss:${target}` : vramIdOf(analysis, target)),
  }));
}

function machine(analysis: Analysis, of: "vram" | "ram"): Subject {
  if (of === "ram") return { label: "RAM of the machine", stats: find(analysis, "ram") };
  const [only, ...others] = deviceIds(analysis);
  if (only === undefined) return { label: "GPU memory", stats: null };
  return others.length === 0
    ? { label: find(analysis, only)?.series.label ?? "GPU memory", stats: find(analysis, only) }
    : { label: "Memory of all GPUs", stats: find(analysis, "vram:all") };
}

/** The series of the GPUs themselves. */
export function deviceIds({ devices }: Analysis): readonly string[] {
  return devices.map(({ gpu }) => `vram:gpu${gpu}`);
}

/** A watched group may be called like a GPU; then its series is the second of that name. */
function vramIdOf(analysis: Analysis, target: string): string {
  const id = `vram:${target}`;
  const isTaken = deviceIds(analysis).includes(id) ||
    (target === "all" && analysis.devices.length > 1);
  return isTaken ? `${id}#2` : id;
}

function find({ series }: Analysis, id: string): SeriesStats | null {
  return series.find((one) => one.series.id === id) ?? null;
}
