/** Heat and power, of the session and of each phase. Pure. */
import type { Analysis, Thermal } from "../../analysis/records.ts";
import { moment, share, UNKNOWN, withUnit } from "../amount_text.ts";
import { type Block, paragraph, table } from "../document.ts";

const TITLES = [
  "GPU",
  "Hottest #",
  "Mean #",
  "Highest power #",
  "Mean power #",
  "Energy #",
  "Utilisation #",
  "Clock drops #",
];

/** The section. */
export function thermal({ thermal, phases }: Analysis): readonly Block[] {
  const isKnown = (one: Thermal) => one.maxCelsius !== null || one.maxWatts !== null;
  if (!thermal.some(isKnown)) {
    return [paragraph("Neither temperature nor power of a GPU was recorded.")];
  }
  const within = phases.flatMap(({ span, thermal }) =>
    thermal.filter(isKnown).map((one) => [span.path, moment(span.startMs), ...cells(one)])
  );
  return [
    ...table("Over the session", TITLES, thermal.map(cells)),
    ...(within.length === 0 ? [] : table("In each phase", ["Phase", "From #", ...TITLES], within)),
  ];
}

function cells(one: Thermal): string[] {
  return [
    `GPU ${one.gpu}`,
    withUnit(one.maxCelsius, "°C"),
    withUnit(one.meanCelsius, "°C"),
    withUnit(one.maxWatts, "W"),
    withUnit(one.meanWatts, "W"),
    withUnit(one.energyWattHours, "Wh", 2),
    share(one.meanUtilizationRatio),
    one.clockDrops === null ? UNKNOWN : String(one.clockDrops),
  ];
}
