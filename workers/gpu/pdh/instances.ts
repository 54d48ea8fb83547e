/**
 * Names of the instances of GPU counters: `luid_0x…_0x…_phys_N` is one physical GPU behind an adapter, and with
 * `pid_N_` in front what a process has there. Local and non-local memory of an adapter is told in parts of it, with
 * `_part_N` behind. Pure.
 */
import { formatLuid } from "../luid.ts";

/** What an instance is about. */
export interface Instance {
  /** `null` of a GPU as a whole. */
  readonly pid: number | null;
  readonly luid: string;
}

/** PDH writes `#1` behind a name that another instance has too. */
const NAME =
  /^(?:pid_(\d{1,10})_)?luid_0x([0-9a-f]{1,8})_0x([0-9a-f]{1,8})_phys_\d{1,10}(?:_part_\d{1,10})?(?:#\d{1,10})?$/i;

/** Reads a name; `null` where it is none. */
export function parseInstance(name: string): Instance | null {
  const found = NAME.exec(name);
  if (found === null) return null;
  const pid = found[1] === undefined ? null : Number(found[1]);
  if (pid !== null && pid > 0xffff_ffff) return null;
  return {
    pid,
    luid: formatLuid({ high: parseInt(found[2]!, 16), low: parseInt(found[3]!, 16) }),
  };
}

/** The sum that PDH makes of all instances. */
export function isTotal(name: string): boolean {
  return /^_Total(?:#\d{1,10})?$/i.test(name);
}
