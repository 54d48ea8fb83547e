/** Memory of one process on Linux. */
import type { ProcessMemory } from "../../lib/records.ts";
import type { Host } from "../host/host.ts";
import { parseBootTime, parseProcessStat, type ProcessStat } from "./stat.ts";
import { parseStatus } from "./status.ts";

/** `USER_HZ`: the kernel gives times to programs in these ticks on every architecture Linux has. */
const TICKS_PER_SECOND = 100;

/** Reads processes; keeps the time of boot. */
export class ProcessReader {
  readonly #host: Host;
  readonly #hostPid: number | null;
  #bootMs: number | null | undefined;
  /** The process that asks lives as long as this reader does, so its start is read once. */
  #hostStat: ProcessStat | null = null;

  /** `hostPid`: the process this worker works for; `null` where that is not known. */
  constructor(host: Host, hostPid: number | null) {
    this.#host = host;
    this.#hostPid = hostPid;
  }

  /**
   * One process, without its details. Throws the {@linkcode HostError} of `/proc/PID/status`: `ENOENT` or
   * `ESRCH` where there is no such process.
   */
  read(pid: number): ProcessMemory {
    const status = parseStatus(this.#host.readText(`/proc/${pid}/status`));
    const stat = this.#readStat(pid);
    return {
      pid,
      parentPid: status.parentPid,
      name: stat.name,
      startTicks: stat.startTicks,
      startedAtMs: this.#startedAtMs(stat.startTicks),
      rssBytes: status.rssBytes,
      peakRssBytes: status.peakRssBytes,
      anonBytes: status.anonBytes,
      fileBytes: status.fileBytes,
      shmemBytes: status.shmemBytes,
      swapBytes: status.swapBytes,
      pssBytes: null,
      uid: status.uid,
      user: null,
      container: null,
      command: null,
    };
  }

  #readStat(pid: number): ProcessStat {
    if (pid === this.#hostPid && this.#hostStat !== null) return this.#hostStat;
    const stat = parseProcessStat(this.#host.readText(`/proc/${pid}/stat`));
    if (pid === this.#hostPid) this.#hostStat = stat;
    return stat;
  }

  #startedAtMs(startTicks: number | null): number | null {
    if (startTicks === null) return null;
    this.#bootMs ??= this.#readBootMs();
    return this.#bootMs === null ? null : this.#bootMs + startTicks * 1000 / TICKS_PER_SECOND;
  }

  #readBootMs(): number | null {
    try {
      return parseBootTime(this.#host.readText("/proc/stat"));
    } catch {
      return null; // Nobody asked for /proc/stat; the process's own numbers stand.
    }
  }
}
