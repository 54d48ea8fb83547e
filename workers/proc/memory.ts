/** Answers about processes and the machine: the sources `proc` and, for what waits on the target, `proc_mm`. */
import type { Failure } from "../../lib/errors.ts";
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
} from "../../lib/protocol.ts";
import type { ProcessMemory } from "../../lib/records.ts";
import type { SourceName } from "../../lib/sources.ts";
import { type Host, HostError } from "../host/host.ts";
import type { RamSource } from "../ram_source.ts";
import { DetailReader } from "./detail_reader.ts";
import { ProcessFinder } from "./find.ts";
import { ProcessReader } from "./process.ts";
import { RunCgroup } from "./run_cgroup.ts";
import { SystemReader } from "./system.ts";
import { TreeReader } from "./tree.ts";
import { notLinux, readFailure, rethrowRefusal } from "./trouble.ts";

/** RAM of processes and of the machine. */
export class MemorySource implements RamSource {
  readonly #host: Host;
  readonly #processes: ProcessReader;
  readonly #details: DetailReader;
  readonly #system: SystemReader;
  readonly #tree: TreeReader;
  readonly #finder: ProcessFinder;
  readonly #runCgroup: RunCgroup;

  /** `hostPid`: the process this worker works for; `null` where that is not known. */
  constructor(host: Host, hostPid: number | null = null) {
    this.#host = host;
    this.#processes = new ProcessReader(host, hostPid);
    this.#details = new DetailReader(host);
    this.#system = new SystemReader(host);
    this.#tree = new TreeReader(host, this.#processes);
    this.#finder = new ProcessFinder(host, this.#processes);
    this.#runCgroup = new RunCgroup(host);
  }

  /** Reads what is asked for; `begin` is called before `proc_mm`. Sources in `without` are left alone. */
  answer(
    request: MemoryRequest,
    begin: (source: SourceName) => void,
    without: readonly SourceName[],
  ): MemoryReply {
    if (without.includes("proc")) return nothing([]);
    if (this.#host.platform !== "linux") return nothing([notLinux("proc")]);
    const failures: Failure[] = [];
    let processes: ProcessMemory[];
    let system: MemoryReply["system"];
    try {
      processes = this.#readProcesses(request, failures);
      system = request.system ? this.#system.read(request.pids[0] ?? null, failures) : null;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      return nothing([readFailure(error, "/proc", "proc")]);
    }
    if ((request.details || request.pss) && !without.includes("proc_mm") && processes.length > 0) {
      begin("proc_mm");
      processes = processes.map((found) => this.#details.read(found, request, failures));
    }
    return { kind: "memory", processes, system, failures };
  }

  /** A tree of processes. */
  tree({ roots, cgroup }: TreeRequest, without: readonly SourceName[]): TreeReply {
    return this.#ask(
      without,
      () => {
        const inCgroup = cgroup === null ? [] : this.#runCgroup.members(cgroup);
        return { ...this.#tree.read([...roots, ...inCgroup]), inCgroup };
      },
      (failures) => ({ kind: "tree", processes: [], inCgroup: [], failures }),
    );
  }

  /** Processes by name and size. */
  find(request: FindRequest, without: readonly SourceName[]): FindReply {
    return this.#ask(
      without,
      () => this.#finder.find(request),
      (failures) => ({ kind: "find", processes: [], count: 0, failures }),
    );
  }

  /** The cgroup of a run. */
  runCgroup(request: RunCgroupRequest, without: readonly SourceName[]): RunCgroupReply {
    return this.#ask(
      without,
      () => this.#runCgroup.answer(request),
      (failures) => ({ kind: "run_cgroup", folder: null, peakBytes: null, failures }),
    );
  }

  /** The process of a run. Whoever started one is told here how it ended, whole. */
  runProcess(_request: RunProcessRequest, without: readonly SourceName[]): RunProcessReply {
    const failures = without.includes("proc") ? [] : [NOT_WINDOWS];
    return { kind: "run_process", exitCode: null, failures };
  }

  /** What `action` tells, or the answer that says why nothing can be told. */
  #ask<R>(
    without: readonly SourceName[],
    action: () => R,
    untold: (failures: readonly Failure[]) => R,
  ): R {
    if (without.includes("proc")) return untold([]);
    if (this.#host.platform !== "linux") return untold([notLinux("proc")]);
    try {
      return action();
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      return untold([readFailure(error, "/proc", "proc")]);
    }
  }

  #readProcesses({ pids, cpu }: MemoryRequest, failures: Failure[]): ProcessMemory[] {
    const processes: ProcessMemory[] = [];
    for (const pid of pids) {
      try {
        const found = this.#processes.read(pid, failures, cpu);
        if (found !== null) processes.push(found);
      } catch (error) {
        rethrowRefusal(error);
        failures.push(readFailure(error, `the memory of process ${pid}`, "proc", pid));
      }
    }
    return processes;
  }
}

const NOT_WINDOWS: Failure = {
  code: "absent",
  source: "proc",
  message: "Cannot hold the process of a run: this system is not Windows",
};

function nothing(failures: readonly Failure[]): MemoryReply {
  return { kind: "memory", processes: [], system: null, failures };
}
