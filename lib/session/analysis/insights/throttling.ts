/** A GPU that slows down because it is hot. Pure. */
import { levelAt } from "../samples.ts";
import { counted, type FindInsights, time } from "./context.ts";

/** From here on a fall of the clock is put down to heat: most GPUs slow down between 83 and 90 °C. */
const HOT_CELSIUS = 80;

/** `throttling`: the SM clock fell by 10 % or more while the GPU was busy and at 80 °C or more. */
export const throttling: FindInsights = ({ data, thermal }) =>
  thermal.flatMap(({ gpu, dropsMs }, i) => {
    const { timesMs, columns } = data.gpus[i]!;
    const heat = { timesMs, values: columns.temperatureCelsius, holdMs: 1.5 * data.intervalMs };
    const hot = [...dropsMs ?? []].flatMap((atMs) => {
      const celsius = levelAt(heat, atMs);
      return celsius !== null && celsius >= HOT_CELSIUS ? [{ atMs, celsius }] : [];
    });
    if (hot.length === 0) return [];
    const maxCelsius = Math.max(...hot.map(({ celsius }) => celsius));
    return [{
      kind: "throttling",
      severity: "warning",
      subject: `GPU ${gpu}`,
      finding:
        `GPU ${gpu} lowered its clock by 10 % or more ${counted(hot.length, "time")} while ` +
        `it was busy and hot (up to ${maxCelsius} °C), first at ${time(hot[0]!.atMs)}`,
      advice:
        "Improve the cooling, or set a lower power limit: a steady clock is faster than one " +
        "that falls and rises",
      numbers: { clockDrops: hot.length, maxCelsius, firstAtMs: hot[0]!.atMs },
    }];
  });
