/** The options of `hmn check` that state rules. Pure. */
import { parseSize } from "../amounts.ts";
import type { ByteLimit, Rule } from "../session/check/records.ts";
import type { Valued } from "./command.ts";
import { UsageError } from "./usage_error.ts";

/** An option whose value is a limit in bytes, or relative to the baseline. */
export function limitOption(about: string): Valued<ByteLimit> {
  return {
    about,
    value: "LIMIT",
    accepts: "a size such as 10GiB, or +5% of the baseline",
    parse: (text) => {
      const percent = /^\+(\d{1,4}(?:\.\d{1,3})?)%$/.exec(text.trim())?.[1];
      if (percent !== undefined) return { kind: "relative", ratio: Number(percent) / 100 };
      const bytes = parseSize(text);
      return bytes === undefined ? undefined : { kind: "bytes", bytes };
    },
  };
}

/** The rules as they were given. */
export interface RuleFlags {
  readonly peakVram: ByteLimit | undefined;
  readonly peakRam: ByteLimit | undefined;
  readonly meanVram: ByteLimit | undefined;
  readonly meanRam: ByteLimit | undefined;
  readonly noLeak: boolean;
  readonly maxZone: "safe" | "caution" | undefined;
  readonly expect: boolean;
}

/**
 * The rules that were stated, in the order of the help.
 *
 * @throws {UsageError} where one is relative to a baseline that is not there
 */
export function statedRules(flags: RuleFlags, hasBaseline: boolean): readonly Rule[] {
  const rules: Rule[] = [
    ...limit("peak", "vram", flags.peakVram, hasBaseline),
    ...limit("peak", "ram", flags.peakRam, hasBaseline),
    ...limit("mean", "vram", flags.meanVram, hasBaseline),
    ...limit("mean", "ram", flags.meanRam, hasBaseline),
  ];
  if (flags.noLeak) rules.push({ kind: "no_leak" });
  if (flags.maxZone !== undefined) rules.push({ kind: "max_zone", zone: flags.maxZone });
  if (flags.expect) rules.push({ kind: "expect" });
  return rules;
}

function limit(
  kind: "peak" | "mean",
  of: "vram" | "ram",
  value: ByteLimit | undefined,
  hasBaseline: boolean,
): readonly Rule[] {
  if (value === undefined) return [];
  if (value.kind === "relative" && !hasBaseline) {
    throw new UsageError(
      `--max-${kind}-${of} is relative, and there is nothing it is relative to: give --baseline`,
    );
  }
  return [{ kind, of, limit: value }];
}
