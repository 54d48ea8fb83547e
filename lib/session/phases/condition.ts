/** Does a condition hold: yes, no, or not known. Pure. */
import type { PhaseCondition } from "../config/settings.ts";
import type { AtLeast, GroupFacts, PhaseFacts } from "./facts.ts";

/** `null`: a part is not known, and no other part decides. */
export function holds(condition: PhaseCondition, facts: PhaseFacts): boolean | null {
  return all([
    isAtLeast(facts.vramRatio, condition.vramRatioAtLeast),
    isBelow(facts.vramRatio, condition.vramRatioBelow),
    isAtLeast(facts.vramBytes, condition.vramBytesAtLeast),
    isBelow(facts.vramBytes, condition.vramBytesBelow),
    isAtLeast(growthFor(condition.vramGrowthAtLeast, facts), condition.vramGrowthAtLeast),
    isBelow(growthFor(condition.vramGrowthBelow, facts), condition.vramGrowthBelow),
    isAtLeast(facts.utilization, condition.utilizationAtLeast),
    isBelow(facts.utilization, condition.utilizationBelow),
    ...condition.present.map((name) => factOf(facts, name, "isPresent")),
    ...condition.absent.map((name) => not(factOf(facts, name, "isPresent"))),
    ...condition.active.map((name) => factOf(facts, name, "isActive")),
    ...condition.inactive.map((name) => not(factOf(facts, name, "isActive"))),
  ]);
}

/** The condition can be told only where the GPUs were asked. */
export function needsGpus(condition: PhaseCondition): boolean {
  return [
    condition.vramRatioAtLeast,
    condition.vramRatioBelow,
    condition.vramBytesAtLeast,
    condition.vramBytesBelow,
    condition.vramGrowthAtLeast,
    condition.vramGrowthBelow,
    condition.utilizationAtLeast,
    condition.utilizationBelow,
  ].some((limit) => limit !== null);
}

function all(parts: readonly (boolean | null)[]): boolean | null {
  if (parts.includes(false)) return false;
  return parts.includes(null) ? null : true;
}

function not(part: boolean | null): boolean | null {
  return part === null ? null : !part;
}

/** A limit above 0 is about how fast it rises, any other about how fast it falls. */
function growthFor(limit: number | null, { vramGrowth }: PhaseFacts): AtLeast {
  if (vramGrowth === null) return { least: -Infinity, isExact: false };
  return { least: (limit ?? 0) > 0 ? vramGrowth.rise : -vramGrowth.fall, isExact: true };
}

/** A limit that is not set is kept. */
function isAtLeast({ least, isExact }: AtLeast, limit: number | null): boolean | null {
  if (limit === null || least >= limit) return true;
  return isExact ? false : null;
}

function isBelow(value: AtLeast, limit: number | null): boolean | null {
  return limit === null ? true : not(isAtLeast(value, limit));
}

function factOf(
  { groups }: PhaseFacts,
  name: string,
  fact: keyof GroupFacts,
): boolean | null {
  return groups.get(name)?.[fact] ?? null;
}
