/** What no single value tells: limits in their order, names that exist, rules that can hold. Pure. */
import { checkExpectation } from "./check_expectation.ts";
import { checkRule } from "./check_rule.ts";
import { type Problem, quoted } from "./problem.ts";
import type { GroupSettings, SessionSettings } from "./settings.ts";

/** Everything that does not go together, by the file's keys; none is as it should be. */
export function checkSettings(settings: SessionSettings): readonly Problem[] {
  const { groups, phases, expect } = settings;
  const names = new Set(groups.map(({ name }) => name));
  return [
    ...checkOrder(settings),
    ...checkGroupNames(groups),
    ...phases.flatMap((rule, i) => checkRule(rule, `phases[${i}]`, i === phases.length - 1, names)),
    ...expect.flatMap((rule, i) => checkExpectation(rule, `expect[${i}]`, names)),
  ];
}

function checkOrder({ gpu, ram, pressure, calm }: SessionSettings): readonly Problem[] {
  const isBelow = (a: number | null, b: number | null) => a === null || b === null || a < b;
  const rules: readonly [isFine: boolean, path: string, what: string][] = [
    [
      isBelow(gpu.cautionRatio, gpu.criticalRatio),
      "gpu.caution_ratio",
      `${gpu.cautionRatio} is not below gpu.critical_ratio, which is ${gpu.criticalRatio}`,
    ],
    [
      isBelow(gpu.cautionBytes, gpu.criticalBytes),
      "gpu.caution_limit",
      `${gpu.cautionBytes} bytes are not below gpu.critical_limit, which is ${gpu.criticalBytes}`,
    ],
    [
      isBelow(ram.targetRatio, ram.warningRatio),
      "ram.target_ratio",
      `${ram.targetRatio} is not below ram.warning_ratio, which is ${ram.warningRatio}`,
    ],
    [
      isBelow(ram.warningRatio, ram.criticalRatio),
      "ram.warning_ratio",
      `${ram.warningRatio} is not below ram.critical_ratio, which is ${ram.criticalRatio}`,
    ],
    [
      isBelow(ram.warningBytes, ram.limitBytes),
      "ram.warning_limit",
      `${ram.warningBytes} bytes are not below ram.critical_limit, which is ${ram.limitBytes}`,
    ],
    [
      isBelow(pressure.warningRatio, pressure.criticalRatio),
      "pressure.warning_ratio",
      `${pressure.warningRatio} is not below pressure.critical_ratio, which is ${pressure.criticalRatio}`,
    ],
    [
      calm.hysteresisRatio < 1,
      "calm.hysteresis_ratio",
      `${calm.hysteresisRatio} would let no alert end: give a share below 1`,
    ],
  ];
  return rules.flatMap(([isFine, path, what]) => isFine ? [] : [{ path, what }]);
}

/** Every group has a name of its own. */
export function checkGroupNames(
  groups: readonly Pick<GroupSettings, "name">[],
): readonly Problem[] {
  const first = new Map<string, number>();
  return groups.flatMap(({ name }, i) => {
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, i);
    return earlier === undefined ? [] : [{
      path: `groups[${i}].name`,
      what: `${quoted(name)} is the name of groups[${earlier}] too: give every group its own`,
    }];
  });
}
