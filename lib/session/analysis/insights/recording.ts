/** How good the recording is. Pure. */
import { roundHalfEven } from "../../../format.ts";
import type { SessionData } from "../../load/data.ts";
import type { Series } from "../series.ts";
import { type FindInsights, percent, time } from "./context.ts";

/** Of one core. */
const MOST_CPU_RATIO = 0.05;
/** Of the session's time. */
const MOST_MISSING_RATIO = 0.05;

/** `recorder_cost`: the recorder took more than 5 % of a core. */
export const recorderCost: FindInsights = ({ cost, data }) => {
  const meanCpuRatio = cost?.meanCpuRatio ?? null;
  if (meanCpuRatio === null || meanCpuRatio <= MOST_CPU_RATIO) return [];
  return [{
    kind: "recorder_cost",
    severity: "info",
    subject: "the recorder",
    finding: `The recording itself took ${roundHalfEven(meanCpuRatio * 100, 1)} % of a core`,
    advice: "Use a longer interval, or watch fewer processes",
    numbers: { meanCpuRatio, intervalMs: data.intervalMs },
  }];
};

/** `missing_data`: of a GPU's memory or of the RAM, more than 5 % of the time is not known. */
export const missingData: FindInsights = ({ data, series, knownMs }) =>
  series.flatMap((one, i) => {
    if (one.kind !== "vram" && one.kind !== "ram" || data.durationMs <= 0) return [];
    const missingMs = Math.max(0, data.durationMs - knownMs[i]!);
    const missingRatio = missingMs / data.durationMs;
    if (missingRatio <= MOST_MISSING_RATIO) return [];
    const reason = mainReason(data, one);
    return [{
      kind: "missing_data",
      severity: "warning",
      subject: one.id.label,
      finding: `${one.id.label} is not known for ${time(missingMs)}, ${percent(missingRatio)} of ` +
        `the session${reason === null ? "" : ` (mostly: ${reason})`}`,
      advice: "Read the numbers of this session with care; `hmn doctor` says what can be read on " +
        "this machine",
      numbers: { missingMs, missingRatio },
    }];
  });

/** The reason of the gaps that took longest; `null`: none is written down. */
function mainReason({ gaps }: SessionData, { kind, gpu }: Series): string | null {
  const subject = kind === "ram" ? "system" : `gpu ${gpu}`;
  const times = new Map<string, number>();
  for (const gap of gaps) {
    if (gap.subject !== subject && gap.subject !== "all") continue;
    times.set(gap.reason, (times.get(gap.reason) ?? 0) + gap.endMs - gap.startMs);
  }
  return [...times].reduce<readonly [string, number] | null>(
    (most, one) => most !== null && most[1] >= one[1] ? most : one,
    null,
  )?.[0] ?? null;
}
