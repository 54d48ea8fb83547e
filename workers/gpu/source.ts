/** The contract of a GPU source. One folder a source; `registry.ts` is their list. */
import type { Failure } from "../../lib/errors.ts";
import type { DeviceInfo, Finding, GpuProcess } from "../../lib/records.ts";
import type { SourceName } from "../../lib/sources.ts";
import type { Host } from "../host/host.ts";

/** What is asked of a source. */
export interface GpuQuestion {
  readonly processes: boolean;
  readonly telemetry: boolean;
}

/** What a source told. */
export interface GpuReading {
  readonly devices: readonly DeviceInfo[];
  readonly processes: readonly GpuProcess[];
  /** Indices of the devices whose list of processes was read whole. */
  readonly listedDevices: readonly number[];
  readonly failures: readonly Failure[];
  /** LUIDs of what Windows lists among the GPUs and is none, such as its software renderer. */
  readonly leftOut?: readonly string[];
}

/**
 * A GPU source. It keeps what is costly to open (a library, an initialised driver) between questions and
 * drops it when a call shows that it is stale, so that the next question opens it anew.
 */
export interface GpuSource {
  readonly name: SourceName;
  /**
   * It is asked whatever the others told, and adds to that: it knows devices and processes they do not, and other
   * numbers of those they know. Left out: it is asked where an earlier one could not tell.
   */
  readonly joins?: true;
  /**
   * Reads everything asked for. Never throws for what the machine does: what can't be told is `null` and
   * has its entry in `failures`; a source that is not here gives no device and one `absent` failure.
   */
  read(question: GpuQuestion): GpuReading | Promise<GpuReading>;
  /** Tries the source anew, call by call. Never throws. */
  diagnose(): Finding | Promise<Finding>;
  /** Gives back what it keeps. */
  close(): void;
}

/** Paths and limits from the caller's options. */
export interface GpuSourceOptions {
  readonly nvmlPath: string | null;
  readonly nvidiaSmiPath: string | null;
  readonly nvidiaSmiMs: number;
  /** Raw native values are wanted. */
  readonly debug: boolean;
}

/** Makes a source for one machine. It opens nothing before it is asked. */
export type MakeGpuSource = (host: Host, options: GpuSourceOptions) => GpuSource;
