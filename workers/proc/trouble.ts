/** Failures of the proc sources, from what the host said. */
import type { Failure } from "../../lib/errors.ts";
import type { SourceName } from "../../lib/sources.ts";
import { HostError } from "../host/host.ts";

/** The failure of reading `what`. Anything but a {@linkcode HostError} is a defect and is thrown on. */
export function readFailure(
  error: unknown,
  what: string,
  source: SourceName,
  pid?: number,
): Failure {
  if (!(error instanceof HostError)) throw error;
  const about = pid === undefined ? {} : { pid };
  const message = `Cannot read ${what}: `;
  switch (error.code) {
    case "ENOENT":
    case "ESRCH":
      return pid === undefined
        ? { code: "absent", source, message: `${message}there is no ${error.path} here` }
        : {
          code: "no_such_process",
          source,
          message: `${message}process ${pid} does not exist`,
          pid,
        };
    case "EACCES":
      return {
        code: "permission_denied",
        source,
        message: `${message}access to ${error.path} is refused; ask as its owner or as root`,
        ...about,
      };
    case "ENOTCAPABLE":
      return {
        code: "permission_denied",
        source,
        message: `${message}the runtime may not read ${error.path}; ` +
          "on Deno allow --allow-ffi (system files are then read through the C library) or -A",
        ...about,
      };
    case "EIO":
      return { code: "not_supported", source, message: message + error.message, ...about };
  }
}

/** The process or file is not there, or no longer. */
export function isGone(error: unknown): boolean {
  return error instanceof HostError && (error.code === "ENOENT" || error.code === "ESRCH");
}

/**
 * Throws on what the runtime refused. It refuses all of `/proc` or nothing, so the question fails as a
 * whole and is told once.
 */
export function rethrowRefusal(error: unknown): void {
  if (error instanceof HostError && error.code === "ENOTCAPABLE") throw error;
}

/** The failure for a text that is not what it should be; `fields` says which of its fields are not. */
export function garbled(path: string, source: SourceName, pid?: number, fields?: string): Failure {
  const what = fields === undefined ? "" : `${fields} in `;
  return {
    code: "bad_value",
    source,
    message: `Cannot understand ${what}${path}: it does not hold what the kernel documents`,
    ...(pid === undefined ? {} : { pid }),
  };
}

/** The failure of asking for `/proc` where there is none. */
export function notLinux(source: SourceName): Failure {
  return { code: "absent", source, message: "Cannot read /proc: this system is not Linux" };
}
