/** Times, sizes and thresholds as people write them. Pure. */
import type { DedicatedThreshold } from "../spill.ts";
import type { Valued } from "./command.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const LONGEST_MS = 24 * 3_600_000;
/** About 68 years: longer than any clock here can count to is "for ever", which is to leave the option out. */
const FOREVER_MS = 2 ** 41;

/** `500ms`, `5s`, `2m`, `1h`, `0.5s`; a number alone is in `bare`. `undefined`: it is none, or 0. */
export function parseDuration(text: string, bare: "ms" | "s"): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h)?$/.exec(text.trim());
  if (match === null) return undefined;
  const ms = Number(match[1]) * UNIT_MS[match[2] ?? bare]!;
  return ms > 0 ? ms : undefined;
}

const SIZE_BYTES: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};

/** `268435456`, `256MiB`, `256M`, `1.5GiB`, `2GB`: units of 1024, and of 1000 with `B` alone, as coreutils has them. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,16}(?:\.\d{1,9})?) ?([KMGT]?)(iB|B)?$/.exec(text.trim());
  if (match === null || (match[2] === "" && match[3] === "iB")) return undefined;
  const unit = match[3] === "B" ? `${match[2]}B` : match[2]!;
  const bytes = Math.round(Number(match[1]) * SIZE_BYTES[unit]!);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

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
