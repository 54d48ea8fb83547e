/** Names of the processes a driver lists, where the driver's PIDs are ours. */
import { type Host, HostError } from "./host/host.ts";
import type { ProcessName, ProcessNamer } from "./process_namer.ts";
import { makeWin32Namer } from "./win32/names.ts";

/** The kernel's number for the namespace of the first process (`PROC_PID_INIT_INO`). */
const INITIAL_NAMESPACE = "pid:[4026531836]";

/** A name is kept this long: a driver is asked far more often than processes change theirs. */
const KEPT_MS = 1_000;

/** Makes the namer of one machine. */
export function makeProcessNamer(host: Host): ProcessNamer {
  if (host.platform === "windows") return makeWin32Namer(host);
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
