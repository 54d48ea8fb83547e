/** What the doctor finds about `win32`. */
import type { Finding } from "../../lib/records.ts";
import type { Host } from "../host/host.ts";

/** Tries the calls behind `win32`. */
export function diagnoseWin32(host: Host): Finding {
  void host;
  return {
    source: "win32",
    present: false,
    path: null,
    version: null,
    calls: [],
    failures: [],
    advice: [],
    measures: [],
  };
}
