/** Memory of the machine on Linux. */
import type { Failure } from "../../lib/errors.ts";
import type { Pressure, SystemMemory } from "../../lib/records.ts";
import { type Host, HostError } from "../host/host.ts";
import { CgroupReader } from "./cgroup.ts";
import { garbledMeminfo, type Meminfo, parseMeminfo } from "./meminfo.ts";
import { parsePressure } from "./pressure.ts";
import { type CpuTimes, parseCpuTimes } from "./stat.ts";
import { garbled, readFailure, rethrowRefusal } from "./trouble.ts";

/**
 * Everything but the machine's memory itself is read at most this often, and repeated in between: it costs
 * five times what `/proc/meminfo` does, and the kernel renews pressure every two seconds only.
 */
const REST_EVERY_MS = 100;
/** Counting processes means listing `/proc`. */
const COUNT_EVERY_MS = 1_000;

type Rest = Pick<SystemMemory, "pressure" | "cpuUtilizationRatio" | "processCount" | "cgroup">;

const NO_MEMINFO: Meminfo = {
  totalBytes: null,
  availableBytes: null,
  usedBytes: null,
  freeBytes: null,
  swapTotalBytes: null,
  swapUsedBytes: null,
  commitBytes: null,
  commitLimitBytes: null,
};

/** What a part of the machine is, or `null` with its failure added. */
type Attempt = <T>(what: string, action: () => T) => T | null;

/** Reads the machine's memory; keeps what CPU utilisation is a difference from. */
export class SystemReader {
  readonly #host: Host;
  readonly #cgroups: CgroupReader;
  #cpu: { readonly times: CpuTimes; readonly ratio: number | null } | null = null;
  #count: { readonly processes: number; readonly atMs: number } | null = null;
  #last: {
    readonly pid: number | null;
    readonly atMs: number;
    readonly rest: Rest;
    readonly failures: readonly Failure[];
  } | null = null;

  constructor(host: Host) {
    this.#host = host;
    this.#cgroups = new CgroupReader(host);
  }

  /** The machine, and the cgroup that `pid` is in. What can't be read is `null`, with a failure. */
  read(pid: number | null, failures: Failure[]): SystemMemory {
    const memory = attemptInto(failures)(
      "the machine's memory",
      () => this.#memory(failures),
    ) ?? NO_MEMINFO;
    const nowMs = this.#host.now();
    let last = this.#last;
    if (last === null || last.pid !== pid || nowMs - last.atMs >= REST_EVERY_MS) {
      const found: Failure[] = [];
      const rest = this.#rest(pid, memory, nowMs, found);
      this.#last = last = { pid, atMs: nowMs, rest, failures: found };
    }
    failures.push(...last.failures);
    return { ...memory, ...last.rest, job: null };
  }

  #rest(pid: number | null, memory: Meminfo, nowMs: number, failures: Failure[]): Rest {
    const attempt: Attempt = attemptInto(failures);
    return {
      pressure: attempt("memory pressure", () => this.#pressure(failures)),
      cpuUtilizationRatio: attempt("CPU time", () => this.#cpuRatio(failures)),
      processCount: attempt("the number of processes", () => this.#processCount(nowMs)),
      cgroup: attempt(
        "the memory limit",
        () => this.#cgroups.read(pid, memory.totalBytes, failures),
      ),
    };
  }

  #memory(failures: Failure[]): Meminfo {
    const memory = parseMeminfo(this.#host.readText("/proc/meminfo"));
    const wrong = garbledMeminfo(memory);
    if (wrong.length > 0) {
      failures.push(garbled("/proc/meminfo", "proc", undefined, wrong.join(", ")));
    }
    return memory;
  }

  #pressure(failures: Failure[]): Pressure | null {
    const path = "/proc/pressure/memory";
    let text: string;
    try {
      text = this.#host.readText(path);
    } catch (error) {
      // Kernels without PSI have no such file; one that has it switched off refuses to open it.
      if (error instanceof HostError && (error.code === "ENOENT" || error.code === "EIO")) {
        return null;
      }
      throw error;
    }
    const pressure = parsePressure(text);
    if (pressure === null) failures.push(garbled(path, "proc"));
    return pressure;
  }

  #cpuRatio(failures: Failure[]): number | null {
    const times = parseCpuTimes(this.#host.readText("/proc/stat"));
    const before = this.#cpu;
    if (times === null) {
      failures.push(garbled("/proc/stat", "proc", undefined, "cpu"));
      return null;
    }
    const total = times.totalTicks - (before?.times.totalTicks ?? 0);
    // Two questions within one tick of the clock: the earlier reading stays the one to compare with.
    if (before !== null && total === 0) return before.ratio;
    const busy = times.busyTicks - (before?.times.busyTicks ?? 0);
    // Time runs backwards when a core is taken away.
    const ratio = before === null || total < 0 ? null : Math.min(1, Math.max(0, busy / total));
    this.#cpu = { times, ratio };
    return ratio;
  }

  #processCount(nowMs: number): number {
    if (this.#count === null || nowMs - this.#count.atMs >= COUNT_EVERY_MS) {
      let processes = 0;
      for (const name of this.#host.list("/proc")) if (/^\d+$/.test(name)) processes++;
      this.#count = { processes, atMs: nowMs };
    }
    return this.#count.processes;
  }
}

function attemptInto(failures: Failure[]): Attempt {
  return (what, action) => {
    try {
      return action();
    } catch (error) {
      rethrowRefusal(error);
      failures.push(readFailure(error, what, "proc"));
      return null;
    }
  };
}
