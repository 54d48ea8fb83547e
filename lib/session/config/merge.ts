/** Settings over settings: the file's over the defaults, the flags' over both. Pure. */
import type { GroupPatch, GroupSettings, SessionSettings, SettingsPatch } from "./settings.ts";

/** Each patch over those before it. Lists are replaced as a whole, but groups are told apart by their names. */
export function mergeSettings(
  base: SessionSettings,
  ...patches: readonly SettingsPatch[]
): SessionSettings {
  return patches.reduce(mergeOne, base);
}

function mergeOne(base: SessionSettings, patch: SettingsPatch): SessionSettings {
  return {
    ...over(base, patch),
    gpu: over(base.gpu, patch.gpu),
    ram: over(base.ram, patch.ram),
    spike: over(base.spike, patch.spike),
    pressure: over(base.pressure, patch.pressure),
    forecast: over(base.forecast, patch.forecast),
    calm: over(base.calm, patch.calm),
    notify: over(base.notify, patch.notify),
    groups: mergeGroups(base.groups, patch.groups ?? []),
  };
}

/** What is stated goes before; `undefined` states nothing. */
function over<T extends object>(base: T, patch: object | undefined): T {
  const stated = Object.entries(patch ?? {}).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(stated) };
}

function mergeGroups(
  base: readonly GroupSettings[],
  patches: readonly GroupPatch[],
): readonly GroupSettings[] {
  const groups = new Map(base.map((group) => [group.name, group]));
  for (const patch of patches) {
    groups.set(patch.name, over(groups.get(patch.name) ?? newGroup(patch.name), patch));
  }
  return [...groups.values()];
}

/** A group of which only the name is known: its processes have that name, and it has no limits. */
function newGroup(name: string): GroupSettings {
  return { name, match: [name], ramLimitBytes: null, vramLimitBytes: null, color: null };
}
