/** Whose shared memory grew when a GPU spilled. Pure. */
import type { Bytes, DeviceInfo, GpuProcess } from "./records.ts";

/** What one process uses of the system's memory through one GPU. */
export interface SharedHolder {
  readonly pid: number;
  /** `null` where it is not known. Untrusted text. */
  readonly name: string | null;
  readonly sharedBytes: number;
}

/** A process whose shared memory grew. */
export interface SpillCause {
  readonly pid: number;
  /** `null` where it is not known. Untrusted text. */
  readonly name: string | null;
  /** Growth since the first sample; of one that came later, all it has. */
  readonly grownBytes: number;
}

/** How a growth of shared memory is explained. */
export interface SpillCauses {
  /** Those that grew by at least 5 % of the growth, the most first, at most five. */
  readonly processes: readonly SpillCause[];
  /** Growth that they do not explain; 0 where they grew by more, because others gave memory back. */
  readonly unexplainedBytes: number;
}

/** A smaller share of the growth is no cause. */
const LEAST_SHARE = 0.05;
const MOST_CAUSES = 5;

/** Keeps what each process had at first. */
export class SharedGrowth {
  #baselines: Map<number, { readonly name: string | null; readonly bytes: number }> | null = null;
  #latest: readonly SpillCause[] = [];

  /** Takes the processes of one sample. Those of the first are where growth begins; who comes later began with nothing. */
  observe(processes: readonly SharedHolder[]): void {
    const isFirst = this.#baselines === null;
    const baselines = this.#baselines ??= new Map();
    this.#latest = processes.map(({ pid, name, sharedBytes }) => {
      const known = baselines.get(pid);
      // A PID whose name changed was given to another process.
      const isSame = known !== undefined &&
        (known.name === null || name === null || known.name === name);
      const bytes = isSame ? known.bytes : isFirst ? sharedBytes : 0;
      baselines.set(pid, { name: name ?? (isSame ? known.name : null), bytes });
      return { pid, name, grownBytes: sharedBytes - bytes };
    });
  }

  /** Who explains a growth of the whole device at the latest sample. */
  explain(growthBytes: number): SpillCauses {
    const processes = this.#latest
      .filter(({ grownBytes }) => grownBytes > 0 && grownBytes >= LEAST_SHARE * growthBytes)
      .sort((a, b) => b.grownBytes - a.grownBytes || a.pid - b.pid)
      .slice(0, MOST_CAUSES);
    const explained = processes.reduce((sum, { grownBytes }) => sum + grownBytes, 0);
    return { processes, unexplainedBytes: Math.max(0, growthBytes - explained) };
  }
}

/** The part of an answer that tells who uses a device. */
export interface DeviceListing {
  readonly processes: readonly GpuProcess[];
  readonly listedDevices: readonly number[];
}

/**
 * Who uses the system's memory through a device. `null` where that is not told: the list of its processes is not whole,
 * or has no figures.
 */
export function sharedHolders(
  device: DeviceInfo,
  { processes, listedDevices }: DeviceListing,
): readonly SharedHolder[] | null {
  if (!listedDevices.includes(device.index)) return null;
  const rows = processes.filter(({ deviceIndex }) => deviceIndex === device.index);
  const holders = rows.flatMap((row) => {
    const sharedBytes: Bytes = row.wddm?.sharedUsageBytes ?? row.sharedUsedBytes;
    return sharedBytes === null ? [] : [{ pid: row.pid, name: row.name, sharedBytes }];
  });
  // Nobody's row is an answer only of who counts it by process.
  return holders.length === 0 && (rows.length > 0 || device.wddm === null) ? null : holders;
}
