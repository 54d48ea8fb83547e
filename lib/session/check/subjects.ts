/** What a rule about memory is measured on. Pure. */
import type { Analysis, SeriesStats } from "../analysis/records.ts";
import { COMMAND_TARGET } from "../look/targets.ts";

/**
 * The series that stand for the workload: those of the recorded command where there is one, else of each watched
 * group, else the machine's RAM or each of its GPUs. A workload of whose GPU memory nothing is known is held to the
 * GPUs', because its own is part of that.
 */
export function subjectsOf({ series }: Analysis, of: "ram" | "vram"): readonly SeriesStats[] {
  const prefix = of === "ram" ? "rss:" : "vram:";
  const isTarget = ({ series: { id } }: SeriesStats) =>
    id.startsWith(prefix) && !/^vram:(?:gpu\d+|all)(?:#|$)/.test(id);
  const isKnown = ({ samples }: SeriesStats) => samples > 0;
  const targets = series.filter(isTarget);
  const command = targets.filter(({ series: { id } }) => id === `${prefix}${COMMAND_TARGET}`);
  const machine = series.filter(({ series: { id } }) =>
    of === "ram" ? id === "ram" : /^vram:gpu\d+(?:#|$)/.test(id)
  );
  return [command, targets].find((some) => some.some(isKnown)) ?? machine;
}
