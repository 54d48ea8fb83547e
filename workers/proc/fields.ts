/** Numbers out of the kernel's `Name:   123 kB` texts. */
import type { Bytes } from "../../lib/records.ts";

/** A whole number that JavaScript holds exactly, or `null`. */
export function wholeNumber(text: string | undefined): number | null {
  if (text === undefined || !/^\d+$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

/** The text after `key` and a colon at the start of a line, trimmed; `null` where there is no such line. */
export function fieldOf(text: string, key: string): string | null {
  const start = text.startsWith(key + ":") ? 0 : text.indexOf(`\n${key}:`) + 1;
  if (start === 0 && !text.startsWith(key + ":")) return null;
  const end = text.indexOf("\n", start);
  return text.slice(start + key.length + 1, end < 0 ? text.length : end).trim();
}

/** Bytes of a field that the kernel counts in KiB. `null` where there is none, or it is no number. */
export function kibField(text: string, key: string): Bytes {
  const value = fieldOf(text, key);
  return value === null ? null : kibOf(value);
}

/** Bytes of the value of such a field; the unit may be missing. `null` where it is no number. */
export function kibOf(value: string): Bytes {
  const kib = wholeNumber(value.endsWith(" kB") ? value.slice(0, -3).trim() : value);
  return kib === null || kib > Number.MAX_SAFE_INTEGER / 1024 ? null : kib * 1024;
}
