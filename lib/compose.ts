/**
 * Answers any question from the two lanes. A lane that fails costs its own part of the answer; the rest
 * stands, and the failure is listed.
 *
 * Over 200 lines because the questions are composed of the same parts, and are read together.
 */
import type { Failure } from "./errors.ts";
import { askPart, type Composer, switchedOff } from "./lane_part.ts";
import type { Settings } from "./options.ts";
import { ownMemory, ownPid } from "./own_process.ts";
import type {
  DevicesReply,
  ElementaryRequest,
  FailureReply,
  FindReply,
  FindRequest,
  GpuReply,
  MemoryReply,
  PingReply,
  ProcessesReply,
  RunCgroupReply,
  RunCgroupRequest,
  RunProcessReply,
  RunProcessRequest,
  SnapshotReply,
  TreeReply,
  TreeRequest,
  VideoMemoryReply,
} from "./protocol.ts";
import type { ProcessMemory } from "./records.ts";
import { isOurs } from "./snapshot.ts";
import type { Lane } from "./sources.ts";
import { ramSource } from "./system.ts";

/** RAM of processes and of the machine. */
export async function askMemory(
  composer: Composer,
  request: Extract<ElementaryRequest, { kind: "memory" }>,
): Promise<MemoryReply> {
  const reply = await askPart<MemoryReply>(composer, "system", request);
  const processes = reply.part?.processes ?? [];
  const failures = [...reply.failures, ...reply.part?.failures ?? []];
  const own = ownInstead(composer.settings, request.pids, processes);
  return {
    kind: "memory",
    processes: own === null ? processes : [...processes, own],
    system: reply.part?.system ?? null,
    failures,
  };
}

/** Where `/proc` tells nothing about this very process, its runtime still knows the RSS. */
function ownInstead(
  settings: Settings,
  pids: readonly number[],
  found: readonly ProcessMemory[],
): ProcessMemory | null {
  const asked = pids.includes(ownPid()) && settings.sources.includes("runtime");
  return asked && !found.some(({ pid }) => pid === ownPid()) ? ownMemory() : null;
}

/** Processes and all they started. */
export async function askTree(composer: Composer, request: TreeRequest): Promise<TreeReply> {
  const { part, failures } = await askPart<TreeReply>(composer, "system", request);
  return {
    kind: "tree",
    processes: part?.processes ?? [],
    inCgroup: part?.inCgroup ?? [],
    failures: [...failures, ...part?.failures ?? []],
  };
}

/** Processes of the machine by name and size. */
export async function askFind(composer: Composer, request: FindRequest): Promise<FindReply> {
  const { part, failures } = await askPart<FindReply>(composer, "system", request);
  return {
    kind: "find",
    processes: part?.processes ?? [],
    count: part?.count ?? 0,
    failures: [...failures, ...part?.failures ?? []],
  };
}

/** The cgroup of a run. */
export async function askRunCgroup(
  composer: Composer,
  request: RunCgroupRequest,
): Promise<RunCgroupReply> {
  const { part, failures } = await askPart<RunCgroupReply>(composer, "system", request);
  return {
    kind: "run_cgroup",
    folder: part?.folder ?? null,
    peakBytes: part?.peakBytes ?? null,
    failures: [...failures, ...part?.failures ?? []],
  };
}

/** The process of a run. */
export async function askRunProcess(
  composer: Composer,
  request: RunProcessRequest,
): Promise<RunProcessReply> {
  const { part, failures } = await askPart<RunProcessReply>(composer, "system", request);
  return {
    kind: "run_process",
    exitCode: part?.exitCode ?? null,
    failures: [...failures, ...part?.failures ?? []],
  };
}

const NO_VIDEO_MEMORY: VideoMemoryReply = { kind: "video_memory", devices: [], failures: [] };

/** What this process uses of each GPU. */
export async function askVideoMemory(composer: Composer): Promise<VideoMemoryReply> {
  const request = { kind: "video_memory" } as const;
  const { part, failures } = await askPart<VideoMemoryReply>(composer, "own", request);
  return {
    kind: "video_memory",
    devices: part?.devices ?? [],
    failures: [...failures, ...part?.failures ?? []],
  };
}

/** GPUs and who uses them. */
export async function askGpu(
  composer: Composer,
  request: Extract<ElementaryRequest, { kind: "gpu" }>,
): Promise<GpuReply> {
  const { part, failures } = await askPart<GpuReply>(composer, "driver", request);
  return composer.numbers.number({
    kind: "gpu",
    devices: part?.devices ?? [],
    processes: part?.processes ?? [],
    listedDevices: part?.listedDevices ?? [],
    foreignPids: part?.foreignPids ?? false,
    failures: [...failures, ...part?.failures ?? []],
  });
}

/** The GPUs with all their numbers. */
export async function askDevices(composer: Composer): Promise<DevicesReply> {
  const { devices, failures } = await askGpu(composer, {
    kind: "gpu",
    processes: false,
    telemetry: true,
  });
  return { kind: "devices", devices, failures };
}

/** The processes that use GPUs, with their RAM. */
export async function askProcesses(
  composer: Composer,
  details: boolean,
): Promise<ProcessesReply> {
  const gpu = await askGpu(composer, { kind: "gpu", processes: true, telemetry: false });
  const ours = gpu.processes.filter((row) => isOurs(row, gpu.foreignPids));
  const pids = [...new Set(ours.map(({ pid }) => pid))];
  const memory = pids.length === 0 ? { processes: [], failures: [] } : await askMemory(composer, {
    kind: "memory",
    pids,
    system: false,
    details,
    pss: false,
    cpu: false,
  });
  // A row says itself that its process ended, or that it is the kernel, which may be none.
  const ended = new Set(
    gpu.processes.filter(({ nameStatus }) => nameStatus === "exited" || nameStatus === "kernel")
      .map(({ pid }) => pid),
  );
  const told = memory.failures.filter(({ code, pid }) =>
    !(code === "no_such_process" && pid !== undefined && ended.has(pid))
  );
  const rss = new Map(memory.processes.map((found) => [found.pid, found.rssBytes]));
  return {
    ...gpu,
    kind: "processes",
    processes: gpu.processes.map((row) => ({
      ...row,
      rssBytes: isOurs(row, gpu.foreignPids) ? rss.get(row.pid) ?? null : null,
    })),
    memory: memory.processes,
    failures: [...gpu.failures, ...told],
  };
}

/** RAM and GPUs at once; each lane's part is left out where `cutoff` comes first. */
export async function askSnapshot(
  composer: Composer,
  pid: number,
  cutoff: Promise<void> | null = null,
): Promise<SnapshotReply> {
  const atMs = Date.now();
  const startMs = performance.now();
  const cut: Composer = cutoff === null ? composer : {
    ...composer,
    askLane: (lane, request) =>
      Promise.race([
        composer.askLane(lane, request),
        cutoff.then(() => ({ reply: null, failures: [notYet(lane)] })),
      ]),
  };
  // The driver first: its worker takes longer, and two do not start in the same turn.
  const [gpu, memory, video] = await Promise.all([
    askGpu(cut, { kind: "gpu", processes: true, telemetry: true }),
    askMemory(cut, {
      kind: "memory",
      pids: [pid],
      system: true,
      details: false,
      pss: false,
      cpu: false,
    }),
    pid === ownPid() && composer.settings.sources.includes("dxgi_self")
      ? askVideoMemory(cut)
      : NO_VIDEO_MEMORY,
  ]);
  return {
    kind: "snapshot",
    atMs,
    durationMs: performance.now() - startMs,
    pid,
    process: memory.processes.find((found) => found.pid === pid) ?? null,
    system: memory.system,
    devices: gpu.devices,
    processes: gpu.processes,
    listedDevices: gpu.listedDevices,
    foreignPids: gpu.foreignPids,
    videoMemory: video.devices,
    failures: [...memory.failures, ...gpu.failures, ...video.failures],
  };
}

function notYet(lane: Lane): Failure {
  return {
    code: "slow",
    source: null,
    message: `Cannot include the ${lane} lane in this tick: its answer has not arrived yet`,
  };
}

/** An empty round trip through the system lane. */
export async function askPing(composer: Composer): Promise<PingReply | FailureReply> {
  const { part, failures } = await askPart<PingReply>(composer, "system", { kind: "ping" });
  const failure = failures[failures.length - 1];
  return part ?? { kind: "failure", failure: failure ?? switchedOff(ramSource()) };
}
