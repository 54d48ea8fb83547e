/** Memory of the machine on Windows. */
import type { Failure } from "../../lib/errors.ts";
import type { SystemMemory } from "../../lib/records.ts";
import type { Host } from "../host/host.ts";
import { cpuRatio, type CpuTimes, readCpuTimes } from "./cpu.ts";
import { readJobMemory } from "./job.ts";
import { type Windows, windowsOf } from "./libraries.ts";
import { type Commit, type Ram, readPerformance, readRam } from "./machine.ts";
import { type PageFiles, readPageFiles } from "./page_files.ts";
import { readFailure, rethrowRefusal } from "./trouble.ts";

/** Everything but the machine's RAM is read at most this often, as on Linux: it costs far more. */
const REST_EVERY_MS = 100;

type Rest = Commit & PageFiles & Pick<SystemMemory, "cpuUtilizationRatio">;

const NO_RAM: Ram = { totalBytes: null, availableBytes: null, usedBytes: null };
const NO_COMMIT: Commit = { commitBytes: null, commitLimitBytes: null, processCount: null };
const NO_PAGE_FILES: PageFiles = { swapTotalBytes: null, swapUsedBytes: null };

/** Reads the machine's memory; keeps what CPU utilisation is a difference from. */
export class SystemReader {
  readonly #host: Host;
  readonly #windows: Windows;
  #cpu: { readonly times: CpuTimes; readonly ratio: number | null } | null = null;
  #last: { readonly atMs: number; readonly rest: Rest; readonly failures: Failure[] } | null = null;

  constructor(host: Host) {
    this.#host = host;
    this.#windows = windowsOf(host);
  }

  /** The machine. What can't be read is `null`, with a failure. */
  read(failures: Failure[]): SystemMemory {
    const ram = attempt("the machine's memory", failures, () => readRam(this.#windows)) ?? NO_RAM;
    const nowMs = this.#host.now();
    if (this.#last === null || nowMs - this.#last.atMs >= REST_EVERY_MS) {
      const found: Failure[] = [];
      this.#last = { atMs: nowMs, rest: this.#rest(found), failures: found };
    }
    failures.push(...this.#last.failures);
    const job = readJobMemory(this.#host);
    return { ...ram, freeBytes: null, ...this.#last.rest, pressure: null, cgroup: null, job };
  }

  #rest(failures: Failure[]): Rest {
    const performance = attempt("commit", failures, () => readPerformance(this.#windows));
    // Page files are counted in pages, whose size is told by the same function.
    const pageFiles = performance === null ? null : attempt("the page files", failures, () => {
      return readPageFiles(this.#windows, performance.pageSize);
    });
    return {
      ...(pageFiles ?? NO_PAGE_FILES),
      ...(performance?.commit ?? NO_COMMIT),
      cpuUtilizationRatio: attempt("CPU time", failures, () => this.#cpuRatio()),
    };
  }

  #cpuRatio(): number | null {
    const times = readCpuTimes(this.#windows);
    const before = this.#cpu;
    const ratio = before === null ? null : cpuRatio(before.times, times);
    // Nothing was counted meanwhile: the earlier reading stays the one to compare with.
    if (before !== null && times.total === before.times.total) return before.ratio;
    this.#cpu = { times, ratio };
    return ratio;
  }
}

/** What `action` gives; `null` with its failure added where it can't be read. */
function attempt<T>(what: string, failures: Failure[], action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    rethrowRefusal(error);
    failures.push(readFailure(error, what));
    return null;
  }
}
