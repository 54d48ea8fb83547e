/** Does an expectation say what is expected, and of what. Pure. */
import { type Problem, unknownGroup } from "./problem.ts";
import type { Expectation } from "./settings.ts";

/** What is wrong with an expectation. */
export function checkExpectation(
  rule: Expectation,
  path: string,
  groups: ReadonlySet<string>,
): readonly Problem[] {
  const problems: Problem[] = [];
  const group = /^(?:rss|vram):(.+)$/su.exec(rule.of)?.[1];
  if (group !== undefined) problems.push(...unknownGroup(group, `${path}.of`, groups));
  if (rule.phase !== null && rule.type !== null) {
    problems.push({
      path,
      what: "is about a phase and a type: give one of them, or none for the whole session",
    });
  }
  if (rule.cleanupRatio !== null && rule.phase === null && rule.type === null) {
    problems.push({
      path: `${path}.cleanup_ratio`,
      what: "compares one phase with the next: give the phase or the type",
    });
  }
  const { spikeBytes, steadyBytes, growthPerStepBytes, cleanupRatio, peakBytes, utilizationRatio } =
    rule;
  const rules = [
    spikeBytes,
    steadyBytes,
    growthPerStepBytes,
    cleanupRatio,
    peakBytes,
    utilizationRatio,
  ];
  if (rules.every((stated) => stated === null)) {
    problems.push({
      path,
      what: "expects nothing: give spike, steady, growth_per_step, cleanup_ratio, peak or " +
        "utilization",
    });
  }
  return problems;
}
