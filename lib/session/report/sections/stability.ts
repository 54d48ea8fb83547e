/** Stability: does anything leak. Pure. */
import type { Analysis, GrowthReport } from "../../analysis/records.ts";
import type { GrowthVerdict } from "../../stats/growth.ts";
import { leastSlope, moment, probability, slope, span, UNKNOWN } from "../amount_text.ts";
import { type Block, type Inline, paragraph, table, type Tone } from "../document.ts";

const TONES: Readonly<Record<GrowthVerdict, Tone>> = {
  leak: "critical",
  step: "caution",
  sawtooth: "good",
  "warm-up": "good",
  stable: "good",
  "too-short": "unknown",
  "not-judged": "unknown",
};
/** The gravest first. */
const ORDER: readonly GrowthVerdict[] = [
  "leak",
  "step",
  "too-short",
  "warm-up",
  "sawtooth",
  "stable",
  "not-judged",
];

/** Of the verdicts within phases so many are read. */
const MOST_WITHIN = 25;

/** The section. */
export function stability({ growth }: Analysis): readonly Block[] {
  if (growth.length === 0) {
    return [paragraph("No memory that was measured changed at all: nothing grows.")];
  }
  const whole = growth.filter(({ phase }) => phase === null);
  const within = growth.filter(({ phase }) => phase !== null).toSorted((a, b) =>
    ORDER.indexOf(a.growth.verdict) - ORDER.indexOf(b.growth.verdict)
  );
  return [
    ...(whole.length === 0 ? [] : table(
      "Growth over the session",
      ["Memory", ...TITLES],
      whole.map((one) => [one.series.label, ...cells(one)]),
    )),
    ...(within.length === 0 ? [] : table(
      "Growth within phases, and from one repetition of a phase to the next",
      ["Memory", "Phase", ...TITLES],
      within.map((one) => [one.series.label, phaseOf(one), ...cells(one)]),
      MOST_WITHIN,
    )),
    paragraph(
      "The slope is that of the levels a series comes back to (its lower envelope), with the " +
        "confidence interval. A leak that is smaller than what would have shown can't be told from " +
        "none in a recording of this length.",
    ),
  ];
}

const TITLES = [
  "Verdict",
  "Slope #",
  "Interval #",
  "p #",
  "Would have shown #",
  "Time to the limit #",
  "Why",
];

function cells({ growth }: GrowthReport): Inline[] {
  const { slopeLow, slopeHigh, timeToLimitMs } = growth;
  const interval = slopeLow === null || slopeHigh === null
    ? UNKNOWN
    : `${slope(slopeLow)} to ${slope(slopeHigh)}`;
  return [
    { text: growth.verdict, tone: TONES[growth.verdict] },
    slope(growth.slopeBytesPerHour),
    interval,
    probability(growth.p),
    leastSlope(growth.minimumDetectableBytesPerHour),
    timeToLimitMs === null ? "-" : timeToLimitMs === 0 ? "reached" : span(timeToLimitMs),
    growth.reason,
  ];
}

function phaseOf({ phase, basis, startMs }: GrowthReport): string {
  return basis === "repetitions" ? `each ${phase}` : `${phase} at ${moment(startMs)}`;
}
