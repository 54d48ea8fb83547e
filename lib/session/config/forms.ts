/** The forms that values of a configuration file can have: one reader for each, and what it accepts. Pure. */
import { parseDuration, parseSize } from "../../amounts.ts";
import type { Range } from "./settings.ts";

/** A single value. */
export interface ValueForm<T> {
  readonly kind: "value";
  /** Says in an error what is accepted: `a size such as "4GiB"`. */
  readonly accepts: string;
  /** `undefined`: the value has none of the accepted forms. */
  parse(value: unknown): T | undefined;
}

/** A value that `text` accepts as a string; other types have no form. */
export function text(accepts: string, isAccepted: (text: string) => boolean): ValueForm<string> {
  return {
    kind: "value",
    accepts,
    parse: (value) => typeof value === "string" && isAccepted(value) ? value : undefined,
  };
}

/** One of a few words. */
export function oneOf<T extends string>(words: readonly T[]): ValueForm<T> {
  return {
    kind: "value",
    accepts: words.map((word) => JSON.stringify(word)).join(", ").replace(/, (?=[^,]*$)/, " or "),
    parse: (value) => words.find((word) => word === value),
  };
}

/** A number from `least` to `most`, which `read` may take from a text. */
function amount(
  accepts: string,
  read: (text: string) => number | undefined,
  least: number,
  most: number,
): ValueForm<number> {
  return {
    kind: "value",
    accepts,
    parse: (value) => {
      const number = typeof value === "string" ? read(value.trim()) : value;
      // `-0` is 0.
      return typeof number === "number" && number >= least && number <= most
        ? number + 0
        : undefined;
    },
  };
}

/** A time in milliseconds. */
export function duration(accepts: string, leastMs: number, mostMs: number): ValueForm<number> {
  const read = (text: string) => {
    if (/^0+(?:ms|s|m|h)$/.test(text)) return 0;
    // A text without a unit could mean anything.
    return /^[\d.]*$/.test(text) ? undefined : parseDuration(text, "ms");
  };
  return amount(
    `${accepts} such as "500ms", "2s", "5m" or "1h" (a number alone is milliseconds)`,
    read,
    leastMs,
    mostMs,
  );
}

/** Whole bytes. */
export function size(accepts: string, least = 1): ValueForm<number> {
  const form = amount(
    `${accepts} such as "4GiB", "512MiB" or "2GB" (a number alone is bytes)`,
    parseSize,
    least,
    Number.MAX_SAFE_INTEGER,
  );
  return whole(form);
}

/** Whole bytes that may be less than 0. */
export function change(): ValueForm<number> {
  const form = amount(
    `a size such as "64MiB" or "-1GiB" (a number alone is bytes)`,
    signed(parseSize),
    -Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
  );
  return whole(form);
}

/** Bytes a second, which may be less than 0. */
export function rate(): ValueForm<number> {
  return amount(
    `a rate such as "100MiB/s" or "-1GiB/s" (a number alone is bytes a second)`,
    signed((text) => text.endsWith("/s") ? parseSize(text.slice(0, -2)) : undefined),
    -Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
  );
}

/** A share from `least` to 1. */
export function ratio(least = Number.MIN_VALUE): ValueForm<number> {
  return amount(`a share such as 0.85, "85%" or "5/6"`, readRatio, least, 1);
}

function readRatio(text: string): number | undefined {
  const percent = /^(\d{1,3}(?:\.\d{1,9})?) ?%$/.exec(text);
  if (percent !== null) return Number(percent[1]) / 100;
  const fraction = /^(\d{1,6}) ?\/ ?(\d{1,6})$/.exec(text);
  // Divided by 0 it is infinite, and so above 1.
  return fraction === null ? undefined : Number(fraction[1]) / Number(fraction[2]);
}

/** From one value to another, or open at one side. */
export function range(
  form: ValueForm<number>,
  example: readonly [string, string],
): ValueForm<Range> {
  const [least, most] = example.map((text) => JSON.stringify(text));
  return {
    kind: "value",
    accepts: `a range such as [${least}, ${most}], or with one limit { least = ${least} } or ` +
      `{ most = ${most} }; each is ${form.accepts}`,
    parse: (value) => {
      const limits = limitsOf(value);
      if (limits === undefined) return undefined;
      const [low, high] = limits.map((limit) => limit === undefined ? null : form.parse(limit));
      if (low === undefined || high === undefined || (low === null && high === null)) {
        return undefined;
      }
      return low !== null && high !== null && low > high ? undefined : { least: low, most: high };
    },
  };
}

function limitsOf(value: unknown): readonly [unknown, unknown] | undefined {
  if (Array.isArray(value)) return value.length === 2 ? [value[0], value[1]] : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  const { least, most, ...others } = value as Record<string, unknown>;
  return Object.keys(others).length === 0 ? [least, most] : undefined;
}

/** The form, or `null` in JSON, which is "not set". */
export function orNull<T>(form: ValueForm<T>): ValueForm<T | null> {
  return { ...form, parse: (value) => value === null ? null : form.parse(value) };
}

function signed(read: (text: string) => number | undefined) {
  return (text: string) => {
    if (!text.startsWith("-")) return read(text);
    const number = read(text.slice(1).trim());
    return number === undefined ? undefined : -number;
  };
}

function whole(form: ValueForm<number>): ValueForm<number> {
  return {
    ...form,
    parse: (value) => {
      const number = form.parse(value);
      return Number.isInteger(number) ? number : undefined;
    },
  };
}
