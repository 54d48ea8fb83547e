/** The texts that say which memory cgroup a process is in, and what its files hold. */
import type { Bytes } from "../../lib/records.ts";
import { wholeNumber } from "./fields.ts";

/** A memory cgroup hierarchy and a place in it. */
export interface CgroupPlace {
  readonly version: 1 | 2;
  /** Folder of the hierarchy's root as mounted here. */
  readonly mount: string;
  /** Path below it, `/` at the root. */
  readonly path: string;
}

/** The place in `/proc/PID/cgroup`: a v1 `memory` hierarchy where there is one, else the v2 line. */
export function parseCgroupPath(text: string): { version: 1 | 2; path: string } | null {
  let v2: string | null = null;
  for (const line of text.split("\n")) {
    const match = /^(\d+):([^:]*):(\/.*)$/.exec(line);
    if (match === null) continue;
    if (match[2]!.split(",").includes("memory")) return { version: 1, path: match[3]! };
    if (match[1] === "0" && match[2] === "") v2 = match[3]!;
  }
  return v2 === null ? null : { version: 2, path: v2 };
}

/**
 * Where a hierarchy is mounted, from `/proc/self/mountinfo`: the folder, and which part of the hierarchy is
 * visible there.
 */
export function parseCgroupMount(
  text: string,
  version: 1 | 2,
): { mount: string; root: string } | null {
  for (const line of text.split("\n")) {
    const [left, right] = line.split(" - ");
    if (left === undefined || right === undefined) continue;
    const [type, , options = ""] = right.split(" ");
    const fits = version === 2
      ? type === "cgroup2"
      : type === "cgroup" && options.split(",").includes("memory");
    const [, , , root, mount] = left.split(" ");
    if (fits && root !== undefined && mount !== undefined) {
      return { mount: unescapeOctal(mount), root: unescapeOctal(root) };
    }
  }
  return null;
}

/** The kernel writes space, tab, newline and backslash in a path as `\040` and so on. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
}

/** A limit or count in a cgroup file. `max`, and what v1 writes for "no limit", are `null`. */
export function parseCgroupBytes(text: string): Bytes {
  const bytes = wholeNumber(text.trim());
  // v1 writes 2^63 less a page for "no limit"; that is above 2^53 and so `null` already.
  return bytes;
}

/** One line of `memory.stat` or `memory.events`. */
export function parseCgroupField(text: string, key: string): number | null {
  for (const line of text.split("\n")) {
    if (line.startsWith(key + " ")) return wholeNumber(line.slice(key.length + 1).trim());
  }
  return null;
}
