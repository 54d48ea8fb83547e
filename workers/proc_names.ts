/** Names of the processes a driver lists, where the driver's PIDs are ours. */
import type { NameStatus } from "../lib/records.ts";
import { type Host, HostError } from "./host/host.ts";

/** The kernel's number for the namespace of the first process (`PROC_PID_INIT_INO`). */
const INITIAL_NAMESPACE = "pid:[4026531836]";

/** A name is kept this long: a driver is asked far more often than processes change theirs. */
const KEPT_MS = 1_000;

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

/** Makes the namer of one machine. */
export function makeProcessNamer(host: Host): ProcessNamer {
  const foreignNamespace = isForeign(host);
  const kept = new Map<number, ProcessName>();
  let keptSinceMs = host.now();
  return {
    foreignNamespace,
    name(pid) {
      const nowMs = host.now();
      if (nowMs - keptSinceMs >= KEPT_MS) {
        kept.clear();
        keptSinceMs = nowMs;
      }
      let found = kept.get(pid);
      if (found === undefined) {
        found = readName(host, pid, foreignNamespace);
        kept.set(pid, found);
      }
      return found;
    },
  };
}

function readName(host: Host, pid: number, foreignNamespace: boolean): ProcessName {
  // A process that has the GPU open is the driver's; any other only shares its number.
  if (foreignNamespace && !hasGpuOpen(host, pid)) {
    return { name: null, nameStatus: "foreign_namespace" };
  }
  try {
    return { name: host.readText(`/proc/${pid}/comm`).replace(/\n$/, ""), nameStatus: "known" };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const gone = error.code === "ENOENT" || error.code === "ESRCH";
    return { name: null, nameStatus: gone ? "exited" : "protected" };
  }
}

function isForeign(host: Host): boolean {
  if (host.platform !== "linux") return false;
  try {
    return host.readLink("/proc/self/ns/pid") !== INITIAL_NAMESPACE;
  } catch {
    return false; // Nothing speaks for a container.
  }
}

function hasGpuOpen(host: Host, pid: number): boolean {
  try {
    return host.list(`/proc/${pid}/fd`).some((fd) => {
      try {
        return /^\/dev\/(nvidia|dxg)/.test(host.readLink(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false; // Closed meanwhile.
      }
    });
  } catch {
    return false; // Not ours to look at, or not there.
  }
}
