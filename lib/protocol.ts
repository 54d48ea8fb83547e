/**
 * The messages. One union of questions and one of answers, JSON values only, discriminated by `kind`.
 *
 * `memory`, `tree`, `find`, `gpu`, `doctor` and `ping` are elementary: one worker answers each. `devices`, `processes`
 * and `snapshot` are composed of them on the caller's side, so that a lane that hangs costs only its own
 * part of the answer.
 *
 * Over 200 lines because each message has its definition beside it, and they are read together.
 */
import type { Failure } from "./errors.ts";
import type {
  Bytes,
  DeviceInfo,
  Finding,
  GpuProcess,
  OwnVideoMemory,
  ProcessMemory,
  SystemMemory,
} from "./records.ts";
import type { SourceName } from "./sources.ts";

/** Changes when the messages do; a worker of another version is refused. */
export const PROTOCOL_VERSION = 1;

/** Memory of processes and of the machine. Answered in the system lane. */
export interface MemoryRequest {
  readonly kind: "memory";
  /** The processes; none is fine. */
  readonly pids: readonly number[];
  /** Ask for the machine's memory too. */
  readonly system: boolean;
  /** Ask for command line, user and container too (source `proc_mm`). */
  readonly details: boolean;
  /** Ask for the proportional set size too (source `proc_mm`); it can take seconds for a large process. */
  readonly pss: boolean;
  /** Ask for the CPU time of each process too. */
  readonly cpu: boolean;
}

/**
 * Processes and all they started, directly or not, with their memory. Answered in the system lane. A process whose
 * parent has ended is found only if it is a root itself, so who asks again gives all that was found before.
 */
export interface TreeRequest {
  readonly kind: "tree";
  /** The processes to begin at. Those that have ended are left out of the answer without a failure. */
  readonly roots: readonly number[];
  /** A run whose cgroup's processes are roots too; `null`: none. */
  readonly cgroup: RunId | null;
}

/** Names one run of a command. */
export interface RunId {
  /** Process id of the program that runs it. */
  readonly owner: number;
  /** Number of the run in that program. */
  readonly run: number;
}

/** The processes of the machine by name and size. Answered in the system lane. */
export interface FindRequest {
  readonly kind: "find";
  /** What the kernel's name must fit, as `fitsName` has it; `null`: every name does. */
  readonly name: string | null;
  /** At most this many, those with the most resident memory first. */
  readonly top: number;
}

/**
 * The memory cgroup of one run of a command. Asked only by the program that runs it, and never taken from outside:
 * it makes and removes a folder of the cgroup hierarchy. Answered in the system lane.
 */
export interface RunCgroupRequest {
  readonly kind: "run_cgroup";
  /**
   * `"make"`: a child of the cgroup this worker is in; `"read"`: what is in it; `"remove"`: give what is left in it
   * back to its parent, and take it away.
   */
  readonly action: "make" | "read" | "remove";
  /** The run that the cgroup is named after. */
  readonly cgroup: RunId;
}

/**
 * The process of one run of a command, on Windows. Asked only by the program that runs it, and never taken from
 * outside: it ends processes. Answered in the system lane.
 */
export interface RunProcessRequest {
  readonly kind: "run_process";
  /**
   * `"hold"`: keep it open, so that its exit code stays to be read; `"read"`: its exit code; `"end"`: end it and all
   * it started, with exit code 1; `"release"`: let go of it.
   */
  readonly action: "hold" | "read" | "end" | "release";
  /** The command's process. */
  readonly pid: number;
  /** For `"end"`: processes of the run that were seen. What they started ends too, also where they have ended. */
  readonly seen: readonly SeenProcess[];
}

/** A process that was seen: who has its PID and another start is another one. */
export type SeenProcess = Pick<ProcessMemory, "pid" | "startTicks">;

/** GPUs, and what their processes hold. Answered in the driver lane. */
export interface GpuRequest {
  readonly kind: "gpu";
  /** Ask for the processes too. */
  readonly processes: boolean;
  /** Ask for utilisation, temperature, power, clocks, ECC and MIG too. */
  readonly telemetry: boolean;
}

/** What each source of the lane finds, call by call. */
export interface DoctorRequest {
  readonly kind: "doctor";
}

/**
 * What the calling process uses of each GPU, on Windows. Never taken from outside: it is about this program. Answered
 * in a thread of it.
 */
export interface VideoMemoryRequest {
  readonly kind: "video_memory";
}

/** Nothing: an empty round trip. */
export interface PingRequest {
  readonly kind: "ping";
}

/** The GPUs. */
export interface DevicesRequest {
  readonly kind: "devices";
}

/** The processes that use GPUs, with their RAM. */
export interface ProcessesRequest {
  readonly kind: "processes";
  /** Ask for command line, user and container too. */
  readonly details: boolean;
}

/** RAM, GPUs and processes at once. */
export interface SnapshotRequest {
  readonly kind: "snapshot";
  /** The process whose memory is asked for. The worker never answers about itself. */
  readonly pid: number;
}

/** A question one worker answers. */
export type ElementaryRequest =
  | MemoryRequest
  | TreeRequest
  | FindRequest
  | RunCgroupRequest
  | RunProcessRequest
  | GpuRequest
  | VideoMemoryRequest
  | DoctorRequest
  | PingRequest;
/** A question that only the program on this machine asks. */
export type LocalRequest = RunCgroupRequest | RunProcessRequest | VideoMemoryRequest;
/** Any question that may come from outside. */
export type Request =
  | Exclude<ElementaryRequest, LocalRequest>
  | DevicesRequest
  | ProcessesRequest
  | SnapshotRequest;

export interface MemoryReply {
  readonly kind: "memory";
  /** Those that could be read, in the order asked; the others stand in `failures` with their `pid`. */
  readonly processes: readonly ProcessMemory[];
  readonly system: SystemMemory | null;
  readonly failures: readonly Failure[];
}

export interface TreeReply {
  readonly kind: "tree";
  /** Each process once, a parent before what it started. Zombies are in it, without memory. */
  readonly processes: readonly ProcessMemory[];
  /** Those of them that are in the cgroup; empty without one. */
  readonly inCgroup: readonly number[];
  readonly failures: readonly Failure[];
}

export interface FindReply {
  readonly kind: "find";
  /** The largest of those that fit; their memory is at most a second old. Kernel threads are never among them. */
  readonly processes: readonly ProcessMemory[];
  /** How many fit in all. */
  readonly count: number;
  readonly failures: readonly Failure[];
}

export interface RunCgroupReply {
  readonly kind: "run_cgroup";
  /** Its folder; `null` where there is none, with the reason in `failures`. */
  readonly folder: string | null;
  /** Its highest usage, page cache and kernel memory included (`memory.peak`; v1 `memory.max_usage_in_bytes`). */
  readonly peakBytes: Bytes;
  readonly failures: readonly Failure[];
}

export interface RunProcessReply {
  readonly kind: "run_process";
  /**
   * The exit code of a process that is held (`GetExitCodeProcess`), 32 bits without a sign; `null` while it runs, and
   * where it was not asked for or is not told.
   */
  readonly exitCode: number | null;
  /** What could not be done; empty where all was. */
  readonly failures: readonly Failure[];
}

export interface GpuReply {
  readonly kind: "gpu";
  readonly devices: readonly DeviceInfo[];
  /** Rows sorted by device, then PID. */
  readonly processes: readonly GpuProcess[];
  /** Devices whose list of processes was read whole: an absent PID holds nothing there. */
  readonly listedDevices: readonly number[];
  /** The driver may count PIDs in another PID namespace than ours, as it does in a container. */
  readonly foreignPids: boolean;
  readonly failures: readonly Failure[];
}

export interface VideoMemoryReply {
  readonly kind: "video_memory";
  /** One for each device that answered. */
  readonly devices: readonly OwnVideoMemory[];
  readonly failures: readonly Failure[];
}

export interface DoctorReply {
  readonly kind: "doctor";
  readonly findings: readonly Finding[];
}

export interface PingReply {
  readonly kind: "ping";
}

export interface DevicesReply {
  readonly kind: "devices";
  readonly devices: readonly DeviceInfo[];
  readonly failures: readonly Failure[];
}

export interface ProcessesReply {
  readonly kind: "processes";
  readonly processes: readonly GpuProcess[];
  readonly devices: readonly DeviceInfo[];
  readonly listedDevices: readonly number[];
  readonly foreignPids: boolean;
  /** RAM and, where asked for, details of the processes that could be read. */
  readonly memory: readonly ProcessMemory[];
  readonly failures: readonly Failure[];
}

/** RAM of one process and of the machine, every GPU and every process on it, at one time. */
export interface SnapshotReply {
  readonly kind: "snapshot";
  /** When it was asked, milliseconds since the epoch. */
  readonly atMs: number;
  /** From the question to the answer. */
  readonly durationMs: number;
  readonly pid: number;
  readonly process: ProcessMemory | null;
  readonly system: SystemMemory | null;
  readonly devices: readonly DeviceInfo[];
  readonly processes: readonly GpuProcess[];
  readonly listedDevices: readonly number[];
  readonly foreignPids: boolean;
  /** What the process uses of each device as Windows tells it alone; empty elsewhere and for any but the calling one. */
  readonly videoMemory: readonly OwnVideoMemory[];
  readonly failures: readonly Failure[];
}

/** The question could not be answered at all. */
export interface FailureReply {
  readonly kind: "failure";
  readonly failure: Failure;
}

export type ElementaryReply =
  | MemoryReply
  | TreeReply
  | FindReply
  | RunCgroupReply
  | RunProcessReply
  | GpuReply
  | VideoMemoryReply
  | DoctorReply
  | PingReply
  | FailureReply;
export type Reply = ElementaryReply | DevicesReply | ProcessesReply | SnapshotReply;
/** An answer that may go outside. */
export type OutsideReply = Exclude<Reply, { kind: "failure" | LocalRequest["kind"] }>;
/** The answer to a question of kind `K`. */
export type ReplyTo<K extends Reply["kind"]> = Extract<Reply, { kind: K }>;

/** The first message to a worker. */
export interface WorkerConfig {
  readonly protocol: number;
  /** Process id of the host; a child whose parent is another one is orphaned and ends. */
  readonly hostPid: number;
  /** The same for all workers of a host, and known to nobody else: by this name they find each other on Windows. */
  readonly hostName: string;
  /** Sources that may be asked at all. */
  readonly sources: readonly SourceName[];
  /** Path of the NVML library to use instead of the usual ones. */
  readonly nvmlPath: string | null;
  /** Path of nvidia-smi to use instead of the one on the PATH. */
  readonly nvidiaSmiPath: string | null;
  /** Time one run of nvidia-smi may take. */
  readonly nvidiaSmiMs: number;
  /** Send `debug` messages with raw native values. */
  readonly debug: boolean;
}

/** Host to worker. */
export type ToWorker =
  | { readonly config: WorkerConfig }
  | {
    readonly id: number;
    readonly ask: ElementaryRequest;
    /** Sources not to touch this time. */
    readonly without: readonly SourceName[];
  }
  | { readonly close: true };

/**
 * Worker to host. A worker starts on the first source of its lane that the question needs without a
 * word, and says `begin` before each later one, so that the host always knows whom it waits for.
 */
export type FromWorker =
  | { readonly ready: number }
  | { readonly id: number; readonly begin: SourceName }
  | { readonly id: number; readonly reply: ElementaryReply }
  | { readonly debug: string };
