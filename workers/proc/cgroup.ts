/** Reads the memory limit a process lives under: the tightest one from its cgroup up to the root. */
import type { Bytes, CgroupMemory } from "../../lib/records.ts";
import { type Host, HostError } from "../host/host.ts";
import {
  type CgroupPlace,
  parseCgroupBytes,
  parseCgroupField,
  parseCgroupMount,
  parseCgroupPath,
} from "./cgroup_text.ts";

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

/** Where the memory cgroup of a process is; `null` where it is in none, or none is mounted. */
export function findCgroup(host: Host, pid: number): CgroupPlace | null {
  const own = parseCgroupPath(host.readText(`/proc/${pid}/cgroup`));
  if (own === null) return null;
  const mounted = parseCgroupMount(host.readText("/proc/self/mountinfo"), own.version);
  if (mounted === null) return null;
  // In a container the mount shows only a part of the hierarchy, and the path may be the host's.
  const inside = mounted.root === "/"
    ? own.path
    : own.path === mounted.root || own.path.startsWith(mounted.root + "/")
    ? own.path.slice(mounted.root.length) || "/"
    : "/";
  // `/..` stands for a cgroup outside our cgroup namespace.
  const path = inside.startsWith("/..") ? "/" : inside;
  return { version: own.version, mount: mounted.mount, path };
}

/** The folder itself and each one above it, up to the root of the hierarchy. */
function upwards(path: string): string[] {
  const paths: string[] = [];
  for (let at = path; at !== "/" && at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    paths.push(at);
  }
  return [...paths, "/"];
}

/** Memory of the cgroup with the tightest limit below `totalBytes`, or of the process's own one. */
export function readCgroup(host: Host, place: CgroupPlace, totalBytes: Bytes): CgroupMemory {
  const files = FILES[place.version];
  const folder = (path: string) => place.mount + (path === "/" ? "" : path);
  const read = (path: string, file: string): string | null => {
    try {
      return host.readText(`${folder(path)}/${file}`);
    } catch (error) {
      // The root has no limit file, an old kernel no peak, and a folder may be gone.
      if (error instanceof HostError) return null;
      throw error;
    }
  };
  let path = place.path;
  let limitBytes: Bytes = null;
  for (const candidate of upwards(place.path)) {
    const limit = parseCgroupBytes(read(candidate, files.limit) ?? "");
    // A limit of all the RAM there is, or more, limits nothing.
    if (limit === null || (totalBytes !== null && limit >= totalBytes)) continue;
    if (limitBytes === null || limit < limitBytes) {
      limitBytes = limit;
      path = candidate;
    }
  }
  const usageBytes = parseCgroupBytes(read(path, files.usage) ?? "");
  const stat = read(path, "memory.stat");
  const inactive = stat === null ? null : parseCgroupField(stat, files.inactiveFile);
  const events = read(path, files.events);
  return {
    version: place.version,
    path,
    limitBytes,
    usageBytes,
    workingSetBytes: usageBytes === null || inactive === null
      ? null
      : Math.max(0, usageBytes - inactive),
    peakBytes: parseCgroupBytes(read(path, files.peak) ?? ""),
    oomKills: events === null ? null : parseCgroupField(events, "oom_kill"),
  };
}
