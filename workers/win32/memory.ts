/** The source `win32`: RAM of processes and of the machine on Windows. */
import type { Failure } from "../../lib/errors.ts";
import type { FindReply, MemoryReply, RunCgroupReply, TreeReply } from "../../lib/protocol.ts";
import type { Host } from "../host/host.ts";
import type { RamSource } from "../ram_source.ts";

/** Makes the source. It opens nothing before it is asked. */
export function makeWin32(host: Host): RamSource {
  void host;
  const failures: Failure[] = [{
    code: "absent",
    source: "win32",
    message: "Cannot read RAM: placeholder",
  }];
  return {
    answer: (): MemoryReply => ({ kind: "memory", processes: [], system: null, failures }),
    tree: (): TreeReply => ({ kind: "tree", processes: [], inCgroup: [], failures }),
    find: (): FindReply => ({ kind: "find", processes: [], count: 0, failures }),
    runCgroup: (): RunCgroupReply => ({
      kind: "run_cgroup",
      folder: null,
      peakBytes: null,
      failures,
    }),
  };
}
