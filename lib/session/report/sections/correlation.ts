/** Performance correlation: memory against phases, and series against each other. Pure. */
import type { Analysis, Correlation, PhaseCorrelation } from "../../analysis/records.ts";
import { amount, decimal, share } from "../amount_text.ts";
import { type Block, paragraph, table } from "../document.ts";

/** So many pairs of series are read. */
const MOST_PAIRS = 25;

/** The section. */
export function correlation({ phaseCorrelations, correlations }: Analysis): readonly Block[] {
  const byPhase = phaseCorrelations.filter(({ meanByPhase }) => meanByPhase.length > 0);
  const pairs = correlations.filter(({ pearson, spearman }) =>
    pearson !== null || spearman !== null
  );
  return [
    ...(byPhase.length === 0
      ? [paragraph("No phases were recorded, so nothing is told about memory and phases.")]
      : phaseTables(byPhase)),
    ...(pairs.length === 0
      ? [paragraph("No two series were measured together for long enough to compare them.")]
      : table(
        "How series move together, strongest first",
        ["Series", "and", "during", "Pearson #", "Spearman #", "Samples #"],
        pairs.toSorted((a, b) => strength(b) - strength(a)).map(pairCells),
        MOST_PAIRS,
      )),
  ];
}

function phaseTables(correlations: readonly PhaseCorrelation[]): readonly Block[] {
  const phases = [
    ...new Set(correlations.flatMap(({ meanByPhase }) => meanByPhase.map(({ phase }) => phase))),
  ];
  return [
    ...table(
      "How much of each series the phases explain",
      ["Series", "Explained by phases #"],
      correlations.map(({ series, etaSquared }) => [series.label, share(etaSquared)]),
    ),
    ...table(
      "Mean in each phase",
      ["Phase", ...correlations.map(({ series }) => `${series.label} #`)],
      phases.map((phase) => [
        phase,
        ...correlations.map(({ series, meanByPhase }) =>
          amount(meanByPhase.find((one) => one.phase === phase)?.mean ?? null, series.unit)
        ),
      ]),
    ),
  ];
}

function strength({ pearson, spearman }: Correlation): number {
  return Math.abs(spearman ?? pearson ?? 0);
}

function pairCells({ a, b, phase, pearson, spearman, samples }: Correlation): string[] {
  return [
    a.label,
    b.label,
    phase ?? "the session",
    decimal(pearson, 2),
    decimal(spearman, 2),
    String(samples),
  ];
}
