/**
 * The source `nvml`: NVIDIA's management library, opened once and kept, opened anew after a call that shows
 * that the driver went away.
 */
import type { Failure } from "../../../lib/errors.ts";
import type { Host } from "../../host/host.ts";
import { makeProcessNamer, type ProcessNamer } from "../../proc_names.ts";
import type {
  GpuQuestion,
  GpuReading,
  GpuSource,
  GpuSourceOptions,
  MakeGpuSource,
} from "../source.ts";
import { type KnownDevice, readDevice, unknownDevice } from "./device.ts";
import { diagnoseNvml } from "./diagnose.ts";
import { codeName, FUNCTION_NOT_FOUND, isStale, nvmlFailure, SUCCESS } from "./return_codes.ts";
import { isSession, type OnCall, type OpenFailure, openSession, type Session } from "./session.ts";

/** Makes the source. */
export const makeNvml: MakeGpuSource = (host, options) => new Nvml(host, options);

class Nvml implements GpuSource {
  readonly name = "nvml";
  readonly #host: Host;
  readonly #options: GpuSourceOptions;
  readonly #namer: ProcessNamer;
  readonly #onCall: OnCall | null;
  #session: Session | null = null;
  /** Kept when the session is not: a device that is lost keeps its name. */
  readonly #known: KnownDevice[] = [];

  constructor(host: Host, options: GpuSourceOptions) {
    this.#host = host;
    this.#options = options;
    this.#namer = makeProcessNamer(host);
    this.#onCall = options.debug
      ? (name, code, ms) => host.debug(() => `nvml ${name}: ${codeName(code)}, ${ms.toFixed(3)} ms`)
      : null;
  }

  read(question: GpuQuestion): GpuReading {
    this.#session ??= this.#open();
    const session = this.#session;
    if (session === null) return nothing([openFailure(this.#lastFailure!, this.#options.nvmlPath)]);
    const { functions: f, number } = session;
    const code = f.nvmlDeviceGetCount_v2?.(number) ?? FUNCTION_NOT_FOUND;
    if (code !== SUCCESS) {
      if (isStale(code)) this.#drop();
      return nothing([nvmlFailure(code, "count the GPUs")]);
    }
    return this.#readDevices(session, number[0]!, question);
  }

  diagnose() {
    return diagnoseNvml(this.#host, this.#options, this.#namer);
  }

  close(): void {
    this.#session?.functions.nvmlShutdown?.();
    this.#session = null;
  }

  #lastFailure: OpenFailure | null = null;

  #open(): Session | null {
    const opened = openSession(this.#host, this.#options.nvmlPath, this.#onCall);
    if (isSession(opened)) return opened;
    this.#lastFailure = opened;
    return null;
  }

  /** Handles do not outlive the session. */
  #drop(): void {
    this.close();
    for (const known of this.#known) known.handle = null;
  }

  #readDevices(session: Session, count: number, question: GpuQuestion): GpuReading {
    const reading = { devices: [], processes: [], listedDevices: [], failures: [] } as {
      -readonly [K in keyof GpuReading]: GpuReading[K][number][];
    };
    let stale = false;
    for (let index = 0; index < count; index++) {
      const known = this.#known[index] ??= unknownDevice(index);
      const read = readDevice(session, known, question, this.#host, this.#namer);
      this.#host.debug(() => `nvml GPU ${index}: ${JSON.stringify(read.device)}`);
      reading.devices.push(read.device);
      reading.processes.push(...read.processes);
      reading.failures.push(...read.failures);
      if (read.isListed) reading.listedDevices.push(index);
      stale ||= isStale(read.worstCode);
    }
    if (this.#namer.foreignNamespace && reading.processes.length > 0) {
      reading.failures.push(foreignFailure());
    }
    if (stale) this.#drop();
    return reading as GpuReading;
  }
}

function nothing(failures: readonly Failure[]): GpuReading {
  return { devices: [], processes: [], listedDevices: [], failures };
}

/** The failure of not being able to open NVML at all. */
export function openFailure(
  { code, detail, refused }: OpenFailure,
  nvmlPath: string | null,
): Failure {
  if (code !== null) return nvmlFailure(code, "initialise NVML");
  const why = refused
    ? `${detail}; on Deno allow --allow-ffi`
    : nvmlPath === null
    ? "there is no libnvidia-ml here, NVIDIA's driver library"
    : detail;
  return {
    code: refused ? "permission_denied" : "absent",
    source: "nvml",
    message: `Cannot open NVML: ${why}`,
  };
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
