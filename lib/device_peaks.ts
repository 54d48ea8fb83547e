/** The highest of one number for each GPU. */
import { deviceKey } from "./device_key.ts";
import { PeakTracker } from "./peak.ts";
import type { Bytes, DeviceInfo } from "./records.ts";

/** What was highest on one GPU, and that GPU as last seen. */
export interface DevicePeak {
  readonly device: DeviceInfo;
  readonly peak: PeakTracker;
}

/** Follows one number on every GPU. */
export class DevicePeaks {
  readonly #peaks = new Map<string, { device: DeviceInfo; readonly peak: PeakTracker }>();

  /** Takes one measurement on one GPU. */
  observe(device: DeviceInfo, bytes: Bytes, atMs: number): void {
    const key = deviceKey(device);
    const known = this.#peaks.get(key) ?? { device, peak: new PeakTracker() };
    known.device = device;
    known.peak.observe(bytes, atMs);
    this.#peaks.set(key, known);
  }

  /** The peaks, in the order in which the GPUs were first seen. */
  get all(): readonly DevicePeak[] {
    return [...this.#peaks.values()];
  }
}
