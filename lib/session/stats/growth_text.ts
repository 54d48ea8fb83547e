/** The sentence that gives the reason of a verdict on growth. */
import { formatDuration, formatPrecise, roundHalfEven } from "../../format.ts";
import type { Judgement } from "./judgement.ts";

/** What a reason tells beside the judgement. */
export interface ReasonContext {
  readonly samples: number;
  readonly leastSamples: number;
  readonly spanMs: number;
  readonly alpha: number;
}

/** One sentence, without a full stop, with the numbers that decided. */
export function reasonOf(judgement: Judgement, context: ReasonContext): string {
  const { verdict, part, trend, shifts, teeth, minimumDetectable } = judgement;
  const { samples, leastSamples, spanMs, alpha } = context;
  const net = signed(shifts.reduce((sum, { bytes }) => sum + bytes, 0));
  const steps = `${
    shifts.length === 1 ? "One step explains" : `${shifts.length} steps explain`
  } ${net}`;
  if (trend === null || minimumDetectable === null) {
    if (verdict === "step") return `${steps}, and no level is long enough to be judged`;
    if (verdict === "warm-up") {
      return "It grew at first, and what follows is too short to be judged";
    }
    return samples < leastSamples
      ? `${samples} samples are too few: it takes ${leastSamples}`
      : `${samples} samples over ${formatDuration(spanMs)} do not tell a trend`;
  }
  const unseen = `growth below ${formatPrecise(minimumDetectable, "up")}/h would not show`;
  const passed = part.timesMs.at(-1)! - part.timesMs[0]!;
  const isFlat = trend.slope <= 0 || trend.p >= alpha;
  const numbers = `(${signed(trend.slope)}/h, p = ${p(trend.p)})`;
  const flat = `${isFlat ? "flat" : "nearly flat"} for ${formatDuration(passed)} ${numbers}`;
  switch (verdict) {
    case "leak":
      return `The lower envelope rises by ${formatPrecise(trend.slope)}/h (${
        formatPrecise(trend.low)
      } to ` +
        `${formatPrecise(trend.high)}/h, p = ${p(trend.p)}) over ${formatDuration(passed)}`;
    case "step":
      return `${steps}, and the longest level is ${flat}; ${unseen}`;
    case "warm-up":
      return `It grew at first and is then ${flat}; ${unseen}`;
    case "sawtooth":
      return `It goes up and down by ${formatPrecise(teeth!.amplitude)} (${
        teeth!.count
      } times), and its ` +
        `lows ${isFlat ? "do not" : "hardly"} rise ${numbers}; ${unseen}`;
    case "stable":
      return `It ${isFlat ? "does not grow" : "hardly grows"} ${numbers}; ${unseen}`;
    case "too-short":
      return `It is too unsteady for ${formatDuration(passed)}: ${unseen}`;
  }
}

function signed(bytes: number): string {
  return `${bytes >= 0 ? "+" : ""}${formatPrecise(bytes)}`;
}

function p(probability: number): string {
  return probability < 0.001 ? "less than 0.001" : roundHalfEven(probability, 3);
}
