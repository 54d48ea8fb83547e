/** Folds the samples of a run into its report. Pure. */
import { totalOrNull } from "../bytes.ts";
import { type DevicePeak, DevicePeaks } from "../device_peaks.ts";
import type { Failure } from "../errors.ts";
import { PeakTracker } from "../peak.ts";
import type { GpuReply } from "../protocol.ts";
import type { Bytes, DeviceInfo, ProcessMemory } from "../records.ts";
import { roundHalfEven } from "../format.ts";
import { holdings } from "../snapshot.ts";
import { DeviceSpills } from "../spill_devices.ts";
import type { SpillReport } from "../spill_report.ts";
import type { Followed } from "./follow.ts";
import type { RunSample } from "./look.ts";
import type { PeakRamSource, RunGpu, RunMoment, RunReport } from "./report.ts";
import { SeenProcesses } from "./seen_processes.ts";
import { Series } from "./series.ts";
import { swapOf } from "./swap.ts";

/** Different failures remembered. */
const MOST_FAILURES = 50;

/** Keeps peaks, the largest processes and a bounded history. */
export class RunTracker {
  readonly #ram = new PeakTracker();
  readonly #swap = new PeakTracker();
  readonly #vram = new PeakTracker();
  readonly #gpus = new DevicePeaks();
  readonly #spills = new DeviceSpills();
  readonly #processes = new SeenProcesses();
  readonly #series = new Series();
  readonly #failures = new Map<string, Failure>();
  readonly #gpuFailures = new Map<string, Failure>();

  /** Takes one look. */
  observe({ elapsedMs, processes, gpu, failures, gpuFailures }: RunSample): void {
    note(this.#failures, failures);
    note(this.#gpuFailures, gpuFailures);
    const ramBytes = processes === null ? null : sum(processes, (found) => found.rssBytes);
    this.#ram.observe(ramBytes, elapsedMs);
    if (processes !== null) {
      this.#swap.observe(swapOf(processes), elapsedMs);
      this.#processes.see(processes, elapsedMs);
    }
    const vramBytes = gpu === null ? null : this.#seeGpus(gpu, processes, elapsedMs);
    this.#series.push({ elapsedMs, ramBytes, vramBytes });
  }

  /** Returns what the run holds on all GPUs together. */
  #seeGpus(gpu: GpuReply, processes: readonly ProcessMemory[] | null, elapsedMs: number): Bytes {
    const { devices } = gpu;
    // Nothing was measured, and the sum of nothing is 0.
    if (devices.length === 0) return null;
    const holdingOf = holdings(gpu);
    const heldBy = (device: DeviceInfo, pid: number) => holdingOf(device, pid)?.bytes ?? null;
    this.#spills.observe(`+${roundHalfEven(elapsedMs / 1000, 1)}s`, devices, elapsedMs, gpu);
    const held: Bytes[] = [];
    for (const device of devices) {
      const bytes = processes === null
        ? null
        : totalOrNull(processes.map(({ pid }) => heldBy(device, pid)));
      this.#gpus.observe(device, bytes, elapsedMs);
      held.push(bytes);
    }
    const all = totalOrNull(held);
    this.#vram.observe(all, elapsedMs);
    for (const process of processes ?? []) {
      const bytes = totalOrNull(devices.map((device) => heldBy(device, process.pid)));
      this.#processes.seeVram(process, bytes);
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
      gpus: this.#gpus.all.map((one) => gpuOf(one, this.#spills.reportOf(one.device))),
      processCount: this.#processes.count,
      processes: this.#processes.largest(),
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
      ["vm_hwm", this.#processes.peakRssBytes, null],
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

function gpuOf({ device, peak }: DevicePeak, spill: SpillReport | null): RunGpu {
  return {
    deviceIndex: device.index,
    deviceUuid: device.uuid,
    deviceName: device.name,
    totalBytes: device.totalBytes,
    peakVramBytes: peak.peakBytes,
    peakVramElapsedMs: peak.peakAtMs,
    spill,
  };
}

/** A process without memory has ended and was not waited for yet. */
function sum(processes: readonly ProcessMemory[], of: (process: ProcessMemory) => Bytes): number {
  return processes.reduce((bytes, process) => bytes + (of(process) ?? 0), 0);
}
