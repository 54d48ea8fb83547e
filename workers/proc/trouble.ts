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
      return { code: "driver_failed", source, message: message + error.message, ...about };
  }
}

/** The failure for a text that is not what it should be. */
export function garbled(path: string, source: SourceName, pid?: number): Failure {
  return {
    code: "bad_value",
    source,
    message: `Cannot understand ${path}: it does not hold what the kernel documents`,
    ...(pid === undefined ? {} : { pid }),
  };
}
