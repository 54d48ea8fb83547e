/** What a driver did not tell although it may know it. Pure. */
import type { Failure } from "../../../lib/errors.ts";
import { isLacking, nvmlFailure, SUCCESS } from "./return_codes.ts";

/** What was asked for, and the code that came instead. */
export type Untold = { readonly what: string; readonly code: number }[];

/** Notes what a call answered, unless it told, or the device just does not have what was asked for. */
export function note(untold: Untold, what: string, code: number): void {
  if (code !== SUCCESS && !isLacking(code)) untold.push({ what, code });
}

/** One failure for each code, `whose` being such as " of GPU 0". */
export function untoldFailures(untold: Untold, whose: string, deviceIndex?: number): Failure[] {
  return [...new Set(untold.map(({ code }) => code))].map((code) => {
    const names = untold.filter((entry) => entry.code === code).map(({ what }) => what);
    const failure = nvmlFailure(code, `read ${names.join(", ")}${whose}`, deviceIndex);
    return { ...failure, count: names.length };
  });
}
