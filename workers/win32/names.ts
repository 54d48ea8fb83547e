/** Names of the processes a driver lists, on Windows. */
import { type Host, HostError } from "../host/host.ts";
import type { ProcessName, ProcessNamer } from "../process_namer.ts";
import { withProcess } from "./handles.ts";
import { type Windows, windowsOf } from "./libraries.ts";
import { readNames } from "./snapshot.ts";
import { readText } from "./values.ts";

/** The PID of the kernel. */
const KERNEL = 4;
/** A name is kept this long: a driver is asked far more often than processes come and go. */
const KEPT_MS = 1_000;
/** Characters of a path; of a process with a longer one the snapshot tells the name. */
const PATH_LENGTH = 1024;

/** Makes the namer of one machine: the program's path, or the name in one snapshot for all that may not be opened. */
export function makeWin32Namer(host: Host): ProcessNamer {
  const windows = windowsOf(host);
  const kept = new Map<number, ProcessName>();
  let keptSinceMs = host.now();
  /** `null`: not taken yet; `"failed"`: it can't be taken. */
  let snapshot: ReadonlyMap<number, string> | "failed" | null = null;
  const nameInSnapshot = (pid: number): ProcessName => {
    snapshot ??= attempt(() => readNames(windows)) ?? "failed";
    if (snapshot === "failed") return { name: null, nameStatus: "protected" };
    const name = snapshot.get(pid);
    if (name === undefined) return { name: null, nameStatus: "exited" };
    return name === "" ? { name: null, nameStatus: "unknown" } : { name, nameStatus: "known" };
  };
  return {
    foreignNamespace: false,
    name(pid) {
      if (pid === KERNEL) return { name: null, nameStatus: "kernel" };
      const nowMs = host.now();
      if (nowMs - keptSinceMs >= KEPT_MS) {
        kept.clear();
        snapshot = null;
        keptSinceMs = nowMs;
      }
      let found = kept.get(pid);
      if (found === undefined) {
        const name = attempt(() => readProgram(windows, pid));
        found = name === null ? nameInSnapshot(pid) : { name, nameStatus: "known" };
        kept.set(pid, found);
      }
      return found;
    },
  };
}

/** The last part of a path. Windows takes both separators. */
export function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("\\"), path.lastIndexOf("/")) + 1);
}

/** The file name of a process's program; `null` where it is not told. Throws {@linkcode HostError}. */
function readProgram(windows: Windows, pid: number): string | null {
  return withProcess(windows, pid, (handle) => {
    const path = new Uint8Array(2 * PATH_LENGTH);
    const length = new Uint32Array([PATH_LENGTH]);
    const query = windows.get("QueryFullProcessImageNameW");
    if (query(handle, 0, path, length) === 0) return null;
    return fileName(readText(path.subarray(0, 2 * length[0]!))) || null;
  });
}

function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return null;
  }
}
