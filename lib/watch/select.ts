/** Which processes are watched when nobody names them. Pure. */
import { fitsName } from "../name_match.ts";
import { baseName } from "../paths.ts";
import type { FindReply, GpuReply } from "../protocol.ts";
import type { Bytes, DeviceInfo } from "../records.ts";
import { isOurs } from "../snapshot.ts";

/** A process to watch. */
export interface Selected {
  readonly pid: number;
  readonly name: string | null;
  /** The driver counts PIDs in another namespace: this is no PID of ours, and nothing else is known of it. */
  readonly foreign: boolean;
}

/** How they are selected. */
export interface SelectRule {
  /** What names must fit; `null`: any. */
  readonly match: string | null;
  /** At most this many. */
  readonly top: number;
  /** Take the largest by RAM where no GPU is used. */
  readonly orByRam: boolean;
  /** The process that asks, which is not watched, nor is what it started. */
  readonly ownPid: number;
}

/** What was selected, and by what. */
export interface Selection {
  readonly processes: readonly Selected[];
  readonly by: "committed" | "ram";
  /** How many there would have been without the limit. */
  readonly fitting: number;
}

/**
 * The processes that hold most on the GPUs. With a name to match, those without a GPU follow, by RAM; without one
 * they are taken only where nobody uses a GPU.
 */
export function select(
  gpu: Pick<GpuReply, "processes" | "foreignPids"> | null,
  devices: readonly DeviceInfo[],
  found: FindReply | null,
  { match, top, orByRam, ownPid }: SelectRule,
): Selection {
  // nvidia-smi tells whole paths.
  const onGpu = heaviest(gpu, devices).filter(({ name }) =>
    match === null || (name !== null && fitsName(baseName(name), match))
  );
  const wantsRam = match !== null || (orByRam && onGpu.length === 0);
  const isOnGpu = (pid: number) => onGpu.some((other) => !other.foreign && other.pid === pid);
  const byRam = !wantsRam
    ? []
    : (found?.processes ?? []).filter(({ pid, parentPid }) =>
      pid !== ownPid && parentPid !== ownPid && !isOnGpu(pid)
    ).map(({ pid, name }) => ({ pid, name, foreign: false }));
  return {
    processes: [...onGpu, ...byRam].slice(0, top),
    by: onGpu.length === 0 && byRam.length > 0 ? "ram" : "committed",
    fitting: onGpu.length + byRam.length,
  };
}

/** The processes on these devices, most dedicated memory first; then by name (none first) and PID. */
function heaviest(
  gpu: Pick<GpuReply, "processes" | "foreignPids"> | null,
  devices: readonly DeviceInfo[],
): Selected[] {
  const byPid = new Map<string, Selected & { readonly usedBytes: Bytes }>();
  for (const row of gpu?.processes ?? []) {
    if (!devices.some(({ index }) => index === row.deviceIndex)) continue;
    const foreign = !isOurs(row, gpu!.foreignPids);
    const key = `${foreign} ${row.pid}`;
    const before = byPid.get(key);
    byPid.set(key, {
      pid: row.pid,
      name: before?.name ?? row.name,
      foreign,
      usedBytes: (before?.usedBytes ?? 0) + (row.usedBytes ?? 0),
    });
  }
  return [...byPid.values()].sort((a, b) =>
    (b.usedBytes ?? 0) - (a.usedBytes ?? 0) || compareNames(a.name, b.name) || a.pid - b.pid
  ).map(({ pid, name, foreign }) => ({ pid, name, foreign }));
}

function compareNames(a: string | null, b: string | null): number {
  return Number(a !== null) - Number(b !== null) || (a! < b! ? -1 : a! > b! ? 1 : 0);
}
