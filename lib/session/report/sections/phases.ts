/** What each phase took and kept. Pure. */
import type { Analysis, PhaseReport, PhaseSeries } from "../../analysis/records.ts";
import { amount, moment, share, signedAmount, signedSize, span } from "../amount_text.ts";
import { type Block, paragraph, table } from "../document.ts";
import { isMain } from "../main_series.ts";

/** The section. */
export function phases(analysis: Analysis): readonly Block[] {
  const { phases } = analysis;
  if (phases.length === 0) {
    return [
      paragraph("No phases were recorded. hmn phase, or rules in a configuration, set them."),
    ];
  }
  const main = isMain(analysis);
  return [
    ...table(
      "Phases in their order",
      [
        "Phase",
        "Type",
        "Step",
        "Labels",
        "From #",
        "Length #",
        "Highest pressure #",
        "Growth of swap #",
      ],
      phases.map(phaseCells),
    ),
    ...table(
      "Memory of each phase",
      ["Phase", "From #", "Series", "Peak #", "Mean #", "p95 #", "Load spike #", "Kept #"],
      phases.flatMap((phase) =>
        phase.series.filter(({ series }) => main(series)).map((one) => seriesCells(phase, one))
      ),
    ),
  ];
}

function phaseCells({ span: phase, maxPressureRatio, swapGrowthBytes }: PhaseReport): string[] {
  return [
    phase.path,
    phase.type ?? "-",
    phase.step ?? "-",
    Object.entries(phase.labels).map(([key, value]) => `${key}=${value}`).join(", ") || "-",
    moment(phase.startMs),
    span(phase.endMs - phase.startMs),
    share(maxPressureRatio),
    signedSize(swapGrowthBytes),
  ];
}

function seriesCells({ span: phase }: PhaseReport, one: PhaseSeries): string[] {
  const { unit } = one.series;
  return [
    phase.path,
    moment(phase.startMs),
    one.series.label,
    amount(one.peak, unit),
    amount(one.mean, unit),
    amount(one.p95, unit),
    signedAmount(one.spike, unit),
    signedAmount(one.retained, unit),
  ];
}
