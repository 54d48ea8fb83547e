/**
 * A memory cgroup for one run of a command. The kernel itself keeps the highest usage of all that runs in it, however
 * short it lives.
 *
 * It is always a child of the cgroup we are in, so every limit that held before holds in it too.
 */
import type { Failure } from "../../lib/errors.ts";
import type { RunCgroupReply, RunCgroupRequest, RunId } from "../../lib/protocol.ts";
import { type Host, HostError } from "../host/host.ts";
import {
  cgroupFolders,
  parseCgroupBytes,
  parseCgroupMounts,
  parseCgroupPath,
} from "./cgroup_text.ts";
import { wholeNumber } from "./fields.ts";
import { rethrowRefusal } from "./trouble.ts";

const NAME = /^hmn-run-(\d+)-\d+$/;
const PEAK_FILE = { 1: "memory.max_usage_in_bytes", 2: "memory.peak" } as const;
const MEMBERS_FILE = "cgroup.procs";

/** The cgroup we are in. */
interface Parent {
  readonly folder: string;
  readonly peakFile: string;
}

/** Makes, reads and removes the cgroups of runs. */
export class RunCgroup {
  readonly #host: Host;
  #parent: Parent | null = null;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Does what is asked; what can't be done is a failure in the answer. */
  answer({ action, cgroup }: RunCgroupRequest): RunCgroupReply {
    try {
      this.#parent ??= this.#findParent();
      const { folder, peakFile } = this.#parent;
      const own = folderOf(this.#parent, cgroup);
      if (action === "make") this.#make(own, this.#parent);
      if (action === "remove") {
        this.#remove(own, folder);
        return nothing([]);
      }
      return {
        kind: "run_cgroup",
        folder: own,
        peakBytes: parseCgroupBytes(this.#host.readText(`${own}/${peakFile}`)),
        failures: [],
      };
    } catch (error) {
      rethrowRefusal(error);
      if (!(error instanceof HostError)) throw error;
      return nothing([failureOf(error)]);
    }
  }

  /** The processes in it; none where it is not there. */
  members(cgroup: RunId): number[] {
    try {
      this.#parent ??= this.#findParent();
      return this.#members(folderOf(this.#parent, cgroup));
    } catch (error) {
      rethrowRefusal(error);
      if (!(error instanceof HostError)) throw error;
      return [];
    }
  }

  #findParent(): Parent {
    const place = parseCgroupPath(this.#host.readText("/proc/self/cgroup"));
    const mounts = parseCgroupMounts(this.#host.readText("/proc/self/mountinfo"));
    const [own] = place === null ? [] : cgroupFolders(place, mounts);
    if (place === null || own === undefined) {
      throw new HostError("EIO", "/proc/self/cgroup", "no memory cgroup is visible here");
    }
    return { folder: own.folder.replace(/\/$/, ""), peakFile: PEAK_FILE[place.version] };
  }

  #make(own: string, { folder, peakFile }: Parent): void {
    this.#removeLeftOvers(folder);
    this.#host.makeFolder(own);
    try {
      this.#host.readText(`${own}/${peakFile}`);
    } catch (error) {
      this.#host.removeFolder(own);
      if (!(error instanceof HostError) || error.code !== "ENOENT") throw error;
      // Version 2 gives the memory controller to the children of a cgroup only if that holds no process itself.
      throw new HostError("EIO", own, `a cgroup below ${folder || "/"} has no ${peakFile}`);
    }
  }

  /** Cgroups of runs whose owner was killed. One that is not empty can't be removed, and stays. */
  #removeLeftOvers(folder: string): void {
    for (const name of this.#host.list(folder)) {
      const owner = NAME.exec(name)?.[1];
      if (owner === undefined || this.#isThere(`/proc/${owner}/stat`)) continue;
      try {
        this.#host.removeFolder(`${folder}/${name}`);
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
      }
    }
  }

  #remove(own: string, parent: string): void {
    for (const pid of this.#members(own)) {
      try {
        this.#host.writeText(`${parent}/${MEMBERS_FILE}`, String(pid));
      } catch (error) {
        // It ended just now; one that can't be moved keeps the folder, which then fails to go.
        if (!(error instanceof HostError)) throw error;
      }
    }
    this.#host.removeFolder(own);
  }

  #members(own: string): number[] {
    return this.#host.readText(`${own}/${MEMBERS_FILE}`).split("\n")
      .flatMap((line) => wholeNumber(line) ?? []);
  }

  #isThere(path: string): boolean {
    try {
      this.#host.readText(path);
      return true;
    } catch {
      return false;
    }
  }
}

function nothing(failures: readonly Failure[]): RunCgroupReply {
  return { kind: "run_cgroup", folder: null, peakBytes: null, failures };
}

function folderOf({ folder }: Parent, { owner, run }: RunId): string {
  return `${folder}/hmn-run-${owner}-${run}`;
}

function failureOf(error: HostError): Failure {
  const refused = error.code === "EACCES";
  const why = refused ? "this user may not make one below its own" : error.message;
  return {
    code: refused ? "permission_denied" : "not_supported",
    source: "proc",
    message: `Cannot measure the run in a cgroup of its own: ${why}`,
  };
}
