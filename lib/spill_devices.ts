/** A spill tracker for each GPU, fed with whole answers. */
import { deviceKey } from "./device_key.ts";
import type { DeviceInfo } from "./records.ts";
import { type SpillOptions, SpillTracker } from "./spill.ts";
import type { DeviceListing } from "./spill_causes.ts";
import { SpillReport } from "./spill_report.ts";
import { spillSampleOf } from "./spill_sample.ts";

/** What one GPU's tracker found. */
export interface DeviceSpill {
  readonly deviceIndex: number;
  readonly deviceUuid: string | null;
  readonly deviceName: string | null;
  readonly report: SpillReport;
}

/** Tells GPUs apart by their UUID, so that one keeps its history when the driver numbers them anew. */
export class DeviceSpills {
  readonly #options: SpillOptions;
  readonly #devices = new Map<string, { device: DeviceInfo; readonly tracker: SpillTracker }>();

  /** @throws {RangeError} as {@linkcode SpillTracker} does */
  constructor(options: SpillOptions = {}) {
    this.#options = options;
    void new SpillTracker(options);
  }

  /** Takes one sample of each of the devices; `listing`: who uses them, where that was asked for. */
  observe(
    label: string,
    devices: readonly DeviceInfo[],
    atMs: number,
    listing?: DeviceListing,
  ): void {
    for (const device of devices) {
      const key = deviceKey(device);
      const known = this.#devices.get(key) ?? { device, tracker: new SpillTracker(this.#options) };
      known.device = device;
      known.tracker.observe(label, spillSampleOf(device, listing), atMs);
      this.#devices.set(key, known);
    }
  }

  /** The device spills at the latest sample; `null` where it can't be measured. */
  isSpilling(device: DeviceInfo): boolean | null {
    const known = this.#devices.get(deviceKey(device));
    return known?.tracker.isMeasurable ? known.tracker.isSpilling : null;
  }

  /** What was found of one device; `null` where it can't be measured. */
  reportOf(device: DeviceInfo): SpillReport | null {
    const known = this.#devices.get(deviceKey(device));
    return known?.tracker.isMeasurable ? known.tracker.report() : null;
  }

  /** Some device could be measured. */
  get isMeasurable(): boolean {
    return [...this.#devices.values()].some(({ tracker }) => tracker.isMeasurable);
  }

  /** Some device spilled at some time. */
  get hasSpilled(): boolean {
    return [...this.#devices.values()].some(({ tracker }) => tracker.hasSpilled);
  }

  /** The report of each device, in the order in which they were first seen. */
  reports(): DeviceSpill[] {
    return [...this.#devices.values()].map(({ device, tracker }) => ({
      deviceIndex: device.index,
      deviceUuid: device.uuid,
      deviceName: device.name,
      report: tracker.report(),
    }));
  }
}

/** The report that matters most: of the device that spilled longest, else of one that could be measured. */
export function worstOf(spills: readonly DeviceSpill[]): DeviceSpill {
  const [first, ...others] = spills;
  const none = { deviceIndex: 0, deviceUuid: null, deviceName: null, report: new SpillReport() };
  return others.reduce((worst, next) => isWorse(next, worst) ? next : worst, first ?? none);
}

function isWorse({ report: a }: DeviceSpill, { report: b }: DeviceSpill): boolean {
  const rank = (report: SpillReport) => report.spilled ? 2 : report.measurable ? 1 : 0;
  return rank(a) > rank(b) ||
    (rank(a) === rank(b) && a.totalSpillDurationMs > b.totalSpillDurationMs);
}
