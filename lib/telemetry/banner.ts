/** The banner for prompts and status lines: one share of memory, seen at a glance. */
import { roundHalfEven } from "../format.ts";
import { type AllocatorHealth, allocatorHealth } from "./pressure.ts";

/** How a banner is written. */
export interface BannerOptions {
  /**
   * With the escape sequences of its colour.
   * @default false
   */
  readonly color?: boolean;
}

/** Dim, yellow, bold red: how it is drawn in a terminal. */
const STYLES: Readonly<Record<AllocatorHealth, string>> = {
  healthy: "\x1b[2m",
  warning: "\x1b[33m",
  critical: "\x1b[1;31m",
};
const PLAIN = "\x1b[0m";

/**
 * `[Mem:45%]`: a share of 0 to 100, without decimals, halves to the even number. Nothing (`""`) for 0, for `null` and
 * for what is no share. Dim below 75, yellow up to 90, bold red above.
 */
export function formatBanner(percent: number | null, options: BannerOptions = {}): string {
  if (percent === null || !Number.isFinite(percent) || percent <= 0) return "";
  const text = `[Mem:${roundHalfEven(percent, 0)}%]`;
  return options.color ? `${STYLES[allocatorHealth(percent)!]}${text}${PLAIN}` : text;
}
