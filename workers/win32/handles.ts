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
  const handle = openProcess(windows, pid);
  try {
    // Windows opens the process of any number up to three above its own.
    if (windows.get("GetProcessId")(handle) !== pid) throw gone(pid);
    requireRunning(windows, handle, pid);
    const told = action(handle);
    // What was told of one that ended meanwhile can be anything.
    requireRunning(windows, handle, pid);
    return told;
  } finally {
    windows.get("CloseHandle")(handle);
  }
}

/** A process that has ended is still there for as long as somebody has it open. */
function requireRunning(windows: Windows, handle: bigint, pid: number): void {
  const code = new Uint32Array(1);
  if (windows.get("GetExitCodeProcess")(handle, code) === 0) throw failed("GetExitCodeProcess");
  if (code[0] !== CONSTANTS.stillActive) throw gone(pid);
}

/** `NtOpenProcess` and not `OpenProcess`, as it gives back why it fails: see {@linkcode failed}. */
function openProcess(windows: Windows, pid: number): bigint {
  const handle = new BigUint64Array(1);
  const id = new Uint8Array(CLIENT_ID.size);
  viewOf(id).setBigUint64(CLIENT_ID.uniqueProcess, BigInt(pid), true);
  const named = sized(OBJECT_ATTRIBUTES.size);
  const right = CONSTANTS.queryLimitedInformation;
  const status = windows.get("NtOpenProcess")(handle, right, named, id) >>> 0;
  if (status === 0) return handle[0]!;
  if (status === STATUS.invalidCid || status === STATUS.invalidParameter) throw gone(pid);
  if (status === STATUS.accessDenied) {
    throw new HostError("EACCES", String(pid), `process ${pid} may not be opened`);
  }
  throw failedWith("NtOpenProcess", status);
}
