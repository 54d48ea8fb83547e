/** Memory of one process on Linux. */
import type { Failure } from "../../lib/errors.ts";
import type { ProcessMemory } from "../../lib/records.ts";
import { type Host, HostError } from "../host/host.ts";
import { parseBootTime, parseProcessTimes, type ProcessTimes } from "./stat.ts";
import { parseStatus } from "./status.ts";
import { garbled, isGone, readFailure, rethrowRefusal } from "./trouble.ts";

/** `USER_HZ`: the kernel gives times to programs in these ticks on every architecture Linux has. */
const TICKS_PER_SECOND = 100;

/** Reads processes; keeps the time of boot. */
export class ProcessReader {
  readonly #host: Host;
  readonly #hostPid: number | null;
  #bootMs: number | null = null;
  /** The process that asks lives as long as this reader does, so its start is read once. */
  #hostStartTicks: number | null = null;

  /** `hostPid`: the process this worker works for; `null` where that is not known. */
  constructor(host: Host, hostPid: number | null) {
    this.#host = host;
    this.#hostPid = hostPid;
  }

  /**
   * One process, without its details; `null` where what the kernel says of it can't be understood. Throws
   * the {@linkcode HostError} of its files: `ENOENT` or `ESRCH` where there is no such process.
   */
  read(pid: number, failures: Failure[], withCpu = false): ProcessMemory | null {
    return this.readAgain(pid, null, failures, withCpu)?.process ?? null;
  }

  /**
   * The same, with the number of threads. What is taken for the process of an earlier reading (`before`) keeps its
   * start, which costs a file to read: it has the same name and parent, and its peak has not gone down.
   */
  readAgain(
    pid: number,
    before: ProcessMemory | null,
    failures: Failure[],
    withCpu = false,
  ): { readonly process: ProcessMemory; readonly threads: number | null } | null {
    const path = `/proc/${pid}/status`;
    const status = parseStatus(this.#host.readText(path));
    if (status.garbled.length > 0) {
      failures.push(garbled(path, "proc", pid, status.garbled.join(", ")));
      if (status.pid === null) return null;
    }
    // The kernel answers for a thread as well, with the numbers of its process.
    if (status.processId !== null && status.processId !== status.pid) {
      failures.push(isThread(pid, status.processId));
      return null;
    }
    const isSame = before !== null && before.name === status.name &&
      before.parentPid === status.parentPid &&
      (status.peakRssBytes ?? 0) >= (before.peakRssBytes ?? 0);
    const { startTicks, cpuTicks } = isSame && !withCpu
      ? { startTicks: before.startTicks, cpuTicks: null }
      : this.#times(pid, failures, withCpu);
    const process: ProcessMemory = {
      pid,
      parentPid: status.parentPid,
      zombie: status.zombie,
      name: status.name,
      startTicks,
      startedAtMs: this.#startedAtMs(startTicks, failures),
      rssBytes: status.rssBytes,
      peakRssBytes: status.peakRssBytes,
      privateBytes: null,
      anonBytes: status.anonBytes,
      fileBytes: status.fileBytes,
      shmemBytes: status.shmemBytes,
      swapBytes: status.swapBytes,
      pssBytes: null,
      cpuTimeMs: withCpu && cpuTicks !== null ? cpuTicks * 1000 / TICKS_PER_SECOND : null,
      uid: status.uid,
      user: null,
      container: null,
      command: null,
    };
    return { process, threads: status.threads };
  }

  /** Every process of the machine that can be read. Those that end meanwhile are left out. */
  readAll(failures: Failure[]): ProcessMemory[] {
    const processes: ProcessMemory[] = [];
    for (const name of this.#host.list("/proc")) {
      const pid = /^\d+$/.test(name) ? Number(name) : null;
      if (pid === null) continue;
      try {
        const process = this.read(pid, failures);
        if (process !== null) processes.push(process);
      } catch (error) {
        rethrowRefusal(error);
        if (!isGone(error)) {
          failures.push(readFailure(error, `the memory of process ${pid}`, "proc", pid));
        }
      }
    }
    return processes;
  }

  #times(pid: number, failures: Failure[], withCpu: boolean): ProcessTimes {
    if (pid === this.#hostPid && this.#hostStartTicks !== null && !withCpu) {
      return { startTicks: this.#hostStartTicks, cpuTicks: null };
    }
    const path = `/proc/${pid}/stat`;
    try {
      const times = parseProcessTimes(this.#host.readText(path));
      if (times.startTicks === null || (withCpu && times.cpuTicks === null)) {
        failures.push(garbled(path, "proc", pid));
      }
      if (pid === this.#hostPid) this.#hostStartTicks = times.startTicks;
      return times;
    } catch (error) {
      rethrowRefusal(error);
      if (isGone(error)) throw error;
      failures.push(readFailure(error, `the start of process ${pid}`, "proc", pid));
      return { startTicks: null, cpuTicks: null };
    }
  }

  #startedAtMs(startTicks: number | null, failures: Failure[]): number | null {
    if (startTicks === null) return null;
    this.#bootMs ??= this.#readBootMs(failures);
    return this.#bootMs === null ? null : this.#bootMs + startTicks * 1000 / TICKS_PER_SECOND;
  }

  #readBootMs(failures: Failure[]): number | null {
    try {
      const bootMs = parseBootTime(this.#host.readText("/proc/stat"));
      if (bootMs === null) failures.push(garbled("/proc/stat", "proc"));
      return bootMs;
    } catch (error) {
      rethrowRefusal(error);
      if (!(error instanceof HostError)) throw error;
      failures.push(readFailure(error, "/proc/stat", "proc"));
      return null;
    }
  }
}

function isThread(pid: number, processId: number): Failure {
  return {
    code: "no_such_process",
    source: "proc",
    message: `Cannot read the memory of process ${pid}: ` +
      `it is a thread of process ${processId}; ask for that`,
    pid,
  };
}
