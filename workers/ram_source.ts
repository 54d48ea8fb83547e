/** What the reader of RAM answers, on every system. */
import type {
  FindReply,
  FindRequest,
  MemoryReply,
  MemoryRequest,
  RunCgroupReply,
  RunCgroupRequest,
  RunProcessReply,
  RunProcessRequest,
  TreeReply,
  TreeRequest,
} from "../lib/protocol.ts";
import type { SourceName } from "../lib/sources.ts";

/** RAM of processes and of the machine. Never throws for what the machine does. */
export interface RamSource {
  /** Reads what is asked for; `begin` is called before a second source. Those in `without` are left alone. */
  answer(
    request: MemoryRequest,
    begin: (source: SourceName) => void,
    without: readonly SourceName[],
  ): MemoryReply;
  /** Processes and all they started. */
  tree(request: TreeRequest, without: readonly SourceName[]): TreeReply;
  /** Processes by name and size. */
  find(request: FindRequest, without: readonly SourceName[]): FindReply;
  /** The cgroup of a run. */
  runCgroup(request: RunCgroupRequest, without: readonly SourceName[]): RunCgroupReply;
  /** The process of a run. */
  runProcess(request: RunProcessRequest, without: readonly SourceName[]): RunProcessReply;
}
