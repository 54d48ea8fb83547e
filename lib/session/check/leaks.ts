/** The rule that nothing leaks. Pure. */
import type { Analysis, GrowthReport } from "../analysis/records.ts";
import { probability, share, size, slope } from "../report/amount_text.ts";
import { MACHINE_HINT, MOST_UNKNOWN, unknownShare } from "./limits.ts";
import type { RuleResult } from "./records.ts";
import { type Counted, type Subject, subjectsOf } from "./subjects.ts";

/**
 * One result for each subject: its RAM, and its GPU memory where the recording has GPUs. What programs told of their
 * allocators counts where it leaks.
 */
export function checkLeaks(analysis: Analysis, counted: Counted): readonly RuleResult[] {
  const hasGpus = analysis.devices.length > 0;
  const subjects = [
    // A recording of GPUs alone says nothing about RAM.
    ...subjectsOf(analysis, counted, "ram").filter(({ stats }) => stats !== null || !hasGpus),
    ...(hasGpus ? subjectsOf(analysis, counted, "vram") : []),
  ];
  const allocators = analysis.series.filter(({ series }) =>
    /^(?:allocated|reserved):/.test(series.id) && isLeaking(analysis, series.id)
  );
  return [
    ...subjects.map((subject) => judge(analysis, subject)),
    ...allocators.map((stats) => judge(analysis, { label: stats.series.label, stats })),
  ];
}

function isLeaking({ growth }: Analysis, id: string): boolean {
  return growth.some((one) => one.series.id === id && one.growth.verdict === "leak");
}

const EMPTY = {
  rule: "no-leak",
  measured: null,
  limit: 0,
  unit: "bytes_per_hour",
} as const;

function judge({ growth }: Analysis, { label, stats }: Subject): RuleResult {
  if (stats === null || stats.samples === 0) {
    const message = `${label} is not known${stats === null ? MACHINE_HINT : ""}`;
    return { ...EMPTY, subject: label, verdict: "unknown", message };
  }
  const { series } = stats;
  const own = growth.filter((one) => one.series.id === series.id);
  const worst = own.filter((one) => one.growth.verdict === "leak")
    .toSorted((a, b) => rate(b) - rate(a))[0];
  if (worst !== undefined) return leaking(worst);
  const whole = own.find(({ phase }) => phase === null);
  const result = (verdict: RuleResult["verdict"], what: string): RuleResult => ({
    ...EMPTY,
    subject: series.label,
    verdict,
    measured: whole?.growth.slopeBytesPerHour ?? (whole === undefined ? 0 : null),
    message: `${series.label}: ${what}`,
  });
  const missing = unknownShare(stats);
  if (missing > MOST_UNKNOWN) {
    return result("unknown", `${share(missing)} of the samples are not known`);
  }
  if (whole === undefined) {
    return stats.samples > 1
      ? result("ok", "it did not change at all")
      : result("unknown", "there is one sample only");
  }
  if (whole.growth.verdict === "too-short") {
    return result("unknown", `a leak can't be told: ${whole.growth.reason}`);
  }
  const least = whole.growth.minimumDetectableBytesPerHour;
  const shown = least === null ? "" : `; ${size(least)}/h or more would have shown`;
  return result("ok", `no leak (${whole.growth.verdict})${shown}`);
}

function rate({ growth }: GrowthReport): number {
  return growth.slopeBytesPerHour ?? 0;
}

function leaking({ series, phase, growth }: GrowthReport): RuleResult {
  const where = phase === null ? "" : ` in ${phase}`;
  return {
    ...EMPTY,
    subject: series.label,
    verdict: "failed",
    measured: growth.slopeBytesPerHour,
    message: `${series.label} leaks${where}: ${slope(growth.slopeBytesPerHour)}, limit 0 ` +
      `(p ${growth.p === null ? "not known" : probability(growth.p)})`,
  };
}
