/** How many connections a server may hold, so that the program around it still can open a file or start a worker. */
import { isWindows } from "../system.ts";

/** Of the descriptors there are; the others are for workers, files and what asks elsewhere. */
const SHARE = 0.75;
/** What most systems give where nobody says otherwise. */
const USUAL = 1_024;
/** Windows has handles for 16 million; so many sockets are enough for who watches memory. */
const ON_WINDOWS = 8_192;

/** By `/proc/self/limits`; by the usual number where that can't be read. */
export function connectionLimit(): number {
  return Math.floor(descriptorLimit() * SHARE);
}

function descriptorLimit(): number {
  if (isWindows()) return ON_WINDOWS;
  try {
    const limits = process.getBuiltinModule("node:fs").readFileSync("/proc/self/limits", "utf8");
    const soft = Number(/^Max open files +(\d+) /m.exec(limits)?.[1]);
    return soft > 0 ? soft : USUAL;
  } catch {
    return USUAL;
  }
}
