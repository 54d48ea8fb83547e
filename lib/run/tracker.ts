/** Folds the samples of a run into its report. Pure. */
import type { Failure } from "../errors.ts";
import { PeakTracker } from "../peak.ts";
import type { GpuReply } from "../protocol.ts";
import type { Bytes, DeviceInfo, ProcessMemory } from "../records.ts";
import { holdings } from "../snapshot.ts";
import type { Followed } from "./follow.ts";
import type { RunSample } from "./look.ts";
import type { PeakRamSource, RunGpu, RunMoment, RunProcess, RunReport } from "./report.ts";
import { higher, Series } from "./series.ts";

/** Processes told in the report. */
const LARGEST = 3;
/** Processes remembered; with twice as many the smaller half is forgotten. */
const REMEMBERED = 256;
/** Different failures remembered. */
const MOST_FAILURES = 50;

interface SeenProcess {
  readonly pid: number;
  name: string | null;
  peakRssBytes: Bytes;
  peakVramBytes: Bytes;
}

/** Keeps peaks, the largest processes and a bounded history. */
export class RunTracker {
  readonly #ram = new PeakTracker();
  readonly #swap = new PeakTracker();
  readonly #vram = new PeakTracker();
  readonly #largest = new PeakTracker();
  readonly #gpus = new Map<string, { device: DeviceInfo; peak: PeakTracker }>();
  readonly #series = new Series();
  readonly #failures = new Map<string, Failure>();
  readonly #gpuFailures = new Map<string, Failure>();
  #processes = new Map<string, SeenProcess>();
  #last: ReadonlySet<string> = new Set();
  #processCount = 0;

  /** Takes one look. */
  observe({ elapsedMs, processes, gpu, failures, gpuFailures }: RunSample): void {
    note(this.#failures, failures);
    note(this.#gpuFailures, gpuFailures);
    const ramBytes = processes === null ? null : sum(processes, (found) => found.rssBytes);
    this.#ram.observe(ramBytes, elapsedMs);
    if (processes !== null) {
      this.#swap.observe(sum(processes, (found) => found.swapBytes), elapsedMs);
      this.#seeProcesses(processes, elapsedMs);
    }
    const vramBytes = gpu === null ? null : this.#seeGpus(gpu, processes, elapsedMs);
    this.#series.push({ elapsedMs, ramBytes, vramBytes });
  }

  #seeProcesses(processes: readonly ProcessMemory[], elapsedMs: number): void {
    const now = new Set<string>();
    for (const process of processes) {
      const key = keyOf(process);
      now.add(key);
      if (!this.#last.has(key) && !this.#processes.has(key)) this.#processCount += 1;
      const seen = this.#processes.get(key) ??
        { pid: process.pid, name: null, peakRssBytes: null, peakVramBytes: null };
      seen.name = process.name ?? seen.name;
      seen.peakRssBytes = higher(seen.peakRssBytes, process.peakRssBytes ?? process.rssBytes);
      this.#processes.set(key, seen);
      this.#largest.observe(process.peakRssBytes ?? process.rssBytes, elapsedMs);
    }
    this.#last = now;
    if (this.#processes.size > 2 * REMEMBERED) this.#forgetSmall();
  }

  #forgetSmall(): void {
    const kept = [...this.#processes].sort(([, a], [, b]) => bySize(a, b)).slice(0, REMEMBERED);
    this.#processes = new Map(kept);
  }

  /** Returns what the run holds on all GPUs together. */
  #seeGpus(gpu: GpuReply, processes: readonly ProcessMemory[] | null, elapsedMs: number): Bytes {
    const heldBy = holdings(gpu);
    let all: Bytes = gpu.devices.length === 0 ? null : 0;
    for (const device of gpu.devices) {
      const held = processes === null
        ? null
        : total(processes, ({ pid }) => heldBy(device, pid)?.bytes ?? null);
      const key = device.uuid ?? String(device.index);
      const known = this.#gpus.get(key) ?? { device, peak: new PeakTracker() };
      known.device = device;
      known.peak.observe(held, elapsedMs);
      this.#gpus.set(key, known);
      all = all === null || held === null ? null : all + held;
    }
    this.#vram.observe(all, elapsedMs);
    for (const process of processes ?? []) {
      const seen = this.#processes.get(keyOf(process));
      if (seen === undefined || gpu.devices.length === 0) continue;
      const held = total(gpu.devices, (device) => heldBy(device, process.pid)?.bytes ?? null);
      seen.peakVramBytes = held === null ? seen.peakVramBytes : higher(seen.peakVramBytes, held);
    }
    return all;
  }

  /** Everything up to the end. */
  report(
    command: readonly string[],
    intervalMs: number,
    end: Followed,
    withSeries: boolean,
  ): RunReport {
    note(this.#failures, end.failures);
    return {
      command,
      exitCode: end.exitCode,
      signal: end.signal,
      startedAtMs: end.startedAtMs,
      durationMs: end.durationMs,
      intervalMs,
      samples: this.#ram.observations,
      missedSamples: this.#ram.gaps + end.skipped,
      ...this.#peakRam(end.maxRssBytes),
      cgroupPeakBytes: end.cgroupPeakBytes,
      peakSwapBytes: this.#swap.peakBytes,
      peakVramBytes: this.#vram.peakBytes,
      peakVramElapsedMs: this.#vram.peakAtMs,
      gpus: [...this.#gpus.values()].map(({ device, peak }) => gpuOf(device, peak)),
      processCount: this.#processCount,
      processes: this.largest(),
      leftRunning: end.leftRunning.length,
      failures: [...this.#failures.values(), ...this.gpuFailures],
      series: withSeries ? this.moments : null,
    };
  }

  /** The highest of what was sampled and what the kernel kept of single processes. */
  #peakRam(
    maxRssBytes: Bytes,
  ): Pick<RunReport, "peakRamBytes" | "peakRamElapsedMs" | "peakRamSource"> {
    const candidates: [PeakRamSource, Bytes, number | null][] = [
      ["sum_rss", this.#ram.peakBytes, this.#ram.peakAtMs],
      ["vm_hwm", this.#largest.peakBytes, null],
      ["ru_maxrss", maxRssBytes, null],
    ];
    let best: [PeakRamSource | null, Bytes, number | null] = [null, null, null];
    for (const candidate of candidates) {
      // A sum of 0 is of processes that had just ended.
      if ((candidate[1] ?? 0) > (best[1] ?? 0)) best = candidate;
    }
    const [peakRamSource, peakRamBytes, peakRamElapsedMs] = best;
    return { peakRamBytes, peakRamElapsedMs, peakRamSource };
  }

  /** The largest processes so far. */
  largest(): RunProcess[] {
    return [...this.#processes.values()].sort(bySize).slice(0, LARGEST)
      .map((process) => ({ ...process }));
  }

  /** What could not be read of the GPUs, each once. */
  get gpuFailures(): readonly Failure[] {
    return [...this.#gpuFailures.values()];
  }

  /** The history. */
  get moments(): readonly RunMoment[] {
    return this.#series.moments;
  }
}

function note(known: Map<string, Failure>, failures: readonly Failure[]): void {
  for (const failure of failures) {
    if (failure.code === "no_such_process" || known.size >= MOST_FAILURES) continue;
    known.set(JSON.stringify([failure.source, failure.code, failure.message]), failure);
  }
}

function gpuOf(device: DeviceInfo, peak: PeakTracker): RunGpu {
  return {
    deviceIndex: device.index,
    deviceUuid: device.uuid,
    deviceName: device.name,
    totalBytes: device.totalBytes,
    peakVramBytes: peak.peakBytes,
    peakVramElapsedMs: peak.peakAtMs,
  };
}

function keyOf({ pid, startTicks }: ProcessMemory): string {
  return `${pid} ${startTicks}`;
}

/** The sum; `null` where one part is not known. */
function total<T>(parts: readonly T[], of: (part: T) => Bytes): Bytes {
  let bytes = 0;
  for (const part of parts) {
    const more = of(part);
    if (more === null) return null;
    bytes += more;
  }
  return bytes;
}

/** A process without memory has ended and was not waited for yet. */
function sum(processes: readonly ProcessMemory[], of: (process: ProcessMemory) => Bytes): number {
  return processes.reduce((bytes, process) => bytes + (of(process) ?? 0), 0);
}

function bySize(a: SeenProcess, b: SeenProcess): number {
  const size = ({ peakRssBytes, peakVramBytes }: SeenProcess) =>
    (peakRssBytes ?? 0) + (peakVramBytes ?? 0);
  return size(b) - size(a) || a.pid - b.pid;
}
