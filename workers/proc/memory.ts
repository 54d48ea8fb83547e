/** Answers `memory`: the sources `proc` and, for what waits on the target, `proc_mm`. */
import type { Failure } from "../../lib/errors.ts";
import type { MemoryReply, MemoryRequest } from "../../lib/protocol.ts";
import type { ProcessMemory } from "../../lib/records.ts";
import type { SourceName } from "../../lib/sources.ts";
import { type Host, HostError } from "../host/host.ts";
import { DetailReader } from "./detail_reader.ts";
import { ProcessReader } from "./process.ts";
import { SystemReader } from "./system.ts";
import { notLinux, readFailure, rethrowRefusal } from "./trouble.ts";

/** RAM of processes and of the machine. */
export class MemorySource {
  readonly #host: Host;
  readonly #processes: ProcessReader;
  readonly #details: DetailReader;
  readonly #system: SystemReader;

  /** `hostPid`: the process this worker works for; `null` where that is not known. */
  constructor(host: Host, hostPid: number | null = null) {
    this.#host = host;
    this.#processes = new ProcessReader(host, hostPid);
    this.#details = new DetailReader(host);
    this.#system = new SystemReader(host);
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
      processes = this.#readProcesses(request.pids, failures);
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

  #readProcesses(pids: readonly number[], failures: Failure[]): ProcessMemory[] {
    const processes: ProcessMemory[] = [];
    for (const pid of pids) {
      try {
        const found = this.#processes.read(pid, failures);
        if (found !== null) processes.push(found);
      } catch (error) {
        rethrowRefusal(error);
        failures.push(readFailure(error, `the memory of process ${pid}`, "proc", pid));
      }
    }
    return processes;
  }
}

function nothing(failures: readonly Failure[]): MemoryReply {
  return { kind: "memory", processes: [], system: null, failures };
}
