/** The rule on the zones of GPU memory. Pure. */
import type { Analysis, ZoneTimes } from "../analysis/records.ts";
import { share, span } from "../report/amount_text.ts";
import type { Zone } from "../rows.ts";
import { MOST_UNKNOWN } from "./limits.ts";
import type { RuleResult } from "./records.ts";

/** The least grave first. */
const ZONES: readonly Zone[] = ["safe", "caution", "critical"];

/** One result for each GPU, whatever was watched: zones are those of a whole GPU. */
export function checkZone(
  { zones, durationMs }: Analysis,
  allowed: "safe" | "caution",
): readonly RuleResult[] {
  if (zones.length > 0) return zones.map((one) => judge(one, allowed, durationMs));
  const message = "The zone of GPU memory is not known: the recording has no GPU";
  return [{ ...EMPTY, subject: "GPU memory", verdict: "unknown", measured: null, message }];
}

const EMPTY = { rule: "max-zone", limit: 0, unit: "ms" } as const;

function judge(
  { series, ms }: ZoneTimes,
  allowed: "safe" | "caution",
  durationMs: number,
): RuleResult {
  const beyond = ZONES.slice(ZONES.indexOf(allowed) + 1);
  const measured = beyond.reduce((sum, zone) => sum + ms[zone], 0);
  const result = (verdict: RuleResult["verdict"], message: string): RuleResult => ({
    ...EMPTY,
    subject: series.label,
    verdict,
    measured,
    message: `${series.label}: ${message}`,
  });
  const gravest = ZONES.findLast((zone) => ms[zone] > 0);
  const missing = durationMs > 0 ? ms.unknown / durationMs : 1;
  if (measured > 0) {
    return result(
      "failed",
      `in its ${gravest} zone, limit ${allowed} (${span(measured)} beyond it)`,
    );
  }
  if (gravest === undefined) return result("unknown", "its zone is not known");
  return missing > MOST_UNKNOWN
    ? result("unknown", `its zone is not known for ${share(missing)} of the time`)
    : result("ok", `never beyond its ${gravest} zone, limit ${allowed}`);
}
