/**
 * Names at the border: camelCase inside the program, snake_case in JSON outside.
 *
 * The rule is mechanical and reversible: each capital letter is an underscore and its small letter, and
 * nothing else changes. Digits are no word of their own (`avg10Ratio` is `avg10_ratio`), and an acronym
 * is one word (`pciBusId`, `smClockMhz`). Only keys are renamed, never values; what stands under `labels` is somebody's
 * own, names included, and stays.
 */
import { escapeJson } from "./text.ts";

/** A copy of a JSON value with every key, at any depth, in snake_case. */
export function toSnakeCase(value: unknown): unknown {
  return renameKeys(value, snakeKey);
}

/** A copy of a JSON value with every key, at any depth, in camelCase: the inverse of {@linkcode toSnakeCase}. */
export function toCamelCase(value: unknown): unknown {
  return renameKeys(value, camelKey);
}

/** Keys renamed so far: they are those of our records, and come again with every line. */
const SNAKE_KEYS = new Map<string, string>();
/** Keys kept; what is beyond them is renamed anew. */
const MOST_KEYS = 1_000;

/** `pciBusId` → `pci_bus_id`. */
export function snakeKey(key: string): string {
  const known = SNAKE_KEYS.get(key);
  if (known !== undefined) return known;
  const renamed = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (SNAKE_KEYS.size < MOST_KEYS) SNAKE_KEYS.set(key, renamed);
  return renamed;
}

/** `pci_bus_id` → `pciBusId`. */
export function camelKey(key: string): string {
  return key.replace(/(?<=[^_])_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * The value as one line of JSON, keys in snake_case, line break included. Characters that could act on a
 * terminal are written `\uXXXX`, which parsers read as the same text.
 */
export function toJsonLine(value: unknown): string {
  return `${escapeJson(JSON.stringify(toSnakeCase(value)))}\n`;
}

function renameKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, rename));
  if (value === null || typeof value !== "object") return value;
  // `fromEntries` defines properties, so that a key named `__proto__` stays a mere key.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) =>
      key === "labels" ? [key, item] : [rename(key), renameKeys(item, rename)]
    ),
  );
}
