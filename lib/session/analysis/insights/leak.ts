/** Memory that grows and does not come back. Pure. */
import type { GrowthReport, Insight } from "../records.ts";
import { formatPrecise } from "../../../format.ts";
import { type FindInsights, time } from "./context.ts";

/** A limit nearer than this makes it urgent … */
const URGENT_MS = 24 * 3_600_000;
/** … unless it is further away than so many times what was seen of the growth: that far nobody can look ahead. */
const LOOK_AHEAD = 20;

/** `leak`: the verdict of a series is a leak, over the session, from repetition to repetition, or within a phase. */
export const leak: FindInsights = ({ growth, series }) => {
  const leaks = growth.filter((one) => one.growth.verdict === "leak");
  return series.flatMap(({ id }) => {
    const own = leaks.filter((one) => one.series.id === id.id);
    // The widest view that shows it; where only phases do, the steepest.
    const widest = own.find(({ phase }) => phase === null) ??
      own.find(({ basis }) => basis === "repetitions") ??
      own.reduce<GrowthReport | null>((a, b) => a !== null && slope(a) >= slope(b) ? a : b, null);
    return widest === null ? [] : [tell(widest)];
  });
};

const slope = ({ growth }: GrowthReport): number => growth.slopeBytesPerHour ?? 0;

function tell(report: GrowthReport): Insight {
  const { series, phase, basis, growth } = report;
  const { slopeBytesPerHour, slopeLow, slopeHigh, p, timeToLimitMs } = growth;
  const range = slopeLow === null || slopeHigh === null
    ? ""
    : ` (${formatPrecise(slopeLow)} to ${formatPrecise(slopeHigh)})`;
  const where = phase === null
    ? ""
    : basis === "repetitions"
    ? ` from one ${phase} to the next`
    : ` during ${phase}, from ${time(report.startMs)} on`;
  const limit = timeToLimitMs === null
    ? ""
    : timeToLimitMs === 0
    ? "; its peaks are at the limit already"
    : `; at this rate the limit is reached in ${time(timeToLimitMs)}`;
  const seenMs = judgedMs(report);
  const isNear = timeToLimitMs !== null && timeToLimitMs < URGENT_MS &&
    timeToLimitMs <= LOOK_AHEAD * seenMs;
  return {
    kind: "leak",
    severity: isNear ? "critical" : "warning",
    subject: series.label,
    finding: `${series.label} grows${where} by ${formatPrecise(slope(report))} an hour${range}, ` +
      `seen for ${time(seenMs)}${limit}`,
    advice: "Look for what is kept from one piece of work to the next (caches without a limit, " +
      "lists of results); until it is found, restart the process before the limit",
    numbers: known({ slopeBytesPerHour, slopeLow, slopeHigh, p, timeToLimitMs }),
  };
}

/** The time in which the growth was seen. */
function judgedMs({ growth: { judgedFromMs, judgedToMs, spanMs } }: GrowthReport): number {
  return judgedFromMs === null || judgedToMs === null ? spanMs : judgedToMs - judgedFromMs;
}

function known(numbers: Readonly<Record<string, number | null>>): Record<string, number> {
  const entries = Object.entries(numbers);
  return Object.fromEntries(entries.filter((one): one is [string, number] => one[1] !== null));
}
