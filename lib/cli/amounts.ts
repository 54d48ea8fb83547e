/** Options whose values are times, sizes and thresholds as people write them. Pure. */
import { parseDuration, parseSize } from "../amounts.ts";
import type { DedicatedThreshold } from "../spill.ts";
import type { Valued } from "./command.ts";

const LONGEST_MS = 24 * 3_600_000;
/** About 68 years: longer than any clock here can count to is "for ever", which is to leave the option out. */
const FOREVER_MS = 2 ** 41;

/** `--interval`; a number alone is in `bare`, as the original has it. */
export function intervalOption(about: string, bare: "ms" | "s"): Valued<number> {
  const unit = bare === "ms" ? "milliseconds" : "seconds";
  return {
    about,
    value: "TIME",
    accepts: `a time from 1ms to 24h such as 100ms, 5s, 2m (a number alone is ${unit})`,
    parse: (text) => {
      const ms = parseDuration(text, bare);
      return ms !== undefined && ms >= 1 && ms <= LONGEST_MS ? ms : undefined;
    },
  };
}

/** `--duration` */
export function durationOption(about: string): Valued<number> {
  return {
    about,
    value: "TIME",
    accepts: "a time such as 500ms, 30s, 5m, 8h (a number alone is seconds)",
    parse: (text) => {
      const ms = parseDuration(text, "s");
      return ms !== undefined && ms <= FOREVER_MS ? ms : undefined;
    },
  };
}

/** `--dedicated-threshold` */
export function thresholdOption(about: string): Valued<DedicatedThreshold> {
  return {
    about,
    value: "P%|BYTES",
    accepts: "a share such as 85%, or a size such as 12GiB",
    parse: (text) => {
      const percent = /^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(text.trim())?.[1];
      if (percent !== undefined) {
        return Number(percent) > 0 && Number(percent) <= 100
          ? { percent: Number(percent) }
          : undefined;
      }
      const bytes = parseSize(text);
      return bytes !== undefined && bytes > 0 ? { bytes } : undefined;
    },
  };
}

/** An option whose value is a size. */
export function sizeOption(about: string): Valued<number> {
  return {
    about,
    value: "BYTES",
    accepts: "a size such as 268435456, 256MiB or 2GB",
    parse: parseSize,
  };
}

/** An option whose value counts something, from 1. */
export function countOption(about: string, most: number): Valued<number> {
  return {
    about,
    value: "N",
    accepts: `a whole number from 1 to ${most}`,
    parse: (text) => {
      const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
      return count >= 1 && count <= most ? count : undefined;
    },
  };
}
