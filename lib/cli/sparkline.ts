/** A curve in one line of text. Pure. */
import type { Bytes } from "../records.ts";

const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/**
 * At most `width` bars, from 0 at the foot to `highest` at the top; each stands for the highest of its share of the
 * values. What is not known is a space.
 */
export function sparkline(values: readonly Bytes[], width: number, highest?: number): string {
  const bars = Math.min(width, values.length);
  const top = highest ?? values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  let text = "";
  for (let i = 0; i < bars; i++) {
    const share = values.slice(
      Math.floor(i * values.length / bars),
      Math.floor((i + 1) * values.length / bars),
    ).filter((value) => value !== null);
    if (share.length === 0) text += " ";
    else {
      const level = top === 0 ? 0 : Math.max(...share) / top;
      text += BARS[Math.min(BARS.length - 1, Math.max(0, Math.ceil(level * BARS.length) - 1))];
    }
  }
  return text;
}
