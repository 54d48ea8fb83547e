/** Scaling predictions: how many more of this workload fit, and for how long. Pure. */
import type { Analysis, Scaling } from "../../analysis/records.ts";
import { size, span, UNKNOWN } from "../amount_text.ts";
import { type Block, paragraph, table } from "../document.ts";

/** The section. */
export function scaling({ scaling, growth }: Analysis): readonly Block[] {
  if (scaling.length === 0) {
    return [paragraph("Nothing that has a known limit was measured, so nothing can be predicted.")];
  }
  return [
    ...table(
      "How many more of the largest load fit",
      [
        "Memory",
        "Limit #",
        "Peak #",
        "One more takes #",
        "More fit #",
        "More fit below critical #",
        "Time to the limit #",
        "Remark",
      ],
      scaling.map((one) => cells(one, growth)),
    ),
    paragraph(
      "One more takes the largest load step that was seen, or, where there was none, the peak less " +
        "the level before. It is a prediction for the same kind of load, not a promise.",
    ),
  ];
}

function cells(one: Scaling, growth: Analysis["growth"]): string[] {
  const { series, limitBytes, peakBytes, unitBytes, unitSource, moreFit, moreFitSafely, note } =
    one;
  const source = unitSource === "peak_less_baseline" ? " (peak less baseline)" : "";
  return [
    series.label,
    size(limitBytes),
    size(peakBytes),
    `${size(unitBytes)}${source}`,
    moreFit === null ? UNKNOWN : String(moreFit),
    moreFitSafely === null ? UNKNOWN : String(moreFitSafely),
    timeToLimit(one, growth),
    note ?? "",
  ];
}

function timeToLimit(
  { series, timeToLimitMs, timeToLimitLowMs, timeToLimitHighMs }: Scaling,
  growth: Analysis["growth"],
): string {
  if (timeToLimitMs === null) {
    const whole = growth.find((one) => one.series.id === series.id && one.phase === null);
    const verdict = whole?.growth.verdict ?? "too-short";
    return verdict === "too-short" || verdict === "not-judged" ? UNKNOWN : "it does not grow";
  }
  if (timeToLimitMs === 0) return "it is reached";
  const low = timeToLimitLowMs === null ? UNKNOWN : span(timeToLimitLowMs);
  const high = timeToLimitHighMs === null ? "maybe never" : span(timeToLimitHighMs);
  return `${span(timeToLimitMs)} (${low} to ${high})`;
}
