/** Opens processes. */
import { HostError } from "../host/host.ts";
import type { Windows } from "./libraries.ts";
import { CLIENT_ID, CONSTANTS, OBJECT_ATTRIBUTES, STATUS } from "./structs.ts";
import { failed, failedWith, gone } from "./trouble.ts";
import { sized, viewOf } from "./values.ts";

/**
 * Gives `action` a handle of a running process and closes it. Throws a {@linkcode HostError}: `ESRCH` where there is
 * no such process or it has ended, `EACCES` where it may not be opened.
 */
export function withProcess<T>(windows: Windows, pid: number, action: (handle: bigint) => T): T {
  const handle = openProcess(windows, pid, CONSTANTS.queryLimitedInformation);
  try {
    requireRunning(windows, handle, pid);
    const told = action(handle);
    // What was told of one that ended meanwhile can be anything.
    requireRunning(windows, handle, pid);
    return told;
  } finally {
    windows.get("CloseHandle")(handle);
  }
}

/**
 * A handle of a process, running or not, that its exit code is read by; it is the caller's to close. Throws as
 * {@linkcode withProcess} does.
 */
export function holdProcess(windows: Windows, pid: number): bigint {
  return openProcess(windows, pid, CONSTANTS.queryLimitedInformation | CONSTANTS.synchronize);
}

/** The exit code of a process that is held; `null` while it runs. */
export function readExitCode(windows: Windows, handle: bigint): number | null {
  // The number that stands for a running one may be the exit code as well.
  if (windows.get("WaitForSingleObject")(handle, 0) !== CONSTANTS.waitObject0) return null;
  const code = new Uint32Array(1);
  if (windows.get("GetExitCodeProcess")(handle, code) === 0) throw failed("GetExitCodeProcess");
  return code[0]!;
}

/** A process that has ended is still there for as long as somebody has it open. */
function requireRunning(windows: Windows, handle: bigint, pid: number): void {
  const code = new Uint32Array(1);
  if (windows.get("GetExitCodeProcess")(handle, code) === 0) throw failed("GetExitCodeProcess");
  if (code[0] !== CONSTANTS.stillActive) throw gone(pid);
}

/** `NtOpenProcess` and not `OpenProcess`, as it gives back why it fails: see {@linkcode failed}. */
function openProcess(windows: Windows, pid: number, right: number): bigint {
  const open = windows.get("NtOpenProcess");
  const idOf = windows.get("GetProcessId");
  const handle = new BigUint64Array(1);
  const id = new Uint8Array(CLIENT_ID.size);
  viewOf(id).setBigUint64(CLIENT_ID.uniqueProcess, BigInt(pid), true);
  const named = sized(OBJECT_ATTRIBUTES.size);
  const status = open(handle, right, named, id) >>> 0;
  if (status === 0) {
    // Windows opens the process of any number up to three above its own.
    if (idOf(handle[0]!) === pid) return handle[0]!;
    windows.get("CloseHandle")(handle[0]!);
    throw gone(pid);
  }
  if (status === STATUS.invalidCid || status === STATUS.invalidParameter) throw gone(pid);
  if (status === STATUS.accessDenied) {
    throw new HostError("EACCES", String(pid), `process ${pid} may not be opened`);
  }
  throw failedWith("NtOpenProcess", status);
}
