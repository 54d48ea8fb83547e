/** Who sends: the attributes of the resource. */
import { ownPid, ownRuntime } from "../own_process.ts";
import { VERSION } from "../version.ts";

/** The attributes of this program, on a machine of this name; what is `null` is left out. */
export function ownResource(
  hostName: string | null,
): Readonly<Record<string, string | number | null>> {
  const [runtime = "", version = ""] = ownRuntime().split(" ");
  return {
    "service.name": "hypomnesis",
    "service.version": VERSION,
    "service.instance.id": `${hostName ?? "unknown"}:${ownPid()}`,
    "host.name": hostName,
    "process.runtime.name": runtime,
    "process.runtime.version": version,
  };
}
