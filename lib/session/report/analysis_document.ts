/** The report of one session: its sections in their order. Pure. */
import type { Analysis } from "../analysis/records.ts";
import { type ReportDocument, section } from "./document.ts";
import { correlation } from "./sections/correlation.ts";
import { cost } from "./sections/cost.ts";
import { efficiency } from "./sections/efficiency.ts";
import { expected } from "./sections/expected.ts";
import { groups } from "./sections/groups.ts";
import { alerts, missing } from "./sections/happenings.ts";
import { header } from "./sections/header.ts";
import { insights } from "./sections/insights.ts";
import { loads } from "./sections/loads.ts";
import { phases } from "./sections/phases.ts";
import { reading } from "./sections/reading.ts";
import { scaling } from "./sections/scaling.ts";
import { stability } from "./sections/stability.ts";
import { verdicts } from "./sections/summary.ts";
import { thermal } from "./sections/thermal.ts";

/** Everything that an analysis tells, for people. */
export function analysisDocument(analysis: Analysis): ReportDocument {
  return {
    title: `Memory analysis: ${analysis.name}`,
    lead: [...header(analysis), { kind: "verdicts", verdicts: verdicts(analysis) }],
    sections: [
      section("memory-efficiency", "Memory efficiency", efficiency(analysis)),
      section("performance-correlation", "Performance correlation", correlation(analysis)),
      section("optimization-insights", "Optimization insights", insights(analysis)),
      section("scaling-predictions", "Scaling predictions", scaling(analysis)),
      section("stability", "Stability", stability(analysis)),
      section("phases", "Phases", phases(analysis)),
      section("groups", "Missions, steps and repetitions", groups(analysis)),
      section("models", "Models loaded and unloaded", loads(analysis)),
      section("heat-and-power", "Heat and power", thermal(analysis)),
      section("expected", "Expected and measured", expected(analysis)),
      section("alerts", "Alerts", alerts(analysis)),
      section("missing-data", "Missing data", missing(analysis)),
      section("cost", "Cost of the recording", cost(analysis)),
      section("reading", "How to read the numbers", reading()),
    ],
  };
}
