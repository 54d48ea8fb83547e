/** How to read the numbers. Pure. */
import { type Block, list } from "../document.ts";

/** The section. */
export function reading(): readonly Block[] {
  return [list([
    "A ? stands for what is not known, a - for what does not apply; 0 is a measurement. What is not " +
    "known is in no mean and no quantile.",
    "Sizes are in units of 1024: 1 GiB is 1024 MiB. Moments are hours:minutes:seconds since the " +
    "recording began.",
    "Means are weighted by time; p50, p95 and p99 are quantiles of the samples: 95 % of them are at " +
    "p95 or below.",
    "The peak is the highest sample. What rises and falls between two samples is not seen.",
    "GPU memory in use counts all processes, without the driver's reserve. RAM of a group is the sum " +
    "of its processes' resident memory, in which shared pages count for each.",
    "Load spike: from the level at the start of a phase to its highest. Kept: its level at the end " +
    "less that at its start.",
    "Explained by phases: the share of a series' variation that lies between phases and not within " +
    "them (eta squared). Pearson and Spearman: from -1 (one rises as the other falls) by 0 to 1.",
    "Verdicts of stability: leak, it grows without end; step, it rose once and stayed; warm-up, it " +
    "rose at first; sawtooth, it rises and is given back; stable; too-short, nothing can be told; not-judged, the number " +
    "grows by itself, as Windows' count of a process's GPU memory does. A p below 0.01 counts as growth.",
  ])];
}
