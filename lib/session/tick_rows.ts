/** A tick as rows of the tables. Pure. */
import { ramLevelOf, zoneOf } from "./alerts/zones.ts";
import type { SessionSettings } from "./config/settings.ts";
import type { GpuRow, ProcessRow, RowStart, SystemRow } from "./rows.ts";
import type { GpuSample, SessionTick, WatchedSample } from "./tick.ts";

/** The rows of one tick. */
export interface TickRows {
  readonly gpu: readonly GpuRow[];
  readonly system: readonly SystemRow[];
  readonly process: readonly ProcessRow[];
}

/** Makes them. `phase`: the path of the open phases, or `null`. */
export function rowsOf(
  tick: SessionTick,
  phase: string | null,
  { gpu, ram }: Pick<SessionSettings, "gpu" | "ram">,
): TickRows {
  const start: RowStart = {
    time: new Date(tick.atMs).toISOString(),
    elapsedMs: tick.elapsedMs,
    tick: tick.tick,
    phase,
  };
  return {
    gpu: (tick.gpus ?? []).map((sample) => gpuRow(start, sample, gpu)),
    system: [systemRow(start, tick, ram)],
    process: tick.watched.map((sample) => processRow(start, sample)),
  };
}

function gpuRow(
  start: RowStart,
  { index, uuid, device, gap }: GpuSample,
  settings: SessionSettings["gpu"],
): GpuRow {
  return {
    ...start,
    gpu: index,
    uuid,
    usedBytes: device?.usedBytes ?? null,
    freeBytes: device?.freeBytes ?? null,
    totalBytes: device?.totalBytes ?? null,
    reservedBytes: device?.reservedBytes ?? null,
    zone: device === null ? null : zoneOf(device, settings),
    utilizationRatio: device?.utilizationRatio ?? null,
    temperatureCelsius: device?.temperatureCelsius ?? null,
    powerWatts: device?.powerWatts ?? null,
    smClockMhz: device?.smClockMhz ?? null,
    memoryClockMhz: device?.memoryClockMhz ?? null,
    gap,
  };
}

function systemRow(
  start: RowStart,
  { system, systemGap, own, systemProbeMs, gpuProbeMs }: SessionTick,
  settings: SessionSettings["ram"],
): SystemRow {
  return {
    ...start,
    usedBytes: system?.usedBytes ?? null,
    availableBytes: system?.availableBytes ?? null,
    totalBytes: system?.totalBytes ?? null,
    level: system === null ? null : ramLevelOf(system, settings),
    swapUsedBytes: system?.swapUsedBytes ?? null,
    swapTotalBytes: system?.swapTotalBytes ?? null,
    cpuUtilizationRatio: system?.cpuUtilizationRatio ?? null,
    processCount: system?.processCount ?? null,
    pressureSomeRatio: system?.pressure?.some.avg10Ratio ?? null,
    pressureFullRatio: system?.pressure?.full?.avg10Ratio ?? null,
    cgroupUsedBytes: system?.cgroup?.usageBytes ?? null,
    cgroupLimitBytes: system?.cgroup?.limitBytes ?? null,
    ownCpuRatio: own.cpuRatio,
    ownRssBytes: own.rssBytes,
    systemProbeMs,
    gpuProbeMs,
    gap: systemGap,
  };
}

function processRow(start: RowStart, sample: WatchedSample): ProcessRow {
  return { ...start, ...sample };
}
