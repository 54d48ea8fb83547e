/** The rule that nothing leaks. Pure. */
import { formatPrecise } from "../../format.ts";
import type { Analysis } from "../analysis/records.ts";
import { isTelling } from "../analysis/telling.ts";
import type { CheckResult } from "./rules.ts";
import { subjectsOf } from "./subjects.ts";
import { unmeasured } from "./unmeasured.ts";

/** Fewer samples than this say nothing about growth. */
const TELLING_SAMPLES = 30;

/** The series of the workload, as memory is checked; of a watched GPU memory and RAM both. */
export function checkLeaks(analysis: Analysis): readonly CheckResult[] {
  // What drifts by itself is left out: it could neither pass nor fail.
  const drifting = analysis.growth.filter(({ growth }) => growth.verdict === "not-judged");
  const subjects = new Set(
    (["ram", "vram"] as const).flatMap((of) =>
      subjectsOf(analysis, of).map(({ series }) => series.id)
    ).filter((id) => !drifting.some(({ series }) => series.id === id)),
  );
  const statsOf = (id: string) => analysis.series.find(({ series }) => series.id === id);
  const judged = analysis.growth.filter((report) =>
    subjects.has(report.series.id) && isTelling(report, statsOf(report.series.id))
  );
  // A phase that is stable by itself says nothing about the time between its repetitions.
  const isJudged = (id: string) =>
    judged.some(({ series, phase, basis }) =>
      series.id === id && (phase === null || basis === "repetitions")
    );
  // What never changes is not judged: it can't leak.
  const constant = analysis.series.filter(({ series, samples, peak, minimum }) =>
    subjects.has(series.id) && samples >= TELLING_SAMPLES && peak === minimum
  );
  const undecided = analysis.series
    .filter((stats) => subjects.has(stats.series.id) && !isJudged(stats.series.id))
    .filter((stats) => !constant.includes(stats))
    .map(({ series }) => unmeasured("--no-leak", series.label, whyUndecided(analysis, series.id)));
  if (judged.length === 0 && constant.length > 0) {
    return [{
      rule: "--no-leak",
      subject: constant.map(({ series }) => series.label).join(", "),
      verdict: "ok",
      measured: 0,
      limit: null,
      unit: "bytes_per_hour",
      message: "no leak: it never changed",
    }, ...undecided];
  }
  if (judged.length === 0) {
    return [unmeasured("--no-leak", "growth", "no series is steady or long enough to be judged")];
  }
  const leaks = judged.filter(({ growth }) => growth.verdict === "leak");
  if (leaks.length > 0) {
    return [
      ...leaks.map(({ series, phase, growth }): CheckResult => ({
        rule: "--no-leak",
        subject: phase === null ? series.label : `${series.label} in ${phase}`,
        verdict: "failed",
        measured: growth.slopeBytesPerHour,
        limit: 0,
        unit: "bytes_per_hour",
        message: growth.reason,
      })),
      ...undecided,
    ];
  }
  const whole = judged.filter(({ phase }) => phase === null);
  const smallest = Math.max(
    ...(whole.length > 0 ? whole : judged).map(({ growth }) =>
      growth.minimumDetectableBytesPerHour ?? Infinity
    ),
  );
  const seen = smallest === Infinity ? null : smallest;
  return [{
    rule: "--no-leak",
    subject: [...new Set(judged.map(({ series }) => series.label))].join(", "),
    verdict: "ok",
    measured: null,
    limit: seen,
    unit: seen === null ? null : "bytes_per_hour",
    message: "no leak" +
      (seen === null
        ? ""
        : `; one of ${formatPrecise(seen, "up")} an hour or more would have shown`) +
      drifting.map(({ series, growth }) => `; ${series.label}: ${growth.reason}`).join(""),
  }, ...undecided];
}

function whyUndecided({ growth }: Analysis, id: string): string {
  const whole = growth.find(({ series, phase }) => series.id === id && phase === null);
  return whole === undefined ? "too little of it is known" : whole.growth.reason;
}
