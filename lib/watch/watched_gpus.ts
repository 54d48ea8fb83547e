/** The watched GPUs: which they are, their peaks, and whether the drivers answer. */
import { deviceKey } from "../device_key.ts";
import { type DevicePeak, DevicePeaks } from "../device_peaks.ts";
import type { Failure } from "../errors.ts";
import type { DeviceInfo } from "../records.ts";
import { type DeviceSelector, selectDevice } from "../select_device.ts";
import { DeviceSpills } from "../spill_devices.ts";
import { type Held, heldByProcess, type RowsByPid } from "./held.ts";
import type { ProcessHistory, WatchRow } from "./history.ts";
import { tellable, type WatchLook } from "./sample.ts";

/** Keeps what is known of the GPUs from sample to sample. */
export class WatchedGpus {
  readonly #selector: DeviceSelector | undefined;
  readonly #peaks = new DevicePeaks();
  /** The trackers, one for each GPU. */
  readonly spills = new DeviceSpills();
  /** The drivers answered at least once. */
  answered = false;
  /** Why they did not when they last did not; absent libraries are no reason. */
  failures: readonly Failure[] = [];

  /** `selector`: the one to watch; `undefined`: all. */
  constructor(selector: DeviceSelector | undefined) {
    this.#selector = selector;
  }

  /** The highest used memory of each GPU, in the order in which they were first seen. */
  get peaks(): readonly DevicePeak[] {
    return this.#peaks.all;
  }

  /**
   * The watched GPUs of an answer.
   *
   * @throws {HypomnesisError} `no_such_device` where the one to watch is not there when it is first looked for
   */
  of({ gpu }: WatchLook): readonly DeviceInfo[] {
    const selector = this.#selector;
    if (gpu === null || selector === undefined) return gpu?.devices ?? [];
    if (!this.answered) return [selectDevice(gpu.devices, selector, gpu.failures)];
    try {
      return [selectDevice(gpu.devices, selector)];
    } catch {
      return [];
    }
  }

  /** Takes a sample of them. */
  observe(
    label: string,
    { gpu, failures }: WatchLook,
    devices: readonly DeviceInfo[],
    elapsedMs: number,
  ): void {
    const why = tellable(gpu?.failures ?? failures);
    if (gpu !== null && (gpu.devices.length > 0 || why.length === 0)) this.answered = true;
    else this.failures = why;
    this.spills.observe(label, devices, elapsedMs, gpu ?? undefined);
    for (const device of devices) this.#peaks.observe(device, device.usedBytes, elapsedMs);
  }

  /** What a process holds; not known while a GPU on which it held something is missing from the answer. */
  held(
    { gpu }: WatchLook,
    devices: readonly DeviceInfo[],
    byPid: RowsByPid,
    history: ProcessHistory,
  ): Held {
    const held = heldByProcess(gpu, devices, byPid, history);
    const present = new Set(devices.map(deviceKey));
    if ([...history.heldOn].some((key) => !present.has(key))) {
      return { ...held, usedBytes: null, sharedUsedBytes: null };
    }
    if (held.usedBytes !== null) history.heldOn = new Set(usedBy(held, devices).map(deviceKey));
    return held;
  }

  /** A GPU that the process uses spills; `null` where that can't be measured. */
  isSpilling(row: WatchRow, devices: readonly DeviceInfo[]): boolean | null {
    const used = usedBy(row, devices);
    // A process on no GPU is shown what the GPUs do, as the original shows it on every row.
    const asked = (used.length > 0 ? used : devices).map((device) =>
      this.spills.isSpilling(device)
    );
    return asked.includes(true) ? true : asked.includes(false) ? false : null;
  }
}

function usedBy(row: Pick<WatchRow, "devices">, devices: readonly DeviceInfo[]): DeviceInfo[] {
  return devices.filter(({ index }) =>
    row.devices.some(({ deviceIndex }) => deviceIndex === index)
  );
}
