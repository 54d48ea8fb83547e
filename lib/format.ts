/**
 * Numbers as text for people: pure functions, no locale, the rounding of the original.
 *
 * Ties go to the even digit, on the exact binary value: 1.25 is `1.2` and 0.5 is `0`, where `toFixed`
 * says `1.3` and `1`. A zero has no minus sign. An unknown number is `?`.
 */
import type { Bytes } from "./records.ts";

/** Bytes of one MiB; the original's lines write it `MB`. */
export const MIB = 1024 ** 2;
/** Bytes of one GiB. */
export const GIB = 1024 ** 3;

/** Stands for a number that is not known. */
export const UNKNOWN = "?";

/**
 * Writes `value` with exactly `decimals` digits after the point, ties to the even digit.
 *
 * @throws {RangeError} when `value` is not finite, or `decimals` is not a whole number from 0 to 100.
 */
export function roundHalfEven(value: number, decimals: number): string {
  return shiftedAndRounded(value, 0, decimals);
}

/** Like {@linkcode roundHalfEven}, with a `+` before everything that is not negative, zero included. */
export function roundHalfEvenSigned(value: number, decimals: number): string {
  const text = roundHalfEven(value, decimals);
  return text.startsWith("-") ? text : `+${text}`;
}

/** Bytes in units of 2^20; `null` stays `null`. Exact for whole bytes up to 2^53-1. */
export function bytesToMb(bytes: number): number;
export function bytesToMb(bytes: Bytes): number | null;
export function bytesToMb(bytes: Bytes): number | null {
  return bytes === null ? null : bytes / MIB;
}

/** `13284 MB`: units of 2^20 bytes, ties to even, as the report's lines have it. */
export function formatMb(bytes: Bytes): string {
  return bytes === null ? UNKNOWN : `${roundHalfEven(bytesToMb(bytes), 0)} MB`;
}

/** `+100 MB`, `-30 MB`, `+0 MB`: a difference of bytes. */
export function formatSignedMb(bytes: Bytes): string {
  return bytes === null ? UNKNOWN : `${roundHalfEvenSigned(bytesToMb(bytes), 0)} MB`;
}

/** `14274 MiB`: whole MiB, the rest cut off, as the device lines have it. */
export function formatMib(bytes: Bytes): string {
  return bytes === null ? UNKNOWN : `${Math.floor(bytes / MIB)} MiB`;
}

/** `512 MiB` (cut off) below one GiB, `8.2 GiB` (one decimal, ties to even) from there on. */
export function formatSize(bytes: Bytes): string {
  if (bytes === null) return UNKNOWN;
  return bytes < GIB ? formatMib(bytes) : `${roundHalfEven(bytes / GIB, 1)} GiB`;
}

/** `45.5%` of a ratio 0…1: one decimal, ties to even. */
export function formatPercent(ratio: number | null): string {
  return ratio === null ? UNKNOWN : `${roundHalfEven(ratio * 100, 1)}%`;
}

const BINARY_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/**
 * `48.7 MiB`: three significant digits, for rates and differences in which a rounded-off digit would mislead. `"up"`
 * rounds away from zero, for limits that a number must not fall below.
 */
export function formatPrecise(bytes: number, rounding: "nearest" | "up" = "nearest"): string {
  if (!Number.isFinite(bytes)) return UNKNOWN;
  const sign = bytes < 0 ? "-" : "";
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 999.5 && unit < BINARY_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const decimals = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  const scale = 10 ** decimals;
  const digits = rounding === "up" ? Math.ceil(value * scale - 1e-9) : Math.round(value * scale);
  return `${digits === 0 ? "" : sign}${(digits / scale).toFixed(decimals)} ${BINARY_UNITS[unit]}`;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A time span in at most two units: `0.3 ms`, `850 ms`, `3.8 s`, `2 min 5 s`, `1 h 30 min`, `2 d 4 h`. */
export function formatDuration(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms === 0) return "0 ms";
  // Each step asks for the rounded number, so that 59.97 s reads `1 min` and never `60.0 s`.
  const tenthsOfMs = roundHalfEven(ms, 1);
  if (Number(tenthsOfMs) < 10) return `${tenthsOfMs} ms`;
  const wholeMs = roundHalfEven(ms, 0);
  if (Number(wholeMs) < SECOND) return `${wholeMs} ms`;
  const tenthsOfSeconds = roundHalfEven(ms / SECOND, 1);
  if (Number(tenthsOfSeconds) < 60) return `${tenthsOfSeconds} s`;
  const seconds = Math.round(ms / SECOND);
  if (seconds < 3600) return inTwoUnits(seconds, 60, "min", "s");
  const minutes = Math.round(ms / MINUTE);
  if (minutes < 24 * 60) return inTwoUnits(minutes, 60, "h", "min");
  return inTwoUnits(Math.round(ms / HOUR), 24, "d", "h");
}

/** Time that runs, to the second: `0:00:30`, `26:03:07`. */
export function formatElapsed(ms: number): string {
  const seconds = Math.floor(ms / SECOND);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function inTwoUnits(count: number, perLarge: number, large: string, small: string): string {
  const rest = count % perLarge;
  const first = `${Math.floor(count / perLarge)} ${large}`;
  return rest === 0 ? first : `${first} ${rest} ${small}`;
}

/** value × 10^shift with `decimals` digits after the point, rounded once. */
function shiftedAndRounded(value: number, shift: number, decimals: number): string {
  if (!Number.isFinite(value)) {
    throw new RangeError(`Cannot format a number: ${value} is not finite`);
  }
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 100) {
    throw new RangeError("Cannot format a number: decimals must be a whole number from 0 to 100");
  }
  const scaled = scaledMagnitude(value, shift + decimals);
  const text = withPoint(scaled, decimals);
  return value < 0 && scaled !== 0n ? `-${text}` : text;
}

/** |value| × 10^places, rounded half to even: all in whole numbers, since every double is m × 2^e. */
function scaledMagnitude(value: number, places: number): bigint {
  const { mantissa, exponent } = decompose(value);
  const scaled = mantissa * 10n ** BigInt(places);
  if (exponent >= 0) return scaled << BigInt(exponent);
  const divisor = 1n << BigInt(-exponent);
  const quotient = scaled / divisor;
  const twiceTheRest = (scaled % divisor) * 2n;
  const up = twiceTheRest > divisor || (twiceTheRest === divisor && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

/** The parts of a finite double: |value| = mantissa × 2^exponent. */
function decompose(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const biased = Number((bits >> 52n) & 0x7ffn);
  // A biased exponent of 0 marks the subnormal numbers, which have no hidden leading bit.
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

function withPoint(scaled: bigint, decimals: number): string {
  if (decimals === 0) return scaled.toString();
  const digits = scaled.toString().padStart(decimals + 1, "0");
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
