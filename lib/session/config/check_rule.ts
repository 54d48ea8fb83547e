/** Can the condition of a phase rule hold at all. Pure. */
import { type Problem, quoted, unknownGroup } from "./problem.ts";
import type { PhaseCondition, PhaseRule } from "./settings.ts";

/** Pairs of which the first must be below the second for anything to be between them. */
const PAIRS = [
  ["vramRatioAtLeast", "vramRatioBelow", "vram_ratio_at_least", "vram_ratio_below"],
  ["vramBytesAtLeast", "vramBytesBelow", "vram_at_least", "vram_below"],
  ["vramGrowthAtLeast", "vramGrowthBelow", "vram_growth_at_least", "vram_growth_below"],
  ["utilizationAtLeast", "utilizationBelow", "utilization_at_least", "utilization_below"],
] as const;
/** A group can't be in both. */
const OPPOSITES = [["present", "absent"], ["active", "inactive"], ["active", "absent"]] as const;

/** What is wrong with a rule. After one without a condition no other is ever reached, so it has to be the last. */
export function checkRule(
  { when }: PhaseRule,
  path: string,
  isLast: boolean,
  groups: ReadonlySet<string>,
): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [least, below, leastKey, belowKey] of PAIRS) {
    const [from, to] = [when[least], when[below]];
    if (from !== null && to !== null && from >= to) {
      problems.push({
        path: `${path}.when`,
        what: `can never hold: ${leastKey} is ${from}, which is not less than ${belowKey}, ${to}`,
      });
    }
  }
  for (const [one, other] of OPPOSITES) {
    for (const name of when[one].filter((name) => when[other].includes(name))) {
      problems.push({
        path: `${path}.when`,
        what: `can never hold: ${quoted(name)} can't be both ${one} and ${other}`,
      });
    }
  }
  for (const key of ["present", "absent", "active", "inactive"] as const) {
    problems.push(
      ...when[key].flatMap((name, i) => unknownGroup(name, `${path}.when.${key}[${i}]`, groups)),
    );
  }
  if (!isLast && isEmpty(when)) {
    problems.push({
      path: `${path}.when`,
      what: "holds always, so that no rule after it is ever reached: give a condition, " +
        "or move the rule to the end",
    });
  }
  return problems;
}

function isEmpty(when: PhaseCondition): boolean {
  return Object.values(when).every((limit) => limit === null || limit.length === 0);
}
