/** What `hmn spill` watches beside a command, and what it says of it. */
import type { Failure } from "../errors.ts";
import { formatSize } from "../format.ts";
import { PeakTracker } from "../peak.ts";
import type { GpuReply } from "../protocol.ts";
import type { DeviceInfo } from "../records.ts";
import type { Followed } from "../run/follow.ts";
import type { RunSample } from "../run/look.ts";
import { swapOf } from "../run/swap.ts";
import { type DeviceSelector, selectDevice } from "../select_device.ts";
import type { SpillOptions } from "../spill.ts";
import { type DeviceSpill, DeviceSpills, worstOf } from "../spill_devices.ts";
import type { Asker } from "./asker.ts";
import {
  deviceSpillRecord,
  spillBlocks,
  spillRecord,
  timeLabel,
  whyNotMeasurable,
} from "./spill_text.ts";

/** What the sample behind the command's end may take. */
const LAST_LOOK_MS = 500;
const PREFIX = "hmn spill";

/** Trackers of the GPUs, and the swap of the command. */
export class SpillWatch {
  readonly #spills: DeviceSpills;
  readonly #selector: DeviceSelector | undefined;
  readonly #swap = new PeakTracker();
  #devices: readonly DeviceInfo[] = [];
  #failures: readonly Failure[] = [];
  #answered = false;

  constructor(
    options: SpillOptions,
    selector: DeviceSelector | undefined,
  ) {
    this.#spills = new DeviceSpills(options);
    this.#selector = selector;
  }

  /** Before the command starts. A GPU that is not there is an error while nothing has been started yet. */
  baseline(gpu: GpuReply | null): void {
    if (gpu === null) return;
    if (this.#selector !== undefined && gpu.devices.length > 0) {
      selectDevice(gpu.devices, this.#selector, gpu.failures);
    }
    this.#see("+0.0s", gpu, 0);
  }

  /** While it runs. */
  observe({ elapsedMs, processes, gpu, gpuFailures }: RunSample): void {
    if (gpu !== null) this.#see(timeLabel(elapsedMs), gpu, elapsedMs);
    else if (!this.#answered) this.#failures = gpuFailures;
    if (processes === null) return;
    this.#swap.observe(swapOf(processes), elapsedMs);
  }

  /** Behind the end of the command: what ended an episode, if that was its end. */
  async lastLook(asker: Asker, elapsedMs: number): Promise<void> {
    if (!this.#spills.isMeasurable) return;
    const signal = AbortSignal.timeout(LAST_LOOK_MS);
    try {
      const gpu = await asker.ask({ kind: "gpu", processes: false, telemetry: false }, { signal });
      this.#see(timeLabel(elapsedMs), gpu, elapsedMs);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #see(label: string, gpu: GpuReply, elapsedMs: number): void {
    this.#answered = true;
    this.#devices = gpu.devices;
    this.#failures = gpu.failures;
    const selector = this.#selector;
    // A device that is away for a while comes back, or not; the others go on.
    const devices = selector === undefined
      ? gpu.devices
      : gpu.devices.filter((device) => isSelected(gpu.devices, selector, device));
    this.#spills.observe(label, devices, elapsedMs, gpu);
  }

  get #reports(): readonly DeviceSpill[] {
    return this.#spills.reports();
  }

  /** The report for people. */
  text(): string {
    const swapped = this.#swapText();
    if (this.#spills.isMeasurable) return spillBlocks(PREFIX, this.#reports) + swapped;
    const why = whyNotMeasurable({
      devices: this.#devices,
      failures: this.#failures,
      answered: this.#answered,
    });
    return `${PREFIX}: spill not measurable on this platform: ${why}\n${swapped}`;
  }

  #swapText(): string {
    const { peakBytes, baselineBytes } = this.#swap;
    if (peakBytes === null || peakBytes === 0) return "";
    const sizes = `peak ${formatSize(peakBytes)} (at first ${formatSize(baselineBytes)})`;
    return `${" ".repeat(11)}swapped out    ${sizes}\n`;
  }

  /** The report as JSON: the original's keys first. */
  record(end: Followed) {
    const worst = worstOf(this.#reports);
    return {
      ...spillRecord(worst.report),
      deviceIndex: this.#reports.length === 0 ? null : worst.deviceIndex,
      deviceUuid: worst.deviceUuid,
      devices: this.#reports.map(deviceSpillRecord),
      swap: { baselineBytes: this.#swap.baselineBytes, peakBytes: this.#swap.peakBytes },
      exitCode: end.exitCode,
      signal: end.signal,
      startedAtMs: end.startedAtMs,
      durationMs: end.durationMs,
      failures: this.#failures,
    };
  }
}

function isSelected(
  devices: readonly DeviceInfo[],
  selector: DeviceSelector,
  device: DeviceInfo,
): boolean {
  try {
    return selectDevice(devices, selector).index === device.index;
  } catch {
    return false;
  }
}
