/**
 * Machines that have the fake `libnvidia-ml.so.1`.
 *
 * A machine has a copy of the library, not a link: the loader takes two links to one file for one library.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type BuildOptions, compileNvml, LIBRARY } from "../native/compile.ts";

export { type BuildOptions, hasGcc, skipNative } from "../native/compile.ts";

/** One value of a configuration; several for a key that may be repeated. */
export type ConfValue = string | number | bigint | boolean | readonly (string | number)[];

/** Lines of the configuration, as text or as keys and values. The keys are in `test/native/README.md`. */
export type Conf = string | Readonly<Record<string, ConfValue>>;

/** Options of a machine. */
export interface MachineOptions extends BuildOptions {
  /** Keeps a log of the calls. */
  readonly log?: boolean;
}

/** A machine with the fake library. */
export interface FakeNvmlMachine extends Disposable {
  /** A folder of its own. */
  readonly dir: string;
  /** The library in it. */
  readonly nvmlPath: string;
  /** Changes the configuration; it holds from the next call on. */
  setConf(conf: Conf): void;
  /** The calls so far (`log: true`): the function, and the device where it is about one. */
  calls(): string[];
  /** Removes the folder. */
  cleanup(): void;
}

/** Builds that stand for the driver generations which differ in their functions, with their configuration. */
export const GENERATIONS = {
  /** No memory v2, no `_v2` or `_v3` list: rows of 16 bytes. */
  r440: {
    missing: without(["Compute", "Graphics", "MPSCompute"], ["_v2", "_v3"]).concat(
      "nvmlDeviceGetMPSComputeRunningProcesses",
      "nvmlDeviceGetMemoryInfo_v2",
      "nvmlDeviceGetRunningProcessDetailList",
      "nvmlDeviceGetConfComputeMemSizeInfo",
      "nvmlDeviceGetAddressingMode",
    ),
    conf: { driver: "440.100" },
  },
  /** No memory v2, no `_v3` list. */
  r470: {
    missing: without(["Compute", "Graphics", "MPSCompute"], ["_v3"]).concat(
      "nvmlDeviceGetMemoryInfo_v2",
      "nvmlDeviceGetRunningProcessDetailList",
      "nvmlDeviceGetConfComputeMemSizeInfo",
      "nvmlDeviceGetAddressingMode",
    ),
    conf: { driver: "470.256.02" },
  },
  /** The first R535: `_v3` rows of 32 bytes. */
  r535: {
    missing: ["nvmlDeviceGetRunningProcessDetailList", "nvmlDeviceGetAddressingMode"],
    conf: { driver: "535.43.02", stride: 32 },
  },
} as const satisfies Record<string, BuildOptions & { conf: Conf }>;

function without(kinds: readonly string[], suffixes: readonly string[]): string[] {
  return kinds.flatMap((kind) =>
    suffixes.map((suffix) => `nvmlDeviceGet${kind}RunningProcesses${suffix}`)
  );
}

/** The path of the library that lacks the functions in `missing`, compiled where it is not yet. */
export function buildFakeNvml(options: BuildOptions = {}): Promise<string> {
  return Promise.resolve().then(() => compileNvml(options));
}

/** Makes a machine: a folder with the library and its configuration. Remove it with `cleanup`. */
export function fakeMachine(conf: Conf = {}, options: MachineOptions = {}): FakeNvmlMachine {
  const library = compileNvml(options);
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-nvml-"));
  const nvmlPath = path.join(dir, LIBRARY);
  const log = path.join(dir, "calls.log");
  fs.copyFileSync(library, nvmlPath);
  const cleanup = () => fs.rmSync(dir, { recursive: true, force: true });
  const setConf = (next: Conf) => {
    const file = path.join(dir, "fake_nvml.conf");
    const text = confText(next) + (options.log ? `log=${log}\n` : "");
    fs.writeFileSync(`${file}.new`, /^reload=/m.test(text) ? text : `${text}reload=1\n`);
    fs.renameSync(`${file}.new`, file);
  };
  setConf(conf);
  return {
    dir,
    nvmlPath,
    setConf,
    calls: () => fs.existsSync(log) ? fs.readFileSync(log, "utf8").trimEnd().split("\n") : [],
    cleanup,
    [Symbol.dispose]: cleanup,
  };
}

/** The configuration as the library reads it. */
export function confText(conf: Conf): string {
  if (typeof conf === "string") return conf === "" || conf.endsWith("\n") ? conf : `${conf}\n`;
  return Object.entries(conf).flatMap(([key, value]) =>
    (Array.isArray(value) ? value as readonly (string | number)[] : [value])
      .map((one) => `${key}=${typeof one === "boolean" ? Number(one) : one}\n`)
  ).join("");
}
