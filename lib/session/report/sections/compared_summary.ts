/** The conclusions of a comparison. Pure. */
import type { Compared, Comparison } from "../../analysis/comparison.ts";
import type { SeriesId } from "../../analysis/records.ts";
import { amount, share, signedAmount } from "../amount_text.ts";
import type { Verdict } from "../document.ts";

/** Less is noise from one run to the next. */
const LEAST_CHANGE = 0.05;
/** Less memory is not worth a word. */
const LEAST_BYTES = 64 * 2 ** 20;

/** B takes clearly more memory than A. */
export function isWorse({ unit }: SeriesId, { a, difference }: Compared): boolean {
  if (unit !== "bytes" || a === null || difference === null) return false;
  return difference >= LEAST_BYTES && difference >= LEAST_CHANGE * a;
}

/** What became of the peaks: more memory first, then less. */
export function comparedVerdicts({ series }: Comparison): readonly Verdict[] {
  const memory = series.filter(({ series }) => series.unit === "bytes");
  const told = memory.flatMap(({ series, peak }): Verdict[] => {
    if (isWorse(series, peak)) return [{ tone: "caution", text: sentence(series, peak, "higher") }];
    const isBetter = isWorse(series, {
      a: peak.b,
      b: peak.a,
      difference: peak.difference === null ? null : -peak.difference,
      ratio: null,
    });
    return isBetter ? [{ tone: "good", text: sentence(series, peak, "lower") }] : [];
  });
  if (memory.length === 0) return [{ tone: "unknown", text: "No memory was measured in both" }];
  if (told.length === 0) {
    const known = memory.some(({ peak }) => peak.difference !== null);
    return [
      known
        ? { tone: "good", text: "No peak changed by 5 % or more (and 64 MiB or more)" }
        : { tone: "unknown", text: "No peak is known in both" },
    ];
  }
  return told.toSorted((a, b) => Number(a.tone === "good") - Number(b.tone === "good"));
}

function sentence({ label, unit }: SeriesId, peak: Compared, how: string): string {
  const ratio = peak.ratio === null ? "" : `, ${share(Math.abs(peak.ratio - 1))}`;
  return `${label}: the peak of B is ${how}: ${amount(peak.b, unit)} instead of ` +
    `${amount(peak.a, unit)} (${signedAmount(peak.difference, unit)}${ratio})`;
}
