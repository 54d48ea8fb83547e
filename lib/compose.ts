/**
 * Answers any question from the two lanes. A lane that fails costs its own part of the answer; the rest
 * stands, and the failure is listed.
 */
import type { Failure } from "./errors.ts";
import type { LaneAnswer } from "./isolation/lane.ts";
import type { Settings } from "./options.ts";
import { ownMemory, ownPid, ownRuntime } from "./own_process.ts";
import type {
  DevicesReply,
  DoctorReply,
  ElementaryRequest,
  FailureReply,
  GpuReply,
  MemoryReply,
  PingReply,
  ProcessesReply,
  SnapshotReply,
} from "./protocol.ts";
import type { Finding, GpuProcess, ProcessMemory } from "./records.ts";
import { type Lane, SOURCE_NAMES, SOURCES, sourcesOf } from "./sources.ts";

/** Asks one lane; never rejects. */
export type AskLane = (lane: Lane, request: ElementaryRequest) => Promise<LaneAnswer>;

/** Everything {@linkcode Meter.ask} needs, in one value. */
export interface Composer {
  readonly askLane: AskLane;
  readonly settings: Settings;
}

/** RAM of processes and of the machine. */
export async function askMemory(
  { askLane, settings }: Composer,
  request: Extract<ElementaryRequest, { kind: "memory" }>,
): Promise<MemoryReply> {
  const reply = await askPart<MemoryReply>(askLane, settings, "system", request);
  const processes = reply.part?.processes ?? [];
  const failures = [...reply.failures, ...reply.part?.failures ?? []];
  const own = ownInstead(settings, request.pids, processes);
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

/** GPUs and who uses them. */
export async function askGpu(
  { askLane, settings }: Composer,
  request: Extract<ElementaryRequest, { kind: "gpu" }>,
): Promise<GpuReply> {
  const { part, failures } = await askPart<GpuReply>(askLane, settings, "driver", request);
  return {
    kind: "gpu",
    devices: part?.devices ?? [],
    processes: part?.processes ?? [],
    listedDevices: part?.listedDevices ?? [],
    foreignPids: part?.foreignPids ?? false,
    failures: [...failures, ...part?.failures ?? []],
  };
}

interface Part<R> {
  readonly part: R | null;
  readonly failures: readonly Failure[];
}

async function askPart<R extends MemoryReply | GpuReply | DoctorReply | PingReply>(
  askLane: AskLane,
  settings: Settings,
  lane: Lane,
  request: ElementaryRequest,
): Promise<Part<R>> {
  const sources = sourcesOf(lane);
  if (request.kind !== "ping" && !sources.some((name) => settings.sources.includes(name))) {
    return { part: null, failures: sources.map(switchedOff) };
  }
  const { reply, failures } = await askLane(lane, request);
  if (reply === null) return { part: null, failures };
  if (reply.kind === "failure") return { part: null, failures: [...failures, reply.failure] };
  return { part: reply as R, failures };
}

function switchedOff(source: Finding["source"]): Failure {
  return {
    code: "absent",
    source,
    message: `Cannot ask ${source}: it is switched off by the list of sources`,
  };
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
  const memory = pids.length === 0
    ? { processes: [], failures: [] }
    : await askMemory(composer, { kind: "memory", pids, system: false, details, pss: false });
  // A row says itself that its process ended.
  const ended = new Set(
    gpu.processes.filter(({ nameStatus }) => nameStatus === "exited").map(({ pid }) => pid),
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

/** The row's PID means the same process here. In a container only NVML's names are checked for that. */
function isOurs(row: GpuProcess, foreignPids: boolean): boolean {
  return !foreignPids || (row.source === "nvml" && row.nameStatus === "known");
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
  const [gpu, memory] = await Promise.all([
    askGpu(cut, { kind: "gpu", processes: true, telemetry: true }),
    askMemory(cut, { kind: "memory", pids: [pid], system: true, details: false, pss: false }),
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
    failures: [...memory.failures, ...gpu.failures],
  };
}

function notYet(lane: Lane): Failure {
  return {
    code: "slow",
    source: null,
    message: `Cannot include the ${lane} lane in this tick: its answer has not arrived yet`,
  };
}

/** What every source finds, in order of priority; a source that took its worker down is told from that. */
export async function askDoctor({ askLane, settings }: Composer): Promise<DoctorReply> {
  const parts = await Promise.all(
    (["system", "driver"] as const).map((lane) =>
      askPart<DoctorReply>(askLane, settings, lane, { kind: "doctor" })
    ),
  );
  const findings = parts.flatMap(({ part }) => part?.findings ?? []);
  const failures = parts.flatMap(({ failures }) => failures);
  return {
    kind: "doctor",
    findings: SOURCE_NAMES.map((source) =>
      findings.find((finding) => finding.source === source) ??
        (source === "runtime" && settings.sources.includes(source)
          ? runtimeFinding()
          : unknownFinding(source, settings, failures))
    ),
  };
}

function unknownFinding(
  source: Finding["source"],
  settings: Settings,
  failures: readonly Failure[],
): Finding {
  const its = failures.filter((failure) => failure.source === source);
  const general = failures.filter((failure) => failure.source === null);
  const why = settings.sources.includes(source)
    ? its.length > 0 ? its : general
    : [switchedOff(source)];
  return {
    source,
    present: null,
    path: null,
    version: null,
    calls: [],
    failures: why,
    advice: [],
    measures: [],
  };
}

function runtimeFinding(): Finding {
  const startMs = performance.now();
  const bytes = ownMemory().rssBytes;
  return {
    source: "runtime",
    present: bytes !== null,
    path: null,
    version: ownRuntime(),
    calls: [{
      name: "process.memoryUsage.rss",
      outcome: bytes === null ? "no number" : "ok",
      durationMs: performance.now() - startMs,
    }],
    failures: [],
    advice: [],
    measures: [`RSS of the calling process (${SOURCES.runtime.reads})`],
  };
}

/** An empty round trip through the system lane. */
export async function askPing(composer: Composer): Promise<PingReply | FailureReply> {
  const { part, failures } = await askPart<PingReply>(
    composer.askLane,
    composer.settings,
    "system",
    { kind: "ping" },
  );
  const failure = failures[failures.length - 1];
  return part ?? { kind: "failure", failure: failure ?? switchedOff("proc") };
}
