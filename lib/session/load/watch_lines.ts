/**
 * The lines of `hmn watch --json`, folded into tracks. Pure: lines in, tracks out.
 *
 * Over 200 lines because what one line tells is judged by those before it.
 */
import type { Gap, GpuQuantity, GpuTrack, ProcessQuantity, ProcessTrack } from "./data.ts";
import { drifts, type IdOf } from "./find_track.ts";
import { GapSpans } from "./gap_spans.ts";
import { medianInterval, MissingTicks } from "./missing_ticks.ts";
import { GPU_QUANTITIES, PROCESS_QUANTITIES } from "./quantities.ts";
import { SteadyTime } from "./steady_time.ts";
import { TrackTable } from "./track_table.ts";

type Json = { readonly [key: string]: unknown };

/** The original does not number its samples: only a pause of more intervals than this is surely one. */
const LATE_INTERVALS = 2.5;

/** One tick while its lines come. */
interface OpenTick {
  readonly key: number;
  readonly timeMs: number;
  readonly seq: number;
  /** What the watched processes hold on each GPU; NaN: that can't be told. */
  readonly heldOn: Map<number, number>;
  /** Why something could not be read, by subject. */
  readonly failures: Map<string, string>;
}

/** What the lines told. */
export interface WatchedTracks {
  readonly processes: readonly ProcessTrack[];
  readonly gpus: readonly GpuTrack[];
  readonly gaps: readonly Gap[];
  readonly durationMs: number;
  readonly intervalMs: number;
}

/** Takes the lines in order. */
export class WatchLines {
  /** Wall clock of elapsed 0; `null`: no line tells it. */
  startedAtMs: number | null = null;
  /** Numbers that can't be true. */
  absurdCells = 0;
  readonly #processes = new TrackTable<IdOf<ProcessTrack>, ProcessQuantity>(PROCESS_QUANTITIES);
  readonly #gpus = new TrackTable<IdOf<GpuTrack>, GpuQuantity>(GPU_QUANTITIES);
  readonly #totals = new Map<number, number>();
  /** How often another process took a PID. */
  readonly #reused = new Map<number, number>();
  readonly #spans = new Map<string, GapSpans>();
  readonly #missing = new MissingTicks();
  /** Its times are steady, but another watch may have gone on in the same file. */
  readonly #steady = new SteadyTime(0);
  readonly #times: number[] = [];
  #tick: OpenTick | null = null;
  #isNumbered = false;

  /** How often the times began anew: several watches wrote into one file. */
  get restarts(): number {
    return this.#steady.jumps;
  }

  /** Takes a line; `false`: it is none of a watch. */
  take(line: string): boolean {
    const record = parseObject(line);
    if (record === null || typeof record.kind !== "string") return false;
    if (record.kind === "summary") return this.#takeSummary(record);
    const tMs = number(record.t_ms);
    if (!(tMs >= 0)) return false;
    if (record.kind === "sample") return this.#takeSample(this.#tickOf(record, tMs), record);
    if (record.kind === "failure") return this.#takeFailure(this.#tickOf(record, tMs), record);
    if (record.kind === "event" && record.event === "pid_reused") {
      const pid = number(record.pid);
      this.#reused.set(pid, (this.#reused.get(pid) ?? 0) + 1);
    }
    return true;
  }

  #tickOf(record: Json, tMs: number): OpenTick {
    const seq = number(record.seq);
    const key = Number.isNaN(seq) ? tMs : seq;
    if (this.#tick?.key === key) return this.#tick;
    this.#closeTick();
    const timeMs = this.#steady.at(tMs);
    const startedAtMs = number(record.at_ms) - tMs;
    if (this.startedAtMs === null && startedAtMs > 0) this.startedAtMs = startedAtMs;
    this.#isNumbered ||= !Number.isNaN(seq);
    return this.#tick = { key, timeMs, seq, heldOn: new Map(), failures: new Map() };
  }

  #takeSample(tick: OpenTick, record: Json): boolean {
    const pid = number(record.pid);
    if (!Number.isSafeInteger(pid)) return false;
    const key = `${pid} ${this.#reused.get(pid) ?? 0}`;
    const id = { target: String(pid), kind: "process", pid, name: null, drifts: false } as const;
    const track = this.#processes.track(key, () => id);
    if (typeof record.name === "string" && record.name !== track.id.name) {
      track.id = { ...track.id, name: record.name };
    }
    const isDrifting = drifts(text(record.source));
    if (isDrifting && !track.id.drifts) track.id = { ...track.id, drifts: true };
    const count = { running: 1, exited: 0 }[String(record.state)] ?? NaN;
    const usedBytes = this.#bytes(record.used_bytes);
    // In the order of the quantities: processes, RAM, swap, GPU memory, CPU.
    track.sink.push(tick.timeMs, [count, this.#bytes(record.rss_bytes), NaN, usedBytes, NaN]);
    if (!Array.isArray(record.devices)) return true;
    for (const device of record.devices.filter(isObject)) {
      const index = number(device.device_index);
      if (!Number.isSafeInteger(index) || index < 0) continue;
      const uuid = typeof device.device_uuid === "string" ? device.device_uuid : null;
      const gpu = this.#gpus.track(
        String(index),
        () => ({ gpu: index, uuid, name: null, drifts: false }),
      );
      if (isDrifting && !gpu.id.drifts) gpu.id = { ...gpu.id, drifts: true };
      const held = this.#bytes(device.used_bytes);
      tick.heldOn.set(index, (tick.heldOn.get(index) ?? 0) + held);
    }
    // What a process holds in all is not known while a GPU is lost; then nobody can tell on which it holds more.
    if (Number.isNaN(usedBytes)) tick.heldOn.set(-1, NaN);
    return true;
  }

  #takeFailure(tick: OpenTick, record: Json): boolean {
    const gpu = number(record.device_index), pid = number(record.pid);
    const subject = gpu >= 0 ? `gpu ${gpu}` : pid >= 0 ? String(pid) : "all";
    const reason = `${text(record.source) ?? "hmn"} ${text(record.code) ?? "failed"}`;
    if (!tick.failures.has(subject)) tick.failures.set(subject, reason);
    if (!this.#spans.has(subject)) this.#spans.set(subject, new GapSpans());
    return true;
  }

  #takeSummary(record: Json): boolean {
    for (const device of Array.isArray(record.devices) ? record.devices.filter(isObject) : []) {
      const total = this.#bytes(device.total_bytes);
      if (!Number.isNaN(total)) this.#totals.set(number(device.device_index), total);
    }
    return true;
  }

  #closeTick(): void {
    const tick = this.#tick;
    this.#tick = null;
    if (tick === null) return;
    const { timeMs, seq, heldOn, failures } = tick;
    this.#times.push(timeMs);
    this.#missing.see(timeMs, seq);
    for (const [subject, spans] of this.#spans) spans.see(timeMs, failures.get(subject) ?? null);
    for (const { id, sink } of this.#gpus.tracks) {
      const held = heldOn.has(-1) ? NaN : heldOn.get(id.gpu) ?? 0;
      sink.push(timeMs, GPU_QUANTITIES.map((quantity) => quantity === "usedBytes" ? held : NaN));
    }
  }

  /** Everything. Nothing can be taken afterwards. */
  finish(): WatchedTracks {
    this.#closeTick();
    const intervalMs = medianInterval(Float64Array.from(this.#times)) ?? 0;
    const gpus = this.#gpus.finish().map((gpu) => {
      const total = this.#totals.get(gpu.gpu);
      if (total === undefined) return gpu;
      const totalBytes = new Float64Array(gpu.timesMs.length).fill(total);
      return { ...gpu, columns: { ...gpu.columns, totalBytes } };
    });
    const late = this.#isNumbered ? undefined : LATE_INTERVALS;
    const gaps = [...this.#spans].flatMap(([subject, spans]) => spans.gaps(subject));
    return {
      processes: this.#processes.finish(),
      gpus,
      gaps: [...gaps, ...this.#missing.gaps(intervalMs, late)]
        .sort((a, b) => a.startMs - b.startMs),
      durationMs: this.#times.at(-1) ?? 0,
      intervalMs,
    };
  }

  /** NaN: not told, or it can't be true. */
  #bytes(value: unknown): number {
    const bytes = number(value);
    if (Number.isNaN(bytes) || (bytes >= 0 && bytes <= Number.MAX_SAFE_INTEGER)) return bytes;
    this.absurdCells += 1;
    return NaN;
  }
}

function parseObject(line: string): Json | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function number(value: unknown): number {
  return typeof value === "number" ? value : NaN;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
