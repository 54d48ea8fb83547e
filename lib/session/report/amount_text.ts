/** Numbers of a report as text. What is not known is `?`. Pure. */
import {
  formatDuration,
  formatElapsed,
  formatPrecise,
  formatSize,
  MIB,
  roundHalfEven,
} from "../../format.ts";
import type { SeriesId } from "../analysis/records.ts";

/** Stands for what is not known. */
export const UNKNOWN = "?";

/** `120 B`, `12 KiB`, `512 MiB`, `8.2 GiB`; with a minus sign below zero. */
export function size(bytes: number | null): string {
  if (bytes === null) return UNKNOWN;
  if (bytes < 0) return `-${size(-bytes)}`;
  const whole = Math.round(bytes);
  if (whole < 1024) return `${whole} B`;
  return whole < MIB ? `${Math.floor(whole / 1024)} KiB` : formatSize(whole);
}

/** A change of bytes: `+1.2 GiB`, `-300 MiB`, `0 B`. */
export function signedSize(bytes: number | null): string {
  return bytes !== null && bytes > 0 && size(bytes) !== "0 B" ? `+${size(bytes)}` : size(bytes);
}

/** `+12 MiB/h` */
export function slope(bytesPerHour: number | null): string {
  if (bytesPerHour === null) return UNKNOWN;
  return `${bytesPerHour > 0 ? "+" : ""}${formatPrecise(bytesPerHour)}/h`;
}

/** The smallest growth that would have shown, rounded up: `2.31 MiB/h`. */
export function leastSlope(bytesPerHour: number | null): string {
  return bytesPerHour === null ? UNKNOWN : `${formatPrecise(bytesPerHour, "up")}/h`;
}

/** A ratio in per cent: `67 %`, and `4.2 %` below ten. */
export function share(ratio: number | null): string {
  if (ratio === null) return UNKNOWN;
  const percent = ratio * 100;
  const decimals = percent !== 0 && Math.abs(percent) < 9.95 ? 1 : 0;
  return `${roundHalfEven(percent, decimals)} %`;
}

/** A change of a ratio: `+5.0 %`. */
export function signedShare(ratio: number | null): string {
  return ratio !== null && ratio > 0 ? `+${share(ratio)}` : share(ratio);
}

/** A number of a series, in its unit. */
export function amount(value: number | null, unit: SeriesId["unit"]): string {
  return unit === "bytes" ? size(value) : share(value);
}

/** A change of a number of a series. */
export function signedAmount(value: number | null, unit: SeriesId["unit"]): string {
  return unit === "bytes" ? signedSize(value) : signedShare(value);
}

/** A moment of the session: `0:12:05`. */
export function moment(ms: number | null): string {
  return ms === null ? UNKNOWN : formatElapsed(ms);
}

/** A time span: `12 min 5 s`. */
export function span(ms: number | null): string {
  return ms === null ? UNKNOWN : formatDuration(ms);
}

/** A number with so many decimals. */
export function decimal(value: number | null, decimals: number): string {
  return value === null ? UNKNOWN : roundHalfEven(value, decimals);
}

/** A probability: `0.013`, `< 0.001`. */
export function probability(p: number | null): string {
  if (p === null) return UNKNOWN;
  return p < 0.001 ? "< 0.001" : roundHalfEven(p, 3);
}

/** A number with its unit behind it: `71 °C`. */
export function withUnit(value: number | null, unit: string, decimals = 0): string {
  return value === null ? UNKNOWN : `${roundHalfEven(value, decimals)} ${unit}`;
}

/** `1 phase`, `3 phases`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A wall clock: `2026-01-31 12:00:00 UTC`. One that can't be a time is not known. */
export function wallClock(ms: number): string {
  const at = new Date(ms);
  return Number.isNaN(at.getTime())
    ? UNKNOWN
    : `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
