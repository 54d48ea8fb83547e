/** Answers `memory`: the sources `proc` and, for what waits on the target, `proc_mm`. */
import type { Failure } from "../../lib/errors.ts";
import type { MemoryReply, MemoryRequest } from "../../lib/protocol.ts";
import type { ProcessMemory } from "../../lib/records.ts";
import type { SourceName } from "../../lib/sources.ts";
import { type Host, HostError } from "../host/host.ts";
import { parseCmdline, parseContainer, parsePasswd, parsePss } from "./details.ts";
import { ProcessReader } from "./process.ts";
import { SystemReader } from "./system.ts";
import { readFailure } from "./trouble.ts";

/** RAM of processes and of the machine. */
export class MemorySource {
  readonly #host: Host;
  readonly #processes: ProcessReader;
  readonly #system: SystemReader;
  #users: Map<number, string> | null = null;

  /** `hostPid`: the process this worker works for; `null` where that is not known. */
  constructor(host: Host, hostPid: number | null = null) {
    this.#host = host;
    this.#processes = new ProcessReader(host, hostPid);
    this.#system = new SystemReader(host);
  }

  /** Reads what is asked for; `begin` is called before `proc_mm`. Sources in `without` are left alone. */
  answer(
    request: MemoryRequest,
    begin: (source: SourceName) => void,
    without: readonly SourceName[],
  ): MemoryReply {
    if (without.includes("proc")) {
      return { kind: "memory", processes: [], system: null, failures: [] };
    }
    const failures: Failure[] = [];
    let processes: ProcessMemory[] = [];
    for (const pid of request.pids) {
      try {
        processes.push(this.#processes.read(pid));
      } catch (error) {
        failures.push(readFailure(error, `the memory of process ${pid}`, "proc", pid));
      }
    }
    const machine = request.system
      ? this.#system.read(request.pids[0] ?? null)
      : { system: null, failures: [] };
    failures.push(...machine.failures);
    if ((request.details || request.pss) && !without.includes("proc_mm") && processes.length > 0) {
      begin("proc_mm");
      processes = processes.map((found) => this.#withDetails(found, request, failures));
    }
    return { kind: "memory", processes, system: machine.system, failures };
  }

  #withDetails(
    found: ProcessMemory,
    request: MemoryRequest,
    failures: Failure[],
  ): ProcessMemory {
    const { pid } = found;
    const attempt = <T>(what: string, file: string, parse: (text: string) => T): T | null => {
      try {
        return parse(this.#host.readText(`/proc/${pid}/${file}`));
      } catch (error) {
        failures.push(readFailure(error, `${what} of process ${pid}`, "proc_mm", pid));
        return null;
      }
    };
    return {
      ...found,
      pssBytes: request.pss ? attempt("the PSS", "smaps_rollup", parsePss) : null,
      user: request.details ? this.#userName(found.uid) : null,
      container: request.details ? attempt("the cgroup", "cgroup", parseContainer) : null,
      command: request.details ? attempt("the command line", "cmdline", parseCmdline) : null,
    };
  }

  #userName(uid: number | null): string | null {
    if (uid === null) return null;
    this.#users ??= this.#readUsers();
    return this.#users.get(uid) ?? null;
  }

  #readUsers(): Map<number, string> {
    try {
      return parsePasswd(this.#host.readText("/etc/passwd"));
    } catch (error) {
      if (error instanceof HostError) return new Map(); // The uid still tells who it is.
      throw error;
    }
  }
}
