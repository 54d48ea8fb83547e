/** What is said where a library of Windows can't be used. Pure. */
import type { Failure } from "../../lib/errors.ts";
import type { SourceName } from "../../lib/sources.ts";
import type { HostError } from "../host/host.ts";

/** The failure of not being able to open `library`, or to call into it. */
export function libraryFailure(source: SourceName, library: string, error: HostError): Failure {
  return error.code === "ENOTCAPABLE"
    ? {
      code: "permission_denied",
      source,
      message: `Cannot call ${library}: ${error.message}; on Deno allow --allow-ffi`,
    }
    : {
      code: "absent",
      source,
      message: `Cannot open ${library}, a part of Windows: ${error.message}`,
    };
}
