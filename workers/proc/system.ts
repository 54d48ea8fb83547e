/** Memory of the machine on Linux. */
import type { Failure } from "../../lib/errors.ts";
import type { Bytes, CgroupMemory, Pressure, SystemMemory } from "../../lib/records.ts";
import { type Host, HostError } from "../host/host.ts";
import { findCgroup, readCgroup } from "./cgroup.ts";
import type { CgroupPlace } from "./cgroup_text.ts";
import { type Meminfo, parseMeminfo } from "./meminfo.ts";
import { parsePressure } from "./pressure.ts";
import { type CpuTimes, parseCpuTimes } from "./stat.ts";
import { garbled, readFailure } from "./trouble.ts";

/**
 * Everything but the machine's memory itself is read at most this often, and repeated in between: it costs
 * five times what `/proc/meminfo` does, and the kernel renews pressure every two seconds only.
 */
const REST_EVERY_MS = 100;
/** Counting processes means listing `/proc`. */
const COUNT_EVERY_MS = 1_000;

type Rest = Pick<SystemMemory, "pressure" | "cpuUtilizationRatio" | "processCount" | "cgroup">;

/** Reads the machine's memory; keeps what CPU utilisation is a difference from. */
export class SystemReader {
  readonly #host: Host;
  #cpu: CpuTimes | null = null;
  #count: { readonly processes: number; readonly atMs: number } | null = null;
  #place: { readonly pid: number; readonly place: CgroupPlace | null } | null = null;
  #rest: { readonly pid: number | null; readonly atMs: number; readonly rest: Rest } | null = null;

  constructor(host: Host) {
    this.#host = host;
  }

  /** The machine, and the cgroup that `pid` is in. What can't be read is `null`, with a failure. */
  read(pid: number | null): { system: SystemMemory | null; failures: readonly Failure[] } {
    const failures: Failure[] = [];
    const attempt = <T>(what: string, action: () => T): T | null => {
      try {
        return action();
      } catch (error) {
        failures.push(readFailure(error, what, "proc"));
        return null;
      }
    };
    const memory = attempt("the machine's memory", () => this.#memory(failures));
    if (memory === null) return { system: null, failures };
    const nowMs = this.#host.now();
    const last = this.#rest;
    if (last !== null && last.pid === pid && nowMs - last.atMs < REST_EVERY_MS) {
      return { system: { ...memory, ...last.rest }, failures };
    }
    const rest: Rest = {
      pressure: this.#pressure(),
      cpuUtilizationRatio: attempt("CPU time", () => this.#cpuRatio()),
      processCount: attempt("the number of processes", () => this.#processCount(nowMs)),
      cgroup: pid === null ? null : this.#cgroup(pid, memory.totalBytes),
    };
    // What failed is tried again at the next question, so that its failure is told there too.
    this.#rest = failures.length === 0 ? { pid, atMs: nowMs, rest } : null;
    return { system: { ...memory, ...rest }, failures };
  }

  #memory(failures: Failure[]): Meminfo {
    const memory = parseMeminfo(this.#host.readText("/proc/meminfo"));
    if (memory.totalBytes === null) failures.push(garbled("/proc/meminfo", "proc"));
    return memory;
  }

  /** Kernels without PSI have no such file; one that has it switched off refuses to open it. */
  #pressure(): Pressure | null {
    try {
      return parsePressure(this.#host.readText("/proc/pressure/memory"));
    } catch (error) {
      if (error instanceof HostError) return null;
      throw error;
    }
  }

  #cpuRatio(): number | null {
    const now = parseCpuTimes(this.#host.readText("/proc/stat"));
    const before = this.#cpu;
    if (now === null || before === null) {
      this.#cpu = now;
      return null;
    }
    const total = now.totalTicks - before.totalTicks;
    // Two questions within one tick of the clock: the earlier reading stays the one to compare with.
    if (total <= 0) return null;
    this.#cpu = now;
    return Math.min(1, Math.max(0, (now.busyTicks - before.busyTicks) / total));
  }

  #processCount(nowMs: number): number {
    if (this.#count === null || nowMs - this.#count.atMs >= COUNT_EVERY_MS) {
      let processes = 0;
      for (const name of this.#host.list("/proc")) if (/^\d/.test(name)) processes++;
      this.#count = { processes, atMs: nowMs };
    }
    return this.#count.processes;
  }

  #cgroup(pid: number, totalBytes: Bytes): CgroupMemory | null {
    try {
      // A process rarely changes its cgroup, so only the last one asked about is kept.
      if (this.#place?.pid !== pid) this.#place = { pid, place: findCgroup(this.#host, pid) };
      const { place } = this.#place;
      return place === null ? null : readCgroup(this.#host, place, totalBytes);
    } catch (error) {
      if (error instanceof HostError) return null; // The process is gone, or there are no cgroups.
      throw error;
    }
  }
}
