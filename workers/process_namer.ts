/** Names of the processes a driver lists, on any system. */
import type { NameStatus } from "../lib/records.ts";

/** A name, or why there is none. */
export interface ProcessName {
  readonly name: string | null;
  readonly nameStatus: NameStatus;
}

/** Gives names to PIDs. */
export interface ProcessNamer {
  /**
   * We run in a PID namespace of our own, as a container does. The driver may count PIDs in another one,
   * so a PID of its list can be somebody else's here.
   */
  readonly foreignNamespace: boolean;
  /** The name of a PID of the driver's list, at most a second old. */
  name(pid: number): ProcessName;
}
