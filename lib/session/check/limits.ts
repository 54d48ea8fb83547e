/** Limits on the peak and the mean of memory. Pure. */
import type { Analysis, SeriesStats } from "../analysis/records.ts";
import { share, signedShare, size } from "../report/amount_text.ts";
import { type ByteLimit, type Rule, ruleName, type RuleResult } from "./records.ts";
import { type Counted, type Subject, subjectsOf } from "./subjects.ts";

/** Where a larger share of the samples is not known, the highest may be among them. */
export const MOST_UNKNOWN = 0.1;

/** What may help where a number of something watched is not known. */
export const MACHINE_HINT = "; --of machine checks the whole machine";

type LimitRule = Extract<Rule, { readonly limit: ByteLimit }>;

/** One result for each subject. */
export function checkLimit(
  rule: LimitRule,
  analysis: Analysis,
  baseline: Analysis | null,
  counted: Counted,
): readonly RuleResult[] {
  const others = baseline === null ? [] : subjectsOf(baseline, counted, rule.of);
  return subjectsOf(analysis, counted, rule.of).map((subject, i) =>
    judge(rule, subject, others[i] ?? null)
  );
}

function judge(rule: LimitRule, subject: Subject, other: Subject | null): RuleResult {
  const { label, stats } = subject;
  const measured = stats === null ? null : numberOf(rule, stats);
  const { limit, text, why } = limitOf(rule, other);
  const result = (verdict: RuleResult["verdict"], message: string): RuleResult => ({
    rule: ruleName(rule),
    subject: label,
    verdict,
    measured,
    limit,
    unit: "bytes",
    message,
  });
  if (measured === null) return result("unknown", notKnown(rule, label));
  const what = `${label}: ${rule.kind} ${size(measured)}`;
  if (limit === null) return result("unknown", `${what}, ${why}`);
  const limited = `${what}, limit ${text}`;
  if (measured > limit) return result("failed", `${limited}: ${size(measured - limit)} over it`);
  const missing = unknownShare(stats!);
  return missing > MOST_UNKNOWN
    ? result("unknown", `${limited}, but ${share(missing)} of the samples are not known`)
    : result("ok", limited);
}

function numberOf({ kind }: LimitRule, { peak, mean }: SeriesStats): number | null {
  return kind === "peak" ? peak : mean;
}

/** The share of samples without a number. */
export function unknownShare({ samples, unknown }: SeriesStats): number {
  return samples + unknown === 0 ? 1 : unknown / (samples + unknown);
}

function notKnown({ of }: LimitRule, label: string): string {
  const what = of === "vram" ? "GPU memory" : "RAM";
  return `${label} is not known: the recording has no ${what} of it${MACHINE_HINT}`;
}

interface Limit {
  readonly limit: number | null;
  readonly text: string;
  /** Why there is none. */
  readonly why: string;
}

function limitOf(rule: LimitRule, other: Subject | null): Limit {
  if (rule.limit.kind === "bytes") {
    return { limit: rule.limit.bytes, text: size(rule.limit.bytes), why: "" };
  }
  const base = other?.stats == null ? null : numberOf(rule, other.stats);
  if (base === null) return { limit: null, text: "", why: "the baseline does not know it" };
  const limit = base * (1 + rule.limit.ratio);
  const text = `${size(limit)} (baseline ${size(base)} ${signedShare(rule.limit.ratio)})`;
  return { limit, text, why: "" };
}
