/** Finds a device by what a person writes: its index, its UUID or a beginning of it, its PCI bus id, its LUID. */
import { HypomnesisError } from "./errors.ts";
import type { Failure } from "./errors.ts";
import type { DeviceInfo } from "./records.ts";

/** An index, a UUID (or a unique beginning of 8 or more characters), a PCI bus id, or a LUID of Windows. */
export type DeviceSelector = number | string;

const SHORTEST_PREFIX = 8;

/** `00000000:65:00.0` and `0000:65:00.0` are one address. */
function pciKey(text: string): string | null {
  const match = /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i.exec(text);
  if (match === null) return null;
  return `${parseInt(match[1] ?? "0", 16).toString(16)}:${match[2]!.toLowerCase()}`;
}

/**
 * The device selected.
 *
 * @throws {TypeError} when the selector is neither a string nor a number
 * @throws {RangeError} when a number is not an index, or a beginning of a UUID fits several devices
 * @throws {HypomnesisError} `no_such_device` when no device fits, with `index` and `count`; where there is
 * no device because the sources failed, their failure's code
 */
export function selectDevice(
  devices: readonly DeviceInfo[],
  selector: DeviceSelector,
  failures: readonly Failure[] = [],
): DeviceInfo {
  if (typeof selector === "number") {
    if (!Number.isInteger(selector) || selector < 0) {
      throw new RangeError(`Cannot select device ${selector}: an index is a whole number from 0`);
    }
    const device = devices.find(({ index }) => index === selector);
    return device ?? missing(devices, selector, failures);
  }
  if (typeof selector !== "string") {
    throw new TypeError("Cannot select a device: give an index, a UUID or a PCI bus id");
  }
  if (/^\d{1,4}$/.test(selector)) return selectDevice(devices, Number(selector), failures);
  const wanted = selector.toLowerCase();
  const pci = pciKey(wanted);
  const fitting = devices.filter((device) => {
    if (pci !== null) return device.pciBusId !== null && pciKey(device.pciBusId) === pci;
    const uuid = device.uuid?.toLowerCase();
    return uuid === wanted || device.luid === wanted ||
      (wanted.length >= SHORTEST_PREFIX && uuid?.startsWith(wanted));
  });
  if (fitting.length > 1) {
    throw new RangeError(`Cannot select device ${selector}: it fits ${fitting.length} devices`);
  }
  return fitting[0] ?? missing(devices, selector, failures);
}

function missing(
  devices: readonly DeviceInfo[],
  selector: DeviceSelector,
  failures: readonly Failure[],
): never {
  if (devices.length === 0 && failures.length > 0) throw noDeviceError(failures);
  const count = devices.length;
  const have = `have ${count} device${count === 1 ? "" : "s"}`;
  if (typeof selector === "number") {
    throw new HypomnesisError(
      "no_such_device",
      `device index ${selector} out of range (${have})`,
      { index: selector, count, device: selector, failures },
    );
  }
  throw new HypomnesisError("no_such_device", `no device ${JSON.stringify(selector)} (${have})`, {
    count,
    device: selector,
    failures,
  });
}

/** The error for "no device was seen, because…": the gravest code among the failures. */
export function noDeviceError(failures: readonly Failure[]): HypomnesisError {
  const grave = failures.find(({ code }) => code !== "absent") ?? failures[0];
  const reasons = failures.map(({ message }) => message).join("; ");
  return new HypomnesisError(
    grave?.code ?? "absent",
    `no GPU measurement source available: ${reasons}`,
    { source: grave?.source ?? null, failures },
  );
}
