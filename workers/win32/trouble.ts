/** Failures of `win32`, from what the host said. */
import type { Failure } from "../../lib/errors.ts";
import { HostError } from "../host/host.ts";

/** The failure of reading `what`. Anything but a {@linkcode HostError} is a defect and is thrown on. */
export function readFailure(error: unknown, what: string, pid?: number): Failure {
  if (!(error instanceof HostError)) throw error;
  const about = { source: "win32", ...(pid === undefined ? {} : { pid }) } as const;
  const message = `Cannot read ${what}: `;
  switch (error.code) {
    case "ENOTCAPABLE":
      return {
        code: "permission_denied",
        message:
          `${message}the runtime may not call ${error.path}; on Deno allow --allow-ffi or -A`,
        ...about,
      };
    case "EACCES":
      return {
        code: "permission_denied",
        message: `${message}Windows refuses access; run as administrator`,
        ...about,
      };
    case "ESRCH":
      return { code: "no_such_process", message: message + error.message, ...about };
    case "ENOENT":
      return { code: "absent", message: message + error.message, ...about };
    case "EIO":
      return {
        code: error instanceof BadValue ? "bad_value" : "driver_failed",
        message: message + error.message,
        ...about,
      };
  }
}

/** The runtime refuses native code as a whole, so the question fails as a whole and that is told once. */
export function rethrowRefusal(error: unknown): void {
  if (error instanceof HostError && error.code === "ENOTCAPABLE") throw error;
}

/** There is no such process, or no longer. */
export function gone(pid: number): HostError {
  return new HostError("ESRCH", String(pid), `process ${pid} does not exist`);
}

/**
 * A function of Windows said that it failed. The number of the error is not told: a runtime may make calls of its own
 * between two of ours, and `GetLastError` is then theirs.
 */
export function failed(name: string): HostError {
  return new HostError("EIO", name, `${name} of Windows fails`);
}

/** The same of a function that gives back an `NTSTATUS`. */
export function failedWith(name: string, status: number): HostError {
  return new HostError("EIO", name, `${name} of Windows fails with status ${hex(status)}`);
}

/** A status as it is written everywhere. */
export function hex(status: number): string {
  return `0x${(status >>> 0).toString(16).padStart(8, "0")}`;
}

/** A function filled in what can't be true. */
export function garbled(name: string): HostError {
  return new BadValue("EIO", name, `${name} of Windows gives what can't be true`);
}

class BadValue extends HostError {}
