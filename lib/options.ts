/** What a caller may choose about a meter, the defaults, and their checking. */
import { readEnv } from "./env.ts";
import { hasFolder, isRooted } from "./paths.ts";
import { isSourceName, SOURCE_NAMES, type SourceName } from "./sources.ts";
import { sourcesHere } from "./system.ts";

/** How the prober is kept apart from the program that asks. */
export type Isolation =
  /** A thread of this process: contains hangs only. A crash in the driver ends this process. */
  | "worker"
  /** A child process: contains hangs, crashes, lost locks and uninterruptible sleep. */
  | "process";

/** Options of {@linkcode openMeter}. */
export interface MeterOptions {
  /**
   * @default `"worker"` on Bun; on Deno `"process"` where it may run itself, else `"worker"`.
   */
  readonly isolation?: Isolation;
  /**
   * The sources that may be asked.
   * @default the list in `HMN_SOURCES` (separated by commas), else all.
   */
  readonly sources?: readonly SourceName[];
  /**
   * Time a source may take before the caller is answered without it (`slow`). The call may still finish.
   * @default 4000
   */
  readonly softBudgetMs?: number;
  /**
   * Time a source may take before its worker is given up (`hung`).
   * @default 10000
   */
  readonly hardBudgetMs?: number;
  /**
   * Time a worker may take to start.
   * @default 5000
   */
  readonly startBudgetMs?: number;
  /**
   * Time a question may take as a whole. It exceeds a soft budget, a start and the fallback's budget.
   * @default two soft budgets and two starts
   */
  readonly deadlineMs?: number;
  /**
   * How long a source that was lost is left alone: the first time, and at most. It doubles in between.
   * @default { firstMs: 10_000, maxMs: 600_000 }
   */
  readonly quarantine?: { readonly firstMs: number; readonly maxMs: number };
  /**
   * NVML library to use instead of the usual ones.
   * @default the path in `HMN_NVML_PATH`
   */
  readonly nvmlPath?: string;
  /**
   * nvidia-smi program to use instead of the one on the PATH.
   * @default the path in `HMN_NVIDIA_SMI_PATH`
   */
  readonly nvidiaSmiPath?: string;
  /** Called about once a second while a source is waited for. */
  readonly onWait?: (source: SourceName, waitedMs: number) => void;
  /**
   * Called with each raw native value.
   * @default prints to stderr where `HMN_DEBUG=1`, else nothing
   */
  readonly onDebug?: (line: string) => void;
}

/** Options with everything decided. */
export interface Settings {
  readonly isolation: Isolation | "auto";
  readonly sources: readonly SourceName[];
  readonly softBudgetMs: number;
  readonly hardBudgetMs: number;
  readonly startBudgetMs: number;
  readonly deadlineMs: number;
  readonly quarantine: { readonly firstMs: number; readonly maxMs: number };
  readonly nvmlPath: string | null;
  readonly nvidiaSmiPath: string | null;
  readonly onWait: ((source: SourceName, waitedMs: number) => void) | null;
  readonly onDebug: ((line: string) => void) | null;
}

function milliseconds(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (typeof value !== "number") throw new TypeError(`Cannot use ${name}: it must be a number`);
  if (!(value > 0 && value <= 86_400_000)) {
    throw new RangeError(`Cannot use ${name}: ${value} is not between 0 and 86400000 milliseconds`);
  }
  return value;
}

/** Parses a list of sources such as `proc,nvml`. Throws a `RangeError` that names a wrong one. */
export function parseSources(list: string): SourceName[] {
  const names = list.split(",").map((name) => name.trim()).filter((name) => name !== "");
  return checkSources(names);
}

function checkSources(names: readonly string[]): SourceName[] {
  const wrong = names.find((name) => !isSourceName(name));
  if (wrong !== undefined) {
    throw new RangeError(
      `Cannot use source ${JSON.stringify(wrong)}: the sources are ${SOURCE_NAMES.join(", ")}`,
    );
  }
  return SOURCE_NAMES.filter((name) => names.includes(name));
}

/** A path relative to our working directory, which is not the worker's. A bare name is left to the loader. */
function absolute(path: string | null): string | null {
  if (path === null || isRooted(path) || !hasFolder(path)) return path;
  return `${"Deno" in globalThis ? Deno.cwd() : process.cwd()}/${path}`;
}

/** Decides everything a caller left open. Throws TypeError or RangeError naming a wrong option. */
export function settle(options: MeterOptions): Settings {
  const isolation = options.isolation ?? "auto";
  if (isolation !== "auto" && isolation !== "worker" && isolation !== "process") {
    throw new RangeError(
      `Cannot use isolation ${JSON.stringify(isolation)}: it is "worker" or "process"`,
    );
  }
  const softBudgetMs = milliseconds("softBudgetMs", options.softBudgetMs, 4_000);
  const hardBudgetMs = milliseconds(
    "hardBudgetMs",
    options.hardBudgetMs,
    Math.max(10_000, softBudgetMs),
  );
  if (hardBudgetMs < softBudgetMs) {
    throw new RangeError(
      `Cannot use hardBudgetMs: ${hardBudgetMs} is below softBudgetMs, ${softBudgetMs}`,
    );
  }
  const startBudgetMs = milliseconds("startBudgetMs", options.startBudgetMs, 5_000);
  const listed = readEnv("HMN_SOURCES");
  const debugging = readEnv("HMN_DEBUG") === "1";
  return {
    isolation,
    sources: options.sources === undefined
      ? listed === undefined || listed === "" ? sourcesHere() : parseSources(listed)
      : checkSources(options.sources),
    softBudgetMs,
    hardBudgetMs,
    startBudgetMs,
    deadlineMs: milliseconds(
      "deadlineMs",
      options.deadlineMs,
      2 * (softBudgetMs + startBudgetMs),
    ),
    quarantine: {
      firstMs: milliseconds("quarantine.firstMs", options.quarantine?.firstMs, 10_000),
      maxMs: milliseconds("quarantine.maxMs", options.quarantine?.maxMs, 600_000),
    },
    nvmlPath: absolute(options.nvmlPath ?? (readEnv("HMN_NVML_PATH") || null)),
    nvidiaSmiPath: absolute(options.nvidiaSmiPath ?? (readEnv("HMN_NVIDIA_SMI_PATH") || null)),
    onWait: options.onWait ?? null,
    onDebug: options.onDebug ?? (debugging ? (line) => console.error(`[hmn debug] ${line}`) : null),
  };
}
