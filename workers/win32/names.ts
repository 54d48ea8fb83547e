/** Names of the processes a driver lists, on Windows. */
import type { Host } from "../host/host.ts";
import type { ProcessNamer } from "../process_namer.ts";

/** Makes the namer of one machine. */
export function makeWin32Namer(host: Host): ProcessNamer {
  void host;
  return { foreignNamespace: false, name: () => ({ name: null, nameStatus: "unknown" }) };
}
