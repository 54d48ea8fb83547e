/** Memory of one process on Windows. */
import type { Failure } from "../../lib/errors.ts";
import type { ProcessMemory } from "../../lib/records.ts";
import { HostError } from "../host/host.ts";
import { readMemory, readTimes } from "./counters.ts";
import { withProcess } from "./handles.ts";
import type { Windows } from "./libraries.ts";
import { readProcessList } from "./process_list.ts";
import { makeProcess } from "./record.ts";
import { gone, readFailure, rethrowRefusal } from "./trouble.ts";

type Identity = Pick<ProcessMemory, "pid" | "startTicks" | "parentPid" | "name">;

/** Identities kept; more than anybody watches at once. */
const MOST_KEPT = 1_000;

/** Reads processes; keeps their parents and names, which do not change. */
export class ProcessReader {
  readonly #windows: Windows;
  readonly #known = new Map<number, Identity>();

  constructor(windows: Windows) {
    this.#windows = windows;
  }

  /** Those that can be read, in the order asked; the others are added to the failures. */
  read(pids: readonly number[], withCpu: boolean, failures: Failure[]): ProcessMemory[] {
    let list: ReadonlyMap<number, ProcessMemory> | null = null;
    const listed = () => list ??= readProcessList(this.#windows);
    const processes: ProcessMemory[] = [];
    for (const pid of pids) {
      try {
        processes.push(this.#readOne(pid, withCpu, listed, failures));
      } catch (error) {
        rethrowRefusal(error);
        failures.push(readFailure(error, `the memory of process ${pid}`, pid));
      }
    }
    return processes;
  }

  #readOne(
    pid: number,
    withCpu: boolean,
    listed: () => ReadonlyMap<number, ProcessMemory>,
    failures: Failure[],
  ): ProcessMemory {
    try {
      return withProcess(this.#windows, pid, (handle) => {
        const times = readTimes(this.#windows, handle);
        const identity = this.#identity(pid, times.startTicks, listed, failures);
        const cpuTimeMs = withCpu ? times.cpuTimeMs : null;
        const memory = readMemory(this.#windows, handle);
        return makeProcess({ ...identity, ...memory, cpuTimeMs });
      });
    } catch (error) {
      if (!(error instanceof HostError) || error.code !== "EACCES") throw error;
      return this.#fromList(pid, withCpu, listed, error);
    }
  }

  /** One that may not be opened: the list of all of them tells the same. */
  #fromList(
    pid: number,
    withCpu: boolean,
    listed: () => ReadonlyMap<number, ProcessMemory>,
    refusal: HostError,
  ): ProcessMemory {
    let process: ProcessMemory | undefined;
    try {
      process = listed().get(pid);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      throw refusal;
    }
    if (process === undefined) throw gone(pid);
    return withCpu ? process : { ...process, cpuTimeMs: null };
  }

  /** Parent and name, which the handle does not tell. */
  #identity(
    pid: number,
    startTicks: number | null,
    listed: () => ReadonlyMap<number, ProcessMemory>,
    failures: Failure[],
  ): Identity {
    const known = this.#known.get(pid);
    if (known !== undefined && known.startTicks === startTicks) return known;
    try {
      const told = listed().get(pid);
      // While it is open no other process gets its PID, but the list may be older than that.
      if (told === undefined || told.startTicks !== startTicks) throw unlisted();
      const identity = { pid, startTicks, parentPid: told.parentPid, name: told.name };
      if (this.#known.size >= MOST_KEPT) this.#known.clear();
      this.#known.set(pid, identity);
      return identity;
    } catch (error) {
      rethrowRefusal(error);
      failures.push(readFailure(error, `parent and name of process ${pid}`, pid));
      return { pid, startTicks, parentPid: null, name: null };
    }
  }
}

function unlisted(): HostError {
  return new HostError("EIO", "", "the list of processes does not hold it");
}
