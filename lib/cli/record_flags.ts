/** The options of `hmn record` that make settings. Pure. */
import { HypomnesisError } from "../errors.ts";
import { checkSettings } from "../session/config/check_settings.ts";
import {
  DEFAULT_SETTINGS,
  type GroupPatch,
  type SessionSettings,
  type SettingsPatch,
} from "../session/config/settings.ts";
import { isSessionName, NAME_FORM } from "../session/file_names.ts";
import { MATCHER_FORMS, parseMatcher } from "../session/look/targets.ts";
import { parseDuration, parseSize } from "../amounts.ts";
import { isWindows } from "../system.ts";
import type { Valued } from "./command.ts";

/** A share or a size: `67%`, `8GiB`. */
export type ShareOrSize = { readonly ratio: number } | { readonly bytes: number };

/** An option that takes a share or a size. */
export function levelOption(about: string): Valued<ShareOrSize> {
  return {
    about,
    value: "P%|SIZE",
    accepts: "a share such as 85%, or a size such as 10GiB",
    parse: (text) => {
      const percent = /^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(text.trim())?.[1];
      if (percent !== undefined) {
        const ratio = Number(percent) / 100;
        return ratio > 0 && ratio <= 1 ? { ratio } : undefined;
      }
      const bytes = parseSize(text);
      return bytes !== undefined && bytes > 0 ? { bytes } : undefined;
    },
  };
}

/** A limit of a group. */
export interface GroupLimit {
  readonly group: string;
  readonly of: "ram" | "vram";
  readonly bytes: number;
}

/** `--limit` */
export const LIMIT: Valued<readonly GroupLimit[]> = {
  about:
    "RAM that a watched group should stay below; with vram: before it, GPU memory; may be given several times",
  value: "[vram:]NAME=SIZE",
  accepts: "a watched name and a size such as ollama=4GiB or vram:ollama=8GiB",
  repeats: true,
  parse: (text) => {
    const match = /^(?:(v?ram):)?(.+)=([^=]+)$/u.exec(text);
    const bytes = match === null ? undefined : parseSize(match[3]!);
    if (match === null || bytes === undefined || bytes <= 0) return undefined;
    return [{ group: match[2]!, of: match[1] === "vram" ? "vram" : "ram", bytes }];
  },
};

/** `--watch` */
export const WATCH: Valued<readonly string[]> = {
  about: "what to watch beside the machine; may be given several times",
  value: "WHAT",
  accepts: MATCHER_FORMS,
  repeats: true,
  parse: (text) => parseMatcher(text) === undefined ? undefined : [text],
};

/** `--name` */
export const NAME: Valued<string> = {
  about: "name of the session, part of its files' names; the command's or the machine's by default",
  value: "NAME",
  accepts: NAME_FORM,
  parse: (text) => isSessionName(text) ? text : undefined,
};

/** `--rotate` */
export const ROTATE: Valued<{ readonly bytes: number } | { readonly ms: number }> = {
  about: "go on in new files, and compress the old ones, at this size or age",
  value: "SIZE|TIME",
  accepts: "a size of at least 64KiB such as 100MiB, or a time of at least 1m such as 24h",
  parse: (text) => {
    const ms = /^[\d.]+$/.test(text) ? undefined : parseDuration(text, "s");
    if (ms !== undefined) return ms >= 60_000 ? { ms } : undefined;
    const bytes = parseSize(text);
    return bytes !== undefined && bytes >= 65_536 ? { bytes } : undefined;
  },
};

/** What the flags say; `undefined` where one was not given. */
export interface RecordFlags {
  readonly name: string | undefined;
  readonly out: string | undefined;
  readonly interval: number | undefined;
  readonly duration: number | undefined;
  readonly sync: number | undefined;
  readonly rotate: { readonly bytes: number } | { readonly ms: number } | undefined;
  readonly phase: string | undefined;
  readonly watch: readonly string[];
  readonly limits: readonly GroupLimit[];
  readonly gpuCaution: ShareOrSize | undefined;
  readonly gpuCritical: ShareOrSize | undefined;
  readonly ramWarning: ShareOrSize | undefined;
  readonly ramCritical: ShareOrSize | undefined;
  readonly onAlert: string | undefined;
  readonly webhook: string | undefined;
}

/**
 * What the flags say of the settings. `groups`: those of the file, whose limits may be changed.
 *
 * @throws {HypomnesisError} `invalid_request` where a limit is of something that is not watched
 */
export function patchOf(flags: RecordFlags, groups: readonly string[]): SettingsPatch {
  const { name, out, interval, duration, sync, phase, onAlert, webhook } = flags;
  return {
    ...given("name", name),
    ...given("out", out),
    ...given("intervalMs", interval),
    ...given("durationMs", duration),
    ...given("syncMs", sync),
    ...given("initialPhase", phase),
    ...rotationOf(flags),
    gpu: {
      ...level(flags.gpuCaution, "cautionRatio", "cautionBytes"),
      ...level(flags.gpuCritical, "criticalRatio", "criticalBytes"),
    },
    ram: {
      ...targetBelow(flags.ramWarning),
      ...level(flags.ramWarning, "warningRatio", "warningBytes"),
      ...level(flags.ramCritical, "criticalRatio", "limitBytes"),
    },
    groups: groupsOf(flags, groups),
    notify: {
      ...given("command", onAlert === undefined ? undefined : shellLine(onAlert)),
      ...given("webhook", webhook),
    },
  };
}

/** A line for the system's shell. */
function shellLine(line: string): readonly string[] {
  return isWindows() ? ["cmd.exe", "/d", "/s", "/c", line] : ["/bin/sh", "-c", line];
}

function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : { [key]: value } as { readonly [P in K]: V };
}

/** Who warns earlier than the usual target lies has a lower target, in the same proportion. */
function targetBelow(warning: ShareOrSize | undefined) {
  const { targetRatio, warningRatio } = DEFAULT_SETTINGS.ram;
  if (warning === undefined || !("ratio" in warning) || warning.ratio > targetRatio) return {};
  return { targetRatio: warning.ratio * targetRatio / warningRatio };
}

function rotationOf({ rotate }: RecordFlags) {
  if (rotate === undefined) return {};
  return "bytes" in rotate
    ? { rotateBytes: rotate.bytes, rotateMs: null }
    : { rotateBytes: null, rotateMs: rotate.ms };
}

function level<R extends string, B extends string>(
  of: ShareOrSize | undefined,
  ratioKey: R,
  bytesKey: B,
) {
  if (of === undefined) return {};
  return "ratio" in of ? given(ratioKey, of.ratio) : given(bytesKey, of.bytes);
}

/** A limit of something that is watched by its name makes a group of it. */
function groupsOf({ watch, limits }: RecordFlags, known: readonly string[]): readonly GroupPatch[] {
  for (const { group } of limits) {
    if (known.includes(group) || watch.includes(group)) continue;
    throw new HypomnesisError(
      "invalid_request",
      `Cannot limit ${JSON.stringify(group)}: it is not watched; add --watch ${group}`,
    );
  }
  return limits.map(({ group, of, bytes }) => ({
    name: group,
    ...known.includes(group) ? {} : { match: [group] },
    ...of === "ram" ? { ramLimitBytes: bytes } : { vramLimitBytes: bytes },
  }));
}

/**
 * Refuses settings that contradict one another, as flags and file together can.
 *
 * @throws {HypomnesisError} `invalid_request` naming the keys, as a configuration file has them
 */
export function refuseContradictions(settings: SessionSettings): void {
  const problems = checkSettings(settings).map(({ path, what }) => `${path} ${what}`);
  if (problems.length === 0) return;
  throw new HypomnesisError(
    "invalid_request",
    `Cannot record with these settings: ${problems.join("; ")}`,
  );
}
