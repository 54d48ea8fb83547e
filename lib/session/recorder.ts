/**
 * Records a session: takes samples on a schedule and hands them to the writer.
 *
 * Nothing here waits for the disk, for a notification or for a driver: a tick is taken when it is due, with what has
 * arrived.
 *
 * Over 200 lines because what a caller may say to a recorder stands beside what it does.
 */
import type { RunId } from "../protocol.ts";
import { Repeated } from "../repeated.ts";
import type { Ask } from "../run/ask.ts";
import { beats } from "../schedule.ts";
import type { AllocatorReport } from "../telemetry/report.ts";
import type { AlertChange } from "./alerts/alert.ts";
import type { SessionSettings } from "./config/settings.ts";
import { ControlReader } from "./control.ts";
import { describeSession } from "./describe_session.ts";
import { fileName } from "./file_names.ts";
import { SessionFiles } from "./files/session_files.ts";
import { realStore, type Store } from "./files/store.ts";
import type { HealthChange } from "./health.ts";
import { SessionLook } from "./look/session_look.ts";
import { targetsOf } from "./look/targets.ts";
import { Notifier } from "./notify.ts";
import type { SessionEnd, SessionMeta } from "./session_meta.ts";
import type { RecorderStatus } from "./recorder_status.ts";
import { type PhaseOptions, SessionWriter } from "./session_writer.ts";

/** What a recorder needs. */
export interface RecorderOptions {
  readonly ask: Ask;
  /** The processes that answer for us, whose cost is ours. */
  readonly workerPids: () => readonly number[];
  readonly ownPid: number;
  readonly settings: SessionSettings;
  /** Names the session where the settings do not. */
  readonly name: string;
  /** What to watch beside the groups of the settings: names, PIDs, `/regex/`. */
  readonly watch: readonly string[];
  /** The recorded command, for the session file. */
  readonly command?: readonly string[] | null;
  /** The machine that is recorded, where it is not this one. */
  readonly host?: string;
  /** The disk; the real one by default. */
  readonly store?: Store;
  /** Called after each tick. */
  readonly onTick?: (status: RecorderStatus) => void;
  /** Called when an alert begins, changes or ends. */
  readonly onAlert?: (change: AlertChange) => void;
  /** Called when a source ceases to answer, or answers again. */
  readonly onHealth?: (change: HealthChange) => void;
  /** Called when a file can't be written (with the reason), and when it can again (`null`). */
  readonly onStorage?: (file: string, reason: string | null) => void;
  /** Called when somebody could not be told of an alert. */
  readonly onRemark?: (message: string) => void;
  /** Called when everything is written. */
  readonly onEnd?: () => Promise<void>;
}

/** Where a recording is. */
export interface RecordedFiles {
  readonly folder: string;
  readonly name: string;
  readonly stamp: string;
  /** Name of the session file in the folder; it stands for the whole session. */
  readonly sessionFile: string;
}

/** A phase that was begun; leaving its scope ends it. */
export interface PhaseHandle extends Disposable {
  /** Ends it, and what is nested in it. Does nothing where another phase has followed. */
  end(): void;
}

/** Wishes are looked for once a tick, but not less and not more often than this. */
const CONTROL_AT_MOST_MS = 1_000;
const CONTROL_AT_LEAST_MS = 200;
/** A wish holds from the time it was made, unless that is longer ago: a clock may be wrong. */
const WISH_MS = 1_500;
/** What notifications may still take when the session has ended. */
const LAST_NOTIFY_MS = 5_000;

/** One recording. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #files: SessionFiles;
  readonly #writer: SessionWriter;
  readonly #look: SessionLook;
  readonly #notifier: Notifier;
  readonly #control: ControlReader;
  readonly #over = new AbortController();
  #startMs = performance.now();
  #reason = "duration";
  #hasBegun = false;
  /** No tick comes any more. */
  #hasEnded = false;

  private constructor(
    options: RecorderOptions,
    files: SessionFiles,
    meta: SessionMeta,
    store: Store,
    notifier: Notifier,
  ) {
    const { settings, ask, workerPids, ownPid, watch, onAlert, onHealth } = options;
    this.#options = options;
    this.#files = files;
    const targets = targetsOf(settings.groups, watch);
    this.#look = new SessionLook({ ask, workerPids, ownPid, targets });
    this.#control = new ControlReader(store, files.pathOf("control"));
    this.#notifier = notifier;
    this.#writer = new SessionWriter(files, meta, {
      onAlert: (change) => {
        this.#notifier.tell(change);
        onAlert?.(change);
      },
      onHealth,
    });
  }

  /**
   * Claims the files of a new session. Nothing is sampled before {@linkcode Recorder.run}.
   *
   * @throws {HypomnesisError} `output_failed` where the folder can't be written; `invalid_request` where the webhook is
   * no URL
   * @throws {RangeError} naming something to watch that has no accepted form
   */
  static async open(options: RecorderOptions): Promise<Recorder> {
    const { settings, watch, name } = options;
    targetsOf(settings.groups, watch);
    const store = options.store ?? realStore();
    const startedAt = new Date();
    const opened: { meta?: SessionMeta; recorder?: Recorder } = {};
    const sessionName = settings.name ?? name;
    const notifier = new Notifier(settings.notify, sessionName, ({ ok, message }) => {
      const { recorder } = opened;
      if (ok || recorder === undefined) return;
      recorder.#writer.remark(message, recorder.#now());
      options.onRemark?.(message);
    });
    const files = await SessionFiles.create({
      store,
      folder: settings.out,
      name: sessionName,
      startedAt,
      rotateBytes: settings.rotateBytes,
      rotateMs: settings.rotateMs,
      now: () => performance.now(),
      onTrouble: (file, reason) => {
        const { recorder } = opened;
        if (recorder !== undefined) recorder.#writer.storage(file, reason, recorder.#now());
        options.onStorage?.(file, reason);
      },
    }, (id) => opened.meta = describeSession(id, startedAt, options));
    opened.recorder = new Recorder(options, files, opened.meta!, store, notifier);
    return opened.recorder;
  }

  /** Where the files are, and what they are named after. */
  get files(): RecordedFiles {
    const { folder, id } = this.#files;
    return { folder, ...id, sessionFile: fileName("session", id) };
  }

  /**
   * Records until the duration is over or {@linkcode Recorder.stop} is called, and resolves when everything is on
   * the disk, as far as it would take it.
   */
  async run(): Promise<SessionEnd> {
    const { intervalMs, durationMs, syncMs } = this.#options.settings;
    this.#startMs = performance.now();
    this.#hasBegun = true;
    this.#writer.begin(this.#startText(), this.#now());
    const syncing = new Repeated(syncMs, () => this.#files.sync());
    const controlMs = Math.min(Math.max(intervalMs, CONTROL_AT_LEAST_MS), CONTROL_AT_MOST_MS);
    const controlling = new Repeated(controlMs, () => this.#readControl());
    let end: SessionEnd;
    try {
      const looks = beats((cutoff, elapsedMs) => this.#look.look(elapsedMs, cutoff), {
        intervalMs,
        durationMs: durationMs ?? undefined,
        signal: this.#over.signal,
      });
      for await (const { tick, skipped, result } of looks) {
        const status = this.#writer.observe({ ...result, tick, skipped }, this.#look.devices);
        this.#options.onTick?.(status);
      }
    } catch (error) {
      if (!this.#over.signal.aborted) {
        this.#reason = `error: ${error instanceof Error ? error.message : String(error)}`;
        throw error;
      }
    } finally {
      this.#hasEnded = true;
      await controlling.stop();
      await this.#readControl();
      await syncing.stop();
      await this.#notifier.finish(LAST_NOTIFY_MS);
      end = await this.#end();
    }
    return end;
  }

  async #end(): Promise<SessionEnd> {
    const end = await this.#writer.end(this.#reason, this.#now());
    await this.#control.remove();
    await this.#files.closeLog();
    await this.#options.onEnd?.();
    return end;
  }

  /** Ends the recording; `reason` is written down. */
  stop(reason: string): void {
    if (this.#over.signal.aborted || this.#hasEnded) return;
    this.#reason = reason;
    this.#over.abort();
  }

  /** Watches this process and what it starts, and what is in its cgroup, as the target `command`. */
  follow(pid: number, cgroup: RunId | null = null): void {
    this.#look.follow(pid, cgroup);
  }

  /** Begins a phase, after the current one unless it is nested in it. */
  phase(name: string, options: PhaseOptions = {}): PhaseHandle {
    const path = this.#writer.beginPhase(name, options, this.#now());
    const end = () => {
      while (`${this.#writer.phase}/`.startsWith(`${path}/`)) this.endPhase();
    };
    return { end, [Symbol.dispose]: end };
  }

  /** Ends the innermost phase. */
  endPhase(): void {
    this.#writer.endPhase(this.#now());
  }

  /** Takes the report of a program's allocator; one that comes before the first look or after the last is left out. */
  telemetry(report: AllocatorReport): void {
    if (this.#hasBegun && !this.#hasEnded) this.#writer.telemetry(report, this.#now());
  }

  #now(): { readonly atMs: number; readonly elapsedMs: number } {
    return { atMs: Date.now(), elapsedMs: performance.now() - this.#startMs };
  }

  async #readControl(): Promise<void> {
    const { wishes, refused } = await this.#control.read();
    for (const { phase, atMs, ...options } of wishes) {
      const when = this.#whenWished(atMs);
      if (phase === null) this.#writer.endPhase(when);
      else this.#writer.beginPhase(phase, options, when);
    }
    if (refused > 0) {
      this.#writer.remark(`${refused} lines of the control file are no wishes`, this.#now());
    }
    if (wishes.length + refused > 0) await this.#control.acknowledge();
  }

  /** The time of a wish, as far as it can be true: not in the future, and not long ago. */
  #whenWished(wishedAtMs: number): { readonly atMs: number; readonly elapsedMs: number } {
    const { atMs, elapsedMs } = this.#now();
    const agoMs = Math.min(Math.max(0, atMs - wishedAtMs), WISH_MS, elapsedMs);
    return { atMs: atMs - agoMs, elapsedMs: elapsedMs - agoMs };
  }

  #startText(): string {
    const { settings: { intervalMs, durationMs, groups }, watch } = this.#options;
    const watched = [...groups.map(({ name }) => name), ...watch];
    return `every ${intervalMs} ms` + (durationMs === null ? "" : ` for ${durationMs} ms`) +
      (watched.length === 0 ? "" : `, watching ${watched.join(", ")}`);
  }
}
