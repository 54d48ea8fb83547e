/** The source `win32`: RAM of processes and of the machine on Windows. */
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
import { findProcesses } from "./find.ts";
import { type Windows, windowsOf } from "./libraries.ts";
import { ProcessReader } from "./process.ts";
import { readProcessList } from "./process_list.ts";
import { RunProcesses } from "./run_process.ts";
import { SystemReader } from "./system.ts";
import { TreeReader } from "./tree.ts";
import { readFailure } from "./trouble.ts";

/** Processes are looked for in a list at most this old. */
const FIND_EVERY_MS = 1_000;

/** Makes the source. It opens nothing before it is asked. */
export function makeWin32(host: Host): RamSource {
  return new Win32Source(host);
}

class Win32Source implements RamSource {
  readonly #host: Host;
  readonly #windows: Windows;
  readonly #processes: ProcessReader;
  readonly #system: SystemReader;
  readonly #tree = new TreeReader();
  readonly #runs: RunProcesses;
  #found: { readonly atMs: number; readonly processes: readonly ProcessMemory[] } | null = null;

  constructor(host: Host) {
    this.#host = host;
    this.#windows = windowsOf(host);
    this.#processes = new ProcessReader(this.#windows);
    this.#system = new SystemReader(host);
    this.#runs = new RunProcesses(host, this.#windows);
  }

  /** Windows tells nothing more where details are asked for: a command line stands in the process's own memory. */
  answer(
    { pids, cpu, system }: MemoryRequest,
    _begin: (source: SourceName) => void,
    without: readonly SourceName[],
  ): MemoryReply {
    return ask<MemoryReply>(
      without,
      () => {
        const failures: Failure[] = [];
        const processes = this.#processes.read(pids, cpu, failures);
        const machine = system ? this.#system.read(failures) : null;
        return { kind: "memory", processes, system: machine, failures };
      },
      (failures) => ({ kind: "memory", processes: [], system: null, failures }),
    );
  }

  tree({ roots }: TreeRequest, without: readonly SourceName[]): TreeReply {
    return ask<TreeReply>(
      without,
      () => {
        const processes = this.#tree.read(roots, readProcessList(this.#windows));
        return {
          kind: "tree",
          processes: processes.map(withoutCpuTime),
          inCgroup: [],
          failures: [],
        };
      },
      (failures) => ({ kind: "tree", processes: [], inCgroup: [], failures }),
    );
  }

  find(request: FindRequest, without: readonly SourceName[]): FindReply {
    return ask<FindReply>(
      without,
      () => {
        const fitting = findProcesses(request, this.#all());
        const processes = fitting.slice(0, request.top);
        return { kind: "find", processes, count: fitting.length, failures: [] };
      },
      (failures) => ({ kind: "find", processes: [], count: 0, failures }),
    );
  }

  runCgroup(_request: RunCgroupRequest, without: readonly SourceName[]): RunCgroupReply {
    const failures = without.includes("win32") ? [] : [NO_CGROUPS];
    return { kind: "run_cgroup", folder: null, peakBytes: null, failures };
  }

  runProcess(request: RunProcessRequest, without: readonly SourceName[]): RunProcessReply {
    return ask<RunProcessReply>(
      without,
      () => this.#runs.answer(request),
      (failures) => ({ kind: "run_process", exitCode: null, failures }),
      `the process ${request.pid} that was started`,
    );
  }

  #all(): readonly ProcessMemory[] {
    const atMs = this.#host.now();
    if (this.#found === null || atMs - this.#found.atMs >= FIND_EVERY_MS) {
      const processes = [...readProcessList(this.#windows).values()].map(withoutCpuTime);
      this.#found = { atMs, processes };
    }
    return this.#found.processes;
  }
}

const NO_CGROUPS: Failure = {
  code: "absent",
  source: "win32",
  message: "Cannot make a cgroup: Windows has none",
};

/** CPU time is told only where it is asked for. */
function withoutCpuTime(process: ProcessMemory): ProcessMemory {
  return { ...process, cpuTimeMs: null };
}

/** What `action` tells, or the answer that says why nothing can be told. */
function ask<R>(
  without: readonly SourceName[],
  action: () => R,
  untold: (failures: readonly Failure[]) => R,
  what = "RAM",
): R {
  if (without.includes("win32")) return untold([]);
  try {
    return action();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return untold([readFailure(error, what)]);
  }
}
