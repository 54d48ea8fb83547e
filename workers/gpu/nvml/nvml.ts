/**
 * The source `nvml`: NVIDIA's management library, opened once and kept, opened anew after a call that shows
 * that the driver went away.
 */
import type { Failure } from "../../../lib/errors.ts";
import type { Host } from "../../host/host.ts";
import { makeProcessNamer } from "../../proc_names.ts";
import type { ProcessNamer } from "../../process_namer.ts";
import type {
  GpuQuestion,
  GpuReading,
  GpuSource,
  GpuSourceOptions,
  MakeGpuSource,
} from "../source.ts";
import { readDevice } from "./device.ts";
import { diagnoseNvml } from "./diagnose.ts";
import { type KnownDevice, unknownDevice } from "./identity.ts";
import { KeptLibrary } from "./kept_library.ts";
import { openFailure } from "./open_failure.ts";
import {
  codeName,
  FUNCTION_NOT_FOUND,
  isStale,
  LIB_RM_VERSION_MISMATCH,
  NOT_BELIEVABLE,
  nvmlFailure,
  SUCCESS,
} from "./return_codes.ts";
import { isSession, type OpenFailure, openSession, readVersions, type Session } from "./session.ts";
import { type OnCall, rawText } from "./trace.ts";
import { type Untold, untoldFailures } from "./untold.ts";

/** More GPUs than this no machine has; a larger number is not believed. */
const MOST_GPUS = 1024;

/** Makes the source. */
export const makeNvml: MakeGpuSource = (host, options) => new Nvml(host, options);

class Nvml implements GpuSource {
  readonly name = "nvml";
  readonly #host: Host;
  readonly #options: GpuSourceOptions;
  readonly #namer: ProcessNamer;
  readonly #onCall: OnCall | null;
  readonly #library: KeptLibrary;
  #session: Session | null = null;
  /** Kept when the session is not: a device that is lost keeps its name. */
  readonly #known: KnownDevice[] = [];

  constructor(host: Host, options: GpuSourceOptions) {
    this.#host = host;
    this.#options = options;
    this.#namer = makeProcessNamer(host);
    this.#library = new KeptLibrary(host, options.nvmlPath);
    this.#onCall = options.debug
      ? (name, code, ms, args) =>
        host.debug(() =>
          `nvml ${name}(${args.map(rawText).join(", ")}): ${codeName(code)}, ${ms.toFixed(3)} ms`
        )
      : null;
  }

  read(question: GpuQuestion): GpuReading {
    this.#session ??= this.#open();
    const session = this.#session;
    if (session === null) {
      const { platform } = this.#host;
      return nothing([openFailure(this.#lastFailure!, this.#options.nvmlPath, platform)]);
    }
    const { functions: f, number } = session;
    const code = f.nvmlDeviceGetCount_v2?.(number) ?? FUNCTION_NOT_FOUND;
    if (code !== SUCCESS) {
      if (isStale(code)) this.#drop(code);
      return nothing([nvmlFailure(code, "count the GPUs")]);
    }
    const count = number[0]!;
    if (count > MOST_GPUS) return nothing([nvmlFailure(NOT_BELIEVABLE, "count the GPUs")]);
    return this.#readDevices(session, count, question);
  }

  diagnose() {
    return diagnoseNvml(this.#host, this.#options, this.#namer, this.#library);
  }

  /** The library stays loaded: unloading it can hang, and there is nothing else to gain at the end. */
  close(): void {
    this.#session?.functions.nvmlShutdown?.();
    this.#session = null;
    // Handles do not outlive the session.
    for (const known of this.#known) known.handle = null;
  }

  #lastFailure: OpenFailure | null = null;

  #open(): Session | null {
    const opened = openSession(this.#host, this.#library, this.#onCall);
    if (isSession(opened)) return opened;
    this.#lastFailure = opened;
    return null;
  }

  /** Has the next question initialise NVML anew; after an update of the driver, the updated one. */
  #drop(code: number): void {
    this.close();
    if (code === LIB_RM_VERSION_MISMATCH) this.#library.unload();
  }

  #readDevices(session: Session, count: number, question: GpuQuestion): GpuReading {
    const reading = { devices: [], processes: [], listedDevices: [], failures: [] } as {
      -readonly [K in Exclude<keyof GpuReading, "leftOut">]: GpuReading[K][number][];
    };
    const untold: Untold = [];
    readVersions(session, untold);
    reading.failures.push(...untoldFailures(untold, ""));
    let staleCode = untold.find(({ code }) => isStale(code))?.code ?? null;
    for (let index = 0; index < count; index++) {
      const known = this.#known[index] ??= unknownDevice(index);
      const read = readDevice(session, known, question, this.#host, this.#namer);
      this.#host.debug(() => `nvml GPU ${index}: ${JSON.stringify(read.device)}`);
      reading.devices.push(read.device);
      reading.processes.push(...read.processes);
      reading.failures.push(...read.failures);
      if (read.isListed) reading.listedDevices.push(index);
      staleCode ??= read.staleCode;
    }
    if (this.#namer.foreignNamespace && reading.processes.length > 0) {
      reading.failures.push(foreignFailure());
    }
    if (staleCode !== null) this.#drop(staleCode);
    return reading as GpuReading;
  }
}

function nothing(failures: readonly Failure[]): GpuReading {
  return { devices: [], processes: [], listedDevices: [], failures };
}

function foreignFailure(): Failure {
  return {
    code: "not_supported",
    source: "nvml",
    message:
      "Cannot match the driver's PIDs with ours: this is a container with a PID namespace of " +
      "its own; start it with --pid=host to see names",
  };
}
