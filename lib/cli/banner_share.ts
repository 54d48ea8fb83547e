/** What the banner tells: the memory that is nearest to its end, and whose it is. */
import type { Failure } from "../failures.ts";
import { formatDuration, roundHalfEven } from "../format.ts";
import type { DeviceInfo, MigSlice } from "../records.ts";
import { type DeviceSelector, selectDevice } from "../select_device.ts";
import { deviceUseRatio } from "../telemetry/alarm.ts";
import { type AllocatorState, fullest } from "../telemetry/board.ts";
import { type AllocatorHealth, allocatorHealth } from "../telemetry/pressure.ts";
import type { Asker } from "./asker.ts";
import { concerning, reasons } from "./failures.ts";
import { couldNotLook } from "./memory_lines.ts";

/** A share of a memory, and where it is from. */
export interface Share {
  /** 0 to 100; `null` where nothing is known. */
  readonly memoryUsagePercent: number | null;
  /** Of an allocator's reserve, or of a GPU's memory; `null` where nothing is known. */
  readonly source: "allocator" | "device" | null;
  readonly health: AllocatorHealth | null;
  /** The process whose allocator it is. */
  readonly pid: number | null;
  /** Index of the GPU; of an allocator, as its program counts them. */
  readonly device: number | null;
  /** Index of the MIG slice, where it is one. */
  readonly migSlice: number | null;
  /** How long ago it was told; 0 of a GPU, which is asked now. */
  readonly ageMs: number | null;
  /** What to do about an allocator's reserve. */
  readonly advice: string | null;
  /** One line without a line break: which memory it is, or why nothing is known. May hold untrusted text. */
  readonly about: string;
}

/** What was found, and what failed meanwhile. */
export interface Found {
  readonly share: Share;
  readonly failures: readonly Failure[];
  /** Nothing is known because something failed, and not because there is nothing. */
  readonly lookedInVain: boolean;
}

const NOTHING: Omit<Share, "about"> = {
  memoryUsagePercent: null,
  source: null,
  health: null,
  pid: null,
  device: null,
  migSlice: null,
  ageMs: null,
  advice: null,
};

/**
 * The fullest fresh allocator; where there is none, the fullest GPU or slice. Of a GPU that was selected, its own use:
 * a program counts GPUs its own way, so its allocators can't be matched with it.
 *
 * @throws {HypomnesisError} where there is no such GPU among those there are, or the question could not be answered
 */
export async function findShare(asker: Asker, selector?: DeviceSelector): Promise<Found> {
  const allocators = selector === undefined ? await asker.allocators?.() ?? [] : [];
  const allocator = fullest(allocators);
  if (allocator !== null) {
    return { share: ofAllocator(allocator), failures: [], lookedInVain: false };
  }
  const reply = await asker.ask({ kind: "devices" });
  // Without any GPU a prompt stays as it is, whichever was selected.
  const devices = selector === undefined || reply.devices.length === 0
    ? reply.devices
    : [selectDevice(reply.devices, selector, reply.failures)];
  const failures = concerning(devices, reply.failures);
  const share = ofDevices(devices, failures);
  const about = share.about + staleNote(allocators);
  return { share: { ...share, about }, failures, lookedInVain: couldNotLook(devices, failures) };
}

function ofAllocator(state: AllocatorState): Share {
  const { memoryUsagePercent, health, pid, device, ageMs, advice } = state;
  const owner = pid === null ? "an allocator" : `the allocator of process ${pid}`;
  const place = device === null ? "" : ` on its GPU ${device}`;
  const told = `told ${formatDuration(ageMs)} ago`;
  return {
    memoryUsagePercent,
    source: "allocator",
    health,
    pid,
    device,
    migSlice: null,
    ageMs,
    advice,
    about: `${owner}${place}: ${shareText(memoryUsagePercent)} of its reserve, ${told}` +
      (advice === null ? "" : `; ${advice}`),
  };
}

function ofDevices(devices: readonly DeviceInfo[], failures: readonly Failure[]): Share {
  const why = failures.length === 0 ? "" : `: ${reasons(failures)}`;
  if (devices.length === 0) return { ...NOTHING, about: `no visible GPUs${why}` };
  const found = fullestMemory(devices);
  if (found === null) return { ...NOTHING, about: `the GPUs do not tell how full they are${why}` };
  const { device, slice, ratio } = found;
  const memoryUsagePercent = ratio * 100;
  const name = device.name === null ? "" : ` [${device.name}]`;
  const part = slice === null ? "" : `, MIG slice ${slice.index}`;
  return {
    ...NOTHING,
    memoryUsagePercent,
    source: "device",
    health: allocatorHealth(memoryUsagePercent),
    device: device.index,
    migSlice: slice?.index ?? null,
    ageMs: 0,
    about: `GPU ${device.index}${name}${part}: ${shareText(memoryUsagePercent)} of its memory, ` +
      `read now${why === "" ? "" : `; not all is known${why}`}`,
  };
}

interface FullMemory {
  readonly device: DeviceInfo;
  readonly slice: MigSlice | null;
  readonly ratio: number;
}

function fullestMemory(devices: readonly DeviceInfo[]): FullMemory | null {
  let found: FullMemory | null = null;
  for (const device of devices) {
    for (const slice of [null, ...device.migSlices]) {
      const ratio = deviceUseRatio(slice ?? device);
      if (ratio !== null && (found === null || ratio > found.ratio)) {
        found = { device, slice, ratio };
      }
    }
  }
  return found;
}

/** Who expects an allocator's share and gets a GPU's is told why. */
function staleNote([latest]: readonly AllocatorState[]): string {
  return latest === undefined
    ? ""
    : `; the latest report of an allocator is ${formatDuration(latest.ageMs)} old`;
}

function shareText(percent: number | null): string {
  return percent === null ? "?" : `${roundHalfEven(percent, 1)}%`;
}
