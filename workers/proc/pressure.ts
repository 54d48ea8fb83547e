/** `/proc/pressure/memory`: https://docs.kernel.org/accounting/psi.html. */
import type { Pressure, PressureLine } from "../../lib/records.ts";

const LINE =
  /^(some|full) avg10=(\d+(?:\.\d+)?) avg60=(\d+(?:\.\d+)?) avg300=(\d+(?:\.\d+)?) total=(\d+)$/;

/** Parses it; `null` where there is no `some` line. */
export function parsePressure(text: string): Pressure | null {
  const lines: { some?: PressureLine; full?: PressureLine } = {};
  for (const line of text.split("\n")) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const totalUs = Number(match[5]);
    if (!Number.isSafeInteger(totalUs)) continue;
    lines[match[1] as "some" | "full"] = {
      avg10Ratio: ratio(match[2]!),
      avg60Ratio: ratio(match[3]!),
      avg300Ratio: ratio(match[4]!),
      totalMs: totalUs / 1000,
    };
  }
  return lines.some === undefined ? null : { some: lines.some, full: lines.full ?? null };
}

function ratio(percent: string): number {
  return Math.min(1, Number(percent) / 100);
}
