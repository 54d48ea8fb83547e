/**
 * The meter: the library's door to the numbers, for long use.
 *
 * Over 200 lines because each question has its definition and its errors beside it.
 */
import { abortable, checkPid, checkRun, checkTop, unanswered } from "./answering.ts";
import {
  askDevices,
  askFind,
  askGpu,
  askMemory,
  askPing,
  askProcesses,
  askRunCgroup,
  askRunProcess,
  askSnapshot,
  askTree,
  askVideoMemory,
} from "./compose.ts";
import { askDoctor } from "./compose_doctor.ts";
import { DeviceNumbers } from "./device_numbers.ts";
import { HypomnesisError } from "./errors.ts";
import type { Composer } from "./lane_part.ts";
import { Lanes } from "./lanes.ts";
import { type Isolation, type MeterOptions, settle } from "./options.ts";
import { ownPid } from "./own_process.ts";
import type { LocalRequest, Reply, ReplyTo, Request } from "./protocol.ts";
import type { DeviceInfo, GpuProcess, OwnVideoMemory } from "./records.ts";
import { type DeviceSelector, noDeviceError, selectDevice } from "./select_device.ts";
import {
  type ProcessGpuInfo,
  processGpuInfo,
  type Snapshot,
  viewAll,
  viewSnapshot,
} from "./snapshot.ts";
import { TelemetryBoard } from "./telemetry/board.ts";
import { type Tick, watchTicks } from "./watch.ts";

/** Options of one question. */
export interface AskOptions {
  /** Ends the wait: the promise rejects with the signal's reason. A shared native call goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@linkcode Meter.watch}. */
export interface WatchOptions extends AskOptions {
  /** Time from one tick to the next, in milliseconds. */
  readonly intervalMs: number;
  /** After this time comes the last tick, also between two others. Left out: it goes on until it is left. */
  readonly durationMs?: number;
  /**
   * The process watched.
   * @default the calling process
   */
  readonly pid?: number;
}

/**
 * A meter keeps a worker for each lane, and in it the driver open, until it is closed. An idle meter does
 * not keep the program alive.
 */
export class Meter implements AsyncDisposable {
  readonly #composer: Composer;
  readonly #lanes: Lanes;
  #closed = false;
  /** What programs report of their allocators; the endpoint and the exporters tell it on. */
  readonly telemetry: TelemetryBoard = new TelemetryBoard();

  /** Use {@linkcode openMeter}. */
  constructor(options: MeterOptions) {
    const settings = settle(options);
    this.#lanes = new Lanes(settings);
    this.#composer = {
      settings,
      askLane: (lane, request) => this.#lanes.ask(lane, request),
      numbers: new DeviceNumbers(),
    };
  }

  /** How the prober is kept apart. */
  get isolation(): Isolation {
    return this.#lanes.isolation;
  }

  /** It was closed, and answers nothing any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Process ids of the workers that run as child processes at the moment; what they use is our own cost. */
  get workerPids(): readonly number[] {
    return this.#lanes.workerPids;
  }

  /**
   * Answers any question of the protocol. What could not be told is `null` in the answer, with the reason
   * among its `failures`.
   *
   * @throws {TypeError} when the request is not one of the protocol
   * @throws {HypomnesisError} `closed` when the meter was closed
   */
  async ask<R extends Request | LocalRequest>(
    request: R,
    options: AskOptions = {},
  ): Promise<ReplyTo<R["kind"]>> {
    options.signal?.throwIfAborted();
    if (this.#closed) {
      throw new HypomnesisError("closed", "Cannot ask a closed meter: open a new one");
    }
    const reply = await abortable(this.#answer(request), options.signal);
    if (reply.kind === "failure") {
      const { code, message, source } = reply.failure;
      throw new HypomnesisError(code, message, { source, failures: [reply.failure] });
    }
    return reply as ReplyTo<R["kind"]>;
  }

  #answer(request: Request | LocalRequest): Promise<Reply> {
    const composer = this.#composer;
    switch (request.kind) {
      case "memory":
        request.pids.forEach(checkPid);
        return askMemory(composer, request);
      case "tree":
        request.roots.forEach(checkPid);
        if (request.cgroup !== null) checkRun(request.cgroup);
        return askTree(composer, request);
      case "find":
        checkTop(request.top);
        return askFind(composer, request);
      case "run_cgroup":
        checkRun(request.cgroup);
        return askRunCgroup(composer, request);
      case "run_process":
        checkPid(request.pid);
        return askRunProcess(composer, request);
      case "video_memory":
        return askVideoMemory(composer);
      case "gpu":
        return askGpu(composer, request);
      case "doctor":
        return askDoctor(composer);
      case "ping":
        return askPing(composer);
      case "devices":
        return askDevices(composer);
      case "processes":
        return askProcesses(composer, request.details);
      case "snapshot":
        checkPid(request.pid);
        return askSnapshot(composer, request.pid);
      default: {
        const { kind } = (request satisfies never) as { kind?: unknown };
        throw new TypeError(`Cannot answer a question of kind ${JSON.stringify(kind)}`);
      }
    }
  }

  /**
   * RAM of the calling process and, on one device, what it holds and what all processes hold. A device
   * that does not exist leaves the GPU parts `null`, with the reason in `failures`.
   */
  async snapshot(device: DeviceSelector = 0, options: AskOptions = {}): Promise<Snapshot> {
    const reply = await this.ask({ kind: "snapshot", pid: ownPid() }, options);
    try {
      const { index } = selectDevice(reply.devices, device, reply.failures);
      return viewSnapshot(reply, index);
    } catch (error) {
      if (!(error instanceof HypomnesisError)) throw error;
      const view = viewSnapshot(reply, -1);
      return reply.devices.length === 0 && reply.failures.length > 0
        ? view
        : { ...view, failures: [...view.failures, error.toFailure()] };
    }
  }

  /** One {@linkcode Snapshot} for each device; empty where no device was seen. */
  async snapshotAll(options: AskOptions = {}): Promise<Snapshot[]> {
    const reply = await this.ask({ kind: "snapshot", pid: ownPid() }, options);
    return viewAll(reply);
  }

  /**
   * How many GPUs there are. 0 only where a source says so.
   *
   * @throws {HypomnesisError} the failure's code where no source could tell
   */
  async deviceCount(options: AskOptions = {}): Promise<number> {
    const { devices, failures } = await this.ask({ kind: "devices" }, options);
    if (devices.length === 0 && failures.length > 0) throw noDeviceError(failures);
    return devices.length;
  }

  /**
   * One GPU, all processes together.
   *
   * @throws {HypomnesisError} `no_such_device` with `index` and `count`; the failure's code where no
   * source could tell
   */
  async deviceInfo(device: DeviceSelector, options: AskOptions = {}): Promise<DeviceInfo> {
    const { devices, failures } = await this.ask({ kind: "devices" }, options);
    return selectDevice(devices, device, failures);
  }

  /**
   * What a process holds on one GPU: 0 when the device's list was read and the process is not in it.
   *
   * @throws {HypomnesisError} as {@linkcode Meter.deviceInfo}
   */
  async processGpuInfo(
    device: DeviceSelector,
    options: AskOptions & { readonly pid?: number } = {},
  ): Promise<ProcessGpuInfo> {
    const pid = options.pid ?? ownPid();
    checkPid(pid);
    const [reply, videoMemory] = await Promise.all([
      this.ask({ kind: "gpu", processes: true, telemetry: false }, options),
      pid === ownPid() ? this.#ownVideoMemory(options) : [],
    ]);
    const { index } = selectDevice(reply.devices, device, reply.failures);
    return processGpuInfo({ ...reply, videoMemory }, index, pid)!;
  }

  /** Empty where Windows does not tell it, and on every other system. */
  async #ownVideoMemory(options: AskOptions): Promise<readonly OwnVideoMemory[]> {
    if (!this.#composer.settings.sources.includes("dxgi_self")) return [];
    return (await this.ask({ kind: "video_memory" }, options)).devices;
  }

  /**
   * The processes that use one GPU, by PID. Empty only where the device's list was read whole.
   *
   * @throws {HypomnesisError} as {@linkcode Meter.deviceInfo}, and the failure's code where the list could
   * not be read
   */
  async gpuProcesses(device: DeviceSelector, options: AskOptions = {}): Promise<GpuProcess[]> {
    const reply = await this.ask({ kind: "gpu", processes: true, telemetry: false }, options);
    const { index } = selectDevice(reply.devices, device, reply.failures);
    const rows = reply.processes.filter((row) => row.deviceIndex === index);
    if (rows.length === 0 && !reply.listedDevices.includes(index)) {
      const why = reply.failures.filter(({ deviceIndex }) => (deviceIndex ?? index) === index);
      throw unanswered(`the processes of device ${index}`, why);
    }
    return rows;
  }

  /**
   * Resident memory of a process, in bytes: the calling one unless `pid` says otherwise.
   *
   * @throws {HypomnesisError} `no_such_process`, `permission_denied`, or the failure's code
   */
  async processRss(pid: number = ownPid(), options: AskOptions = {}): Promise<number> {
    const { processes, failures } = await this.ask(
      { kind: "memory", pids: [pid], system: false, details: false, pss: false, cpu: false },
      options,
    );
    const rss = processes[0]?.rssBytes ?? null;
    if (rss === null) throw unanswered(`the resident memory of process ${pid}`, failures, pid);
    return rss;
  }

  /**
   * Measures again and again, at the start and then every `intervalMs`, without drift. A tick comes when
   * its answer is complete, and at the latest when its interval ends, with what has arrived by then.
   * Leave the loop to stop.
   *
   * @throws {RangeError} when the interval is not between 1 millisecond and a day, or the duration is not
   * more than 0
   */
  watch(options: WatchOptions): AsyncGenerator<Tick, void, void> {
    const pid = options.pid ?? ownPid();
    checkPid(pid);
    return watchTicks(
      (cutoff) => askSnapshot(this.#composer, pid, cutoff),
      options,
      () => this.#closed,
    );
  }

  /** Ends the workers. Questions still open are answered as lost. Closing twice is fine. */
  close(): Promise<void> {
    this.#closed = true;
    this.#lanes.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Opens a meter. Nothing is started before it is first asked.
 *
 * @throws {TypeError} @throws {RangeError} naming the wrong option
 */
export function openMeter(options: MeterOptions = {}): Meter {
  return new Meter(options);
}
