/** The source `proc_mm`: what is asked for by name, because reading it can wait for the process. */
import type { Failure } from "../../lib/errors.ts";
import type { ProcessMemory } from "../../lib/records.ts";
import { type Host, HostError } from "../host/host.ts";
import { parseCmdline, parseContainer, parsePasswd, parsePss } from "./details.ts";
import { garbled, isGone, readFailure } from "./trouble.ts";

/** What is asked for. */
interface Wanted {
  readonly details: boolean;
  readonly pss: boolean;
}

/** Adds to processes that were read already; keeps the names of users. */
export class DetailReader {
  readonly #host: Host;
  #users: ReadonlyMap<number, string> | null = null;

  constructor(host: Host) {
    this.#host = host;
  }

  /** The process with what is wanted of it; `null` with a failure added where that can't be read. */
  read(process: ProcessMemory, { details, pss }: Wanted, failures: Failure[]): ProcessMemory {
    const { pid } = process;
    const read = <T>(what: string, file: string, parse: (text: string) => T): T | null => {
      const path = `/proc/${pid}/${file}`;
      try {
        return parse(this.#host.readText(path));
      } catch (error) {
        if (isGone(error) && this.#isThere(pid)) {
          // An older kernel, or one made without it.
          failures.push(notTold(what, path, pid));
        } else if (!isGone(error) || !failures.some((f) => isVanished(f, pid))) {
          failures.push(readFailure(error, `${what} of process ${pid}`, "proc_mm", pid));
        }
        return null;
      }
    };
    const command = details ? read("the command line", "cmdline", parseCmdline) : null;
    const container = details ? read("the container", "cgroup", parseContainer) : null;
    // A process without memory has no mappings to share, and the kernel says "no such process" there.
    const rollup = pss && process.rssBytes !== null
      ? read("the PSS", "smaps_rollup", (text) => ({ pssBytes: parsePss(text) }))
      : null;
    if (rollup !== null && rollup.pssBytes === null) {
      failures.push(garbled(`/proc/${pid}/smaps_rollup`, "proc_mm", pid, "Pss"));
    }
    return {
      ...process,
      pssBytes: rollup?.pssBytes ?? null,
      user: details && process.uid !== null ? this.#userName(process.uid) : null,
      container,
      command,
    };
  }

  #isThere(pid: number): boolean {
    try {
      this.#host.readText(`/proc/${pid}/stat`);
      return true;
    } catch {
      return false;
    }
  }

  #userName(uid: number): string | null {
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

function isVanished(failure: Failure, pid: number): boolean {
  return failure.code === "no_such_process" && failure.pid === pid;
}

function notTold(what: string, path: string, pid: number): Failure {
  return {
    code: "not_supported",
    source: "proc_mm",
    message: `Cannot read ${what} of process ${pid}: this kernel has no ${path}`,
    pid,
  };
}
