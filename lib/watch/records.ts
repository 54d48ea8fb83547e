/** What a watch is told, and what it tells. */
import type { Failure } from "../errors.ts";
import type { DeviceInfo } from "../records.ts";
import type { DeviceSelector } from "../select_device.ts";
import type { WatchRow } from "./history.ts";
import type { WatchLook } from "./sample.ts";
import type { Selected, Selection } from "./select.ts";

/** What is watched. */
export interface WatchPlan {
  /** The processes; empty: the largest are selected. */
  readonly pids: readonly number[];
  readonly match: string | null;
  readonly top: number;
  /** Select anew at each sample. */
  readonly followNew: boolean;
  /** The GPU; `undefined`: all. */
  readonly device: DeviceSelector | undefined;
  readonly ownPid: number;
}

/** Something that happened between two samples. */
export type WatchEvent =
  | { readonly event: "exited"; readonly pid: number; readonly name: string | null }
  | {
    readonly event: "pid_reused";
    readonly pid: number;
    readonly name: string | null;
    readonly newName: string | null;
  }
  | {
    readonly event: "followed";
    readonly entered: readonly Selected[];
    readonly left: readonly Selected[];
  }
  | { readonly event: "grew_unnamed"; readonly pid: number; readonly grownBytes: number };

/** One sample. */
export interface WatchSample {
  readonly atMs: number;
  readonly elapsedMs: number;
  readonly rows: readonly (WatchRow & { readonly spilling: boolean | null })[];
  readonly events: readonly WatchEvent[];
  /** What could not be read, apart from what is not on this machine. */
  readonly failures: readonly Failure[];
  /** The watched GPUs. */
  readonly devices: readonly DeviceInfo[];
  /** Nothing at all could be read. */
  readonly failed: boolean;
}

/** What a watch begins with. */
export interface Beginning {
  readonly selection: Selection;
  /** The look it was made from. */
  readonly look: WatchLook;
  /** The watched GPUs. */
  readonly devices: readonly DeviceInfo[];
}
