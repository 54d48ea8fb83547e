/** The texts that say which memory cgroup a process is in, and what its files hold. */
import type { Bytes } from "../../lib/records.ts";
import { wholeNumber } from "./fields.ts";

/** A place in the memory hierarchy as `/proc/PID/cgroup` tells it. */
export interface CgroupPath {
  readonly version: 1 | 2;
  /** Path from the hierarchy's root, or from that of the reader's cgroup namespace. */
  readonly path: string;
}

/** A memory cgroup hierarchy as mounted here. */
export interface CgroupMount {
  readonly version: 1 | 2;
  /** The part of the hierarchy that is visible there; `/` for the whole. */
  readonly root: string;
  /** Where it is mounted. */
  readonly folder: string;
}

/** A line of `/proc/PID/cgroup`: number of the hierarchy, its controllers, path. */
const LINE = /^(\d+):([^:]*):(\/[^]*)$/;

/** Tells whether this is the text of a `/proc/PID/cgroup`, of whatever hierarchies. */
export function isCgroupText(text: string): boolean {
  return text.split("\n").some((line) => LINE.test(line));
}

/** The place in `/proc/PID/cgroup`: a v1 `memory` hierarchy where there is one, else the v2 line. */
export function parseCgroupPath(text: string): CgroupPath | null {
  let v2: string | null = null;
  for (const line of text.split("\n")) {
    const match = LINE.exec(line);
    if (match === null) continue;
    if (match[2]!.split(",").includes("memory")) return { version: 1, path: match[3]! };
    if (match[1] === "0" && match[2] === "") v2 = match[3]!;
  }
  return v2 === null ? null : { version: 2, path: v2 };
}

/** The mounts in `/proc/self/mountinfo` that can show memory cgroups: v1 `memory`, and any v2. */
export function parseCgroupMounts(text: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of text.split("\n")) {
    const cut = line.indexOf(" - ");
    if (cut < 0) continue;
    const [type, , options = ""] = line.slice(cut + 3).split(" ");
    const [, , , root, folder] = line.slice(0, cut).split(" ");
    const version = type === "cgroup2"
      ? 2
      : type === "cgroup" && options.split(",").includes("memory")
      ? 1
      : null;
    if (version === null || root === undefined || folder === undefined) continue;
    mounts.push({ version, root: unescapeOctal(root), folder: unescapeOctal(folder) });
  }
  return mounts;
}

/** The kernel writes space, tab, newline and backslash in a path as `\040` and so on. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
}

/**
 * The folders of a cgroup and of each one above it, innermost first, with their paths below the visible
 * root. Empty where the cgroup lies outside what is visible, or no mount shows its hierarchy.
 */
export function cgroupFolders(
  { version, path }: CgroupPath,
  mounts: readonly CgroupMount[],
): { path: string; folder: string }[] {
  const fitting = mounts.filter((mount) => mount.version === version);
  const mount = fitting.find(({ root }) => isWithin(path, root)) ?? fitting[0];
  if (mount === undefined || path.split("/").includes("..")) return [];
  // A container without a cgroup namespace sees its own part mounted and is told a path of the host.
  const inside = !isWithin(path, mount.root)
    ? "/"
    : mount.root === "/"
    ? path
    : path.slice(mount.root.length) || "/";
  const folders = [];
  for (let at = inside; at !== "/" && at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    folders.push({ path: at, folder: mount.folder + at });
  }
  return [...folders, { path: "/", folder: mount.folder }];
}

function isWithin(path: string, root: string): boolean {
  return root === "/" || path === root || path.startsWith(root + "/");
}

/**
 * A limit: `max` and numbers beyond 2^53 (v1 writes 2^63 less a page) are no limit, `null`.
 * `undefined`: this is not the text of a limit.
 */
export function parseCgroupLimit(text: string): Bytes | undefined {
  const value = text.trim();
  return value === "max" ? null : /^\d+$/.test(value) ? wholeNumber(value) : undefined;
}

/** A count of bytes in a file of its own. */
export function parseCgroupBytes(text: string): Bytes {
  return wholeNumber(text.trim());
}

/** One line of `memory.stat`, `memory.events` or `memory.oom_control`. */
export function parseCgroupField(text: string, key: string): number | null {
  const start = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1;
  if (start === 0 && !text.startsWith(`${key} `)) return null;
  const end = text.indexOf("\n", start);
  return wholeNumber(text.slice(start + key.length + 1, end < 0 ? text.length : end).trim());
}
