/** Zones of a GPU's memory and levels of the machine's RAM, as the rows and the analysis have them. Pure. */
import type { DeviceInfo, SystemMemory } from "../../records.ts";
import type { GpuSettings, RamSettings } from "../config/settings.ts";
import type { RamLevel, Zone } from "../rows.ts";
import { gpuLimits, known, knownTotal, lowerLimit, ramLimits } from "./limits.ts";

/**
 * Safe below the caution limit, which itself is caution; critical above the critical limit, which itself is caution.
 * `null`: the memory in use is not known, or nothing is known to compare it with.
 */
export function zoneOf(
  device: Pick<DeviceInfo, "usedBytes" | "totalBytes">,
  settings: GpuSettings,
): Zone | null {
  const used = known(device.usedBytes);
  const { warning, critical } = gpuLimits(device, settings);
  if (used === null) return null;
  if (critical !== null && used > critical) return "critical";
  if (warning !== null && used >= warning) return "caution";
  return warning === null && critical === null ? null : "safe";
}

/**
 * Normal below the target, elevated from there on, warning and critical above their limits, which themselves are not
 * yet. `null`: the RAM in use is not known, or nothing is known to compare it with.
 */
export function ramLevelOf(
  system: Pick<SystemMemory, "usedBytes" | "totalBytes">,
  settings: RamSettings,
): RamLevel | null {
  const used = known(system.usedBytes);
  const { warning, critical } = ramLimits(system, settings);
  if (used === null) return null;
  if (critical !== null && used > critical) return "critical";
  if (warning !== null && used > warning) return "warning";
  const target = lowerLimit(settings.targetRatio, knownTotal(system.totalBytes), null);
  if (target !== null) return used < target ? "normal" : "elevated";
  return warning === null && critical === null ? null : "elevated";
}
