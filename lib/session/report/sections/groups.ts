/** Phases of one name, type or step taken together: the missions, chains and iterations of a workload. Pure. */
import type { Analysis, PhaseGroup } from "../../analysis/records.ts";
import { amount, signedAmount, span, withUnit } from "../amount_text.ts";
import { type Block, paragraph, table } from "../document.ts";
import { isMain } from "../main_series.ts";

const TITLES = { name: "Phases of a name", type: "Types of work", step: "Steps" } as const;

/** The section. */
export function groups(analysis: Analysis): readonly Block[] {
  const main = isMain(analysis);
  const kinds = (["type", "step", "name"] as const).map((by) => ({
    by,
    found: analysis.groups.filter((group) => group.by === by),
  })).filter(({ found, by }) =>
    // Of phases that came once each, the table of phases tells the same.
    by === "name" ? found.some(({ count }) => count > 1) : found.length > 0
  );
  if (kinds.length === 0) return [paragraph("No phases were recorded that could be added up.")];
  return kinds.flatMap(({ by, found }) =>
    table(
      TITLES[by],
      [
        by === "name" ? "Phase" : by === "type" ? "Type" : "Step",
        "Count #",
        "Time in all #",
        "Mean time #",
        "Energy #",
        "Series",
        "Peak #",
        "Mean #",
        "p95 #",
        "Kept each #",
        "Kept in all #",
      ],
      found.flatMap((group) =>
        group.series.filter(({ series }) => main(series)).map((one) => [
          group.key,
          String(group.count),
          span(group.totalMs),
          span(group.meanMs),
          withUnit(group.energyWattHours, "Wh", 2),
          one.series.label,
          ...numbers(one),
        ])
      ),
    )
  );
}

function numbers(one: PhaseGroup["series"][number]): string[] {
  const { unit } = one.series;
  return [
    amount(one.peak, unit),
    amount(one.mean, unit),
    amount(one.p95, unit),
    signedAmount(one.retainedEach, unit),
    signedAmount(one.retainedTotal, unit),
  ];
}
