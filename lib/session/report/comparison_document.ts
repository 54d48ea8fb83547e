/** The report on two sessions side by side. Pure. */
import type {
  Compared,
  ComparedPhase,
  ComparedSeries,
  ComparedSession,
  Comparison,
  OnlyIn,
} from "../analysis/comparison.ts";
import { amount, decimal, share, signedAmount, span, UNKNOWN, wallClock } from "./amount_text.ts";
import {
  type Block,
  type Inline,
  list,
  paragraph,
  type ReportDocument,
  section,
  table,
} from "./document.ts";
import { comparedVerdicts, isWorse } from "./sections/compared_summary.ts";

/** Everything that a comparison tells, for people. A is what B is compared with. */
export function comparisonDocument(comparison: Comparison): ReportDocument {
  const { a, b } = comparison;
  return {
    title: `Memory comparison: ${a.name} and ${b.name}`,
    lead: [
      ...table("What is compared", ["", "A", "B"], sessions(comparison)),
      { kind: "verdicts", verdicts: comparedVerdicts(comparison) },
    ],
    sections: [
      section("session", "Whole session", whole(comparison)),
      section("phases", "Phase by phase", phases(comparison.phases)),
      section("only-in-one", "In one of them only", [
        ...only("A", comparison.onlyInA),
        ...only("B", comparison.onlyInB),
      ]),
      section("reading", "How to read the numbers", [list([
        "A ? stands for what is not known in that session; then there is no difference either. Change is B " +
        "less A.",
        "Series are paired by their names, phases by theirs; all phases of a name are taken together.",
        "Kept: the level at the end less that at the start; of phases the sum over all of a name.",
      ])]),
    ],
  };
}

function sessions({ a, b, durationMs, energyWattHours }: Comparison): Inline[][] {
  const both = (
    name: string,
    text: (session: ComparedSession) => string,
  ) => [name, text(a), text(b)];
  const watts = (value: number | null) => value === null ? UNKNOWN : `${decimal(value, 2)} Wh`;
  return [
    both("Session", ({ name }) => name),
    both("Read from", ({ files }) => files[0] ?? "-"),
    both("Began", ({ startedAtMs }) => wallClock(startedAtMs)),
    ["Lasted", span(durationMs.a), span(durationMs.b)],
    both("Host", ({ host }) => host ?? "not known"),
    both("Command", ({ command }) => command?.join(" ") ?? "-"),
    both("Ended", ({ endedBy }) => endedBy ?? "not by itself"),
    ["Energy of the GPUs", watts(energyWattHours.a), watts(energyWattHours.b)],
  ];
}

const TITLES = ["Series", "Quantity", "A #", "B #", "Change #", "Change of A #"];

function whole({ series }: Comparison): readonly Block[] {
  return series.length === 0
    ? [paragraph("Nothing was measured in both.")]
    : table("Whole session", TITLES, series.flatMap(seriesRows));
}

function phases(phases: readonly ComparedPhase[]): readonly Block[] {
  if (phases.length === 0) return [paragraph("There is no phase that both of them have.")];
  return [
    ...table(
      "Phases",
      ["Phase", "Count A #", "Count B #", "Time A #", "Time B #", "Mean time A #", "Mean time B #"],
      phases.map(({ phase, count, totalMs, meanMs }) => [
        phase,
        decimal(count.a, 0),
        decimal(count.b, 0),
        ...[totalMs.a, totalMs.b, meanMs.a, meanMs.b].map(span),
      ]),
    ),
    ...table(
      "Memory of each phase",
      ["Phase", ...TITLES],
      phases.flatMap(({ phase, series }) =>
        series.flatMap(seriesRows).map((row) => [phase, ...row])
      ),
    ),
  ];
}

function seriesRows({ series, peak, mean, p95, retained }: ComparedSeries): Inline[][] {
  const { label, unit } = series;
  const row = (quantity: string, one: Compared): Inline[] => {
    const change = signedAmount(one.difference, unit);
    return [
      label,
      quantity,
      amount(one.a, unit),
      amount(one.b, unit),
      isWorse(series, one) ? { text: change, tone: "caution" } : change,
      one.ratio === null ? UNKNOWN : changeOf(one.ratio),
    ];
  };
  return [row("peak", peak), row("mean", mean), row("p95", p95), row("kept", retained)];
}

function changeOf(ratio: number): string {
  const change = share(ratio - 1);
  return ratio > 1 ? `+${change}` : change;
}

function only(which: string, { series, phases }: OnlyIn): readonly Block[] {
  const named = [
    ...series.map(({ label }) => `series: ${label}`),
    ...phases.map((phase) => `phase: ${phase}`),
  ];
  return named.length === 0
    ? [paragraph(`Nothing is in ${which} only.`)]
    : [paragraph(`Only in ${which}:`), list(named)];
}
