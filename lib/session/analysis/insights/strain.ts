/** A machine short of RAM while a phase ran: swap and pressure. Pure. */
import type { Insight, PhaseReport } from "../records.ts";
import type { PhaseSpan } from "../../phase_span.ts";
import { phaseStrain } from "../phases.ts";
import { counted, type FindInsights, type InsightContext, percent, size } from "./context.ts";

/** Less is what a machine moves out by itself. */
const SWAP_LEAST_BYTES = 64 * 2 ** 20;

/** Phases of one name; or the session, where there are none. */
interface Stretch {
  readonly subject: string;
  readonly during: string;
  readonly phases: readonly Pick<PhaseReport, "maxPressureRatio" | "swapGrowthBytes">[];
}

/** `swap_during_phase`: swap in use grew by 64 MiB or more. */
export const swapDuringPhase: FindInsights = (context) =>
  stretches(context).flatMap(({ subject, during, phases }) => {
    const grown = phases.filter(({ swapGrowthBytes }) =>
      (swapGrowthBytes ?? 0) >= SWAP_LEAST_BYTES
    );
    if (grown.length === 0) return [];
    const swapGrowthBytes = Math.max(...grown.map((phase) => phase.swapGrowthBytes!));
    return [{
      kind: "swap_during_phase",
      severity: "warning",
      subject,
      finding: `Swap in use grew by ${size(swapGrowthBytes)} during ${during}` +
        often(grown.length, phases.length),
      advice: "Lower what is in RAM at that time (fewer workers, smaller caches), or add RAM: " +
        "what is swapped out has to be read back",
      numbers: { swapGrowthBytes, phases: grown.length },
    }];
  });

/** `pressure_during_phase`: tasks waited for memory more than the settings' warning allows. */
export const pressureDuringPhase: FindInsights = (context) =>
  stretches(context).flatMap(({ subject, during, phases }): readonly Insight[] => {
    const { warningRatio, criticalRatio } = context.settings.pressure;
    const pressed = phases.filter(({ maxPressureRatio }) =>
      maxPressureRatio !== null && maxPressureRatio >= warningRatio
    );
    if (pressed.length === 0) return [];
    const maxPressureRatio = Math.max(...pressed.map((phase) => phase.maxPressureRatio!));
    return [{
      kind: "pressure_during_phase",
      severity: maxPressureRatio >= criticalRatio ? "critical" : "warning",
      subject,
      finding: `Tasks waited for memory up to ${percent(maxPressureRatio)} of the time during ` +
        during + often(pressed.length, phases.length),
      advice: "The machine is short of RAM then: run less beside it, or add RAM",
      numbers: { maxPressureRatio, limitRatio: warningRatio, phases: pressed.length },
    }];
  });

function often(count: number, of: number): string {
  return of <= 1 ? "" : ` (in ${count} of ${counted(of, "phase")} of this name)`;
}

function stretches({ data, phases }: InsightContext): readonly Stretch[] {
  if (phases.length === 0) {
    const session = { startMs: 0, endMs: data.durationMs };
    return [{
      subject: "the session",
      during: "the session",
      phases: [phaseStrain(data, session)],
    }];
  }
  const byName = new Map<PhaseSpan["name"], PhaseReport[]>();
  for (const phase of phases) {
    const { name } = phase.span;
    const group = byName.get(name);
    if (group === undefined) byName.set(name, [phase]);
    else group.push(phase);
  }
  return [...byName].map(([name, group]) => ({
    subject: name,
    during: `the phase ${name}`,
    phases: group,
  }));
}
