/** Reads the memory limit a process lives under: the tightest one from its cgroup up to the root. */
import type { Failure } from "../../lib/errors.ts";
import type { Bytes, CgroupMemory } from "../../lib/records.ts";
import type { Host } from "../host/host.ts";
import {
  cgroupFolders,
  type CgroupMount,
  type CgroupPath,
  isCgroupText,
  parseCgroupBytes,
  parseCgroupField,
  parseCgroupLimit,
  parseCgroupMounts,
  parseCgroupPath,
} from "./cgroup_text.ts";
import { garbled, isGone, readFailure, rethrowRefusal } from "./trouble.ts";

/** Names of the files in each version. */
const FILES = {
  1: {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    peak: "memory.max_usage_in_bytes",
    inactiveFile: "total_inactive_file",
    events: "memory.oom_control",
  },
  2: {
    limit: "memory.max",
    usage: "memory.current",
    peak: "memory.peak",
    inactiveFile: "inactive_file",
    events: "memory.events",
  },
} as const;

/** Reads memory cgroups; keeps where their hierarchies are mounted. */
export class CgroupReader {
  readonly #host: Host;
  #mounts: readonly CgroupMount[] | null = null;

  constructor(host: Host) {
    this.#host = host;
  }

  /**
   * The cgroup that `pid` (`null`: this worker, which shares that of its host) lives under. `null` where it
   * is in none, with a failure where that can't be found out. A limit of `totalBytes` or more limits
   * nothing. Where several are equal the outermost counts, since it is reached first.
   */
  read(pid: number | null, totalBytes: Bytes, failures: Failure[]): CgroupMemory | null {
    const told = this.#text(`/proc/${pid ?? "self"}/cgroup`, failures);
    const place = told === null ? null : parseCgroupPath(told);
    if (place === null) {
      const isGarbled = told !== null && told !== "" && !isCgroupText(told);
      if (isGarbled) failures.push(garbled(`/proc/${pid ?? "self"}/cgroup`, "proc"));
      return null;
    }
    const folders = cgroupFolders(place, this.#knownMounts(failures));
    if (folders.length === 0) {
      if (place.path.split("/").includes("..")) failures.push(outside(place, pid));
      return null;
    }
    const names = FILES[place.version];
    let own: { path: string; folder: string } | null = null;
    let tightest: { path: string; folder: string } | null = null;
    let limitBytes: Bytes = null;
    for (const at of folders) {
      // The root of v2 has no such file, nor has a cgroup whose parent does not give it the controller.
      const file = `${at.folder}/${names.limit}`;
      const text = this.#text(file, failures);
      if (text === null) continue;
      own ??= at;
      const limit = parseCgroupLimit(text);
      if (limit === undefined) failures.push(garbled(file, "proc"));
      if (limit === undefined || limit === null) continue;
      if (totalBytes !== null && limit >= totalBytes) continue;
      if (limitBytes === null || limit <= limitBytes) {
        limitBytes = limit;
        tightest = at;
      }
    }
    const holder = tightest ?? own;
    if (holder === null) return null;
    return { version: place.version, path: holder.path, limitBytes, ...this.#usage(holder, names) };
  }

  #usage(
    { folder }: { readonly folder: string },
    names: (typeof FILES)[1 | 2],
  ): Omit<CgroupMemory, "version" | "path" | "limitBytes"> {
    // What an older kernel does not tell is `null`, as its description says.
    const read = (name: string) => this.#text(`${folder}/${name}`, []) ?? "";
    const usageBytes = parseCgroupBytes(read(names.usage));
    const inactive = parseCgroupField(read("memory.stat"), names.inactiveFile);
    return {
      usageBytes,
      workingSetBytes: usageBytes === null || inactive === null
        ? null
        : Math.max(0, usageBytes - inactive),
      peakBytes: parseCgroupBytes(read(names.peak)),
      oomKills: parseCgroupField(read(names.events), "oom_kill"),
    };
  }

  #knownMounts(failures: Failure[]): readonly CgroupMount[] {
    if (this.#mounts === null) {
      const text = this.#text("/proc/self/mountinfo", failures);
      if (text === null) return [];
      this.#mounts = parseCgroupMounts(text);
    }
    return this.#mounts;
  }

  /** The text of a file; `null` where there is none, and with a failure where it can't be read. */
  #text(path: string, failures: Failure[]): string | null {
    try {
      return this.#host.readText(path);
    } catch (error) {
      rethrowRefusal(error);
      if (!isGone(error)) failures.push(readFailure(error, "the memory limit", "proc"));
      return null;
    }
  }
}

function outside({ path }: CgroupPath, pid: number | null): Failure {
  return {
    code: "not_supported",
    source: "proc",
    message: `Cannot tell the memory limit of process ${pid ?? "self"}: ` +
      `its cgroup ${path} lies outside what this container sees; ask from outside the container`,
    ...(pid === null ? {} : { pid }),
  };
}
