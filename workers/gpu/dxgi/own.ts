/** The source `dxgi_self`: what the calling process uses of each GPU. */
import type { VideoMemoryReply } from "../../../lib/protocol.ts";
import type { Finding } from "../../../lib/records.ts";
import type { Host } from "../../host/host.ts";

/** Reads it. Never throws for what the machine does. */
export interface OwnVideoMemorySource {
  read(): VideoMemoryReply;
  diagnose(): Finding;
}

/** Makes the source. It opens nothing before it is asked. */
export function makeOwnVideoMemory(host: Host): OwnVideoMemorySource {
  void host;
  return {
    read: () => ({
      kind: "video_memory",
      devices: [],
      failures: [{ code: "absent", source: "dxgi_self", message: "placeholder" }],
    }),
    diagnose: () => ({
      source: "dxgi_self",
      present: false,
      path: null,
      version: null,
      calls: [],
      failures: [],
      advice: [],
      measures: [],
    }),
  };
}
