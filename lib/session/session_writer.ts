/**
 * Turns ticks, wishes and reports into a session's files, phases, alerts and log. It takes no samples and has no
 * schedule, so a test or a simulation drives it as fast as it likes.
 *
 * Over 200 lines because here the parts of a recording meet; each of them has a file of its own.
 */
import type { DeviceInfo } from "../records.ts";
import type { AllocatorReport } from "../telemetry/report.ts";
import type { AlertChange } from "./alerts/alert.ts";
import { AlertEngine } from "./alerts/engine.ts";
import { Chronicle, type When } from "./chronicle.ts";
import { ClockWatch } from "./clock_watch.ts";
import type { SessionSettings } from "./config/settings.ts";
import { describeDevice } from "./describe_session.ts";
import type { SessionFiles } from "./files/session_files.ts";
import { Health, type HealthChange } from "./health.ts";
import type { PhaseDetails } from "./phase_span.ts";
import { NO_DETAILS, type PhaseChange, PhaseStack } from "./phases/phase_stack.ts";
import { PhaseFinder } from "./phases/rules.ts";
import type { SessionEnd, SessionMeta } from "./session_meta.ts";
import type { RecorderStatus } from "./recorder_status.ts";
import { statusText } from "./status_text.ts";
import type { SessionTick } from "./tick.ts";
import { rowsOf } from "./tick_rows.ts";

/** Who is told what happens. */
export interface WriterListeners {
  readonly onAlert?: ((change: AlertChange) => void) | undefined;
  readonly onHealth?: ((change: HealthChange) => void) | undefined;
}

/** How a phase begins. */
export interface PhaseOptions extends Partial<PhaseDetails> {
  /** Within the current phase, instead of after it. */
  readonly nested?: boolean;
}

/** The log has a status line so often. */
const STATUS_EVERY_MS = 30_000;

/** Writes one session. */
export class SessionWriter {
  readonly #settings: SessionSettings;
  readonly #files: SessionFiles;
  readonly #alerts: AlertEngine;
  readonly #finder: PhaseFinder;
  readonly #phases = new PhaseStack();
  readonly #chronicle: Chronicle;
  readonly #health = new Health();
  readonly #clock = new ClockWatch();
  readonly #listeners: WriterListeners;
  #meta: SessionMeta;
  #tick = 0;
  #ticks = 0;
  #statusDueMs = STATUS_EVERY_MS;
  /** When the last phase began or ended: the next can't be before that. */
  #phaseMs = 0;
  #hasDevices = false;
  /** A phase that was set by hand is open: the rules wait until it has ended. */
  #isByHand = false;

  constructor(
    files: SessionFiles,
    meta: SessionMeta,
    listeners: WriterListeners = {},
  ) {
    this.#files = files;
    this.#meta = meta;
    this.#settings = meta.settings;
    this.#listeners = listeners;
    this.#alerts = new AlertEngine(meta.settings);
    this.#finder = new PhaseFinder(meta.settings.phases);
    this.#chronicle = new Chronicle(files, () => this.#phases.path);
  }

  /** Path of the open phases; `null`: none. */
  get phase(): string | null {
    return this.#phases.path;
  }

  /** Begins, with the phase that the settings name. */
  begin(message: string, when: Omit<When, "tick">): void {
    const { initialPhase } = this.#settings;
    this.#chronicle.tell({ event: "start", subject: this.#files.id.name, message }, this.#at(when));
    if (initialPhase === null) return;
    this.#note(this.#phases.begin(initialPhase, NO_DETAILS, when.elapsedMs), when);
  }

  /** Takes a tick. */
  observe(tick: SessionTick, devices: readonly DeviceInfo[]): RecorderStatus {
    this.#tick = tick.tick;
    this.#ticks += 1;
    // Before this tick's rows are added, which are on their way for a moment.
    const counts = this.#files.counts;
    this.#tellIrregular(tick);
    this.#findPhase(tick);
    for (const change of this.#alerts.observe(tick)) this.#alert(change, tick);
    const rows = rowsOf(tick, this.#phases.path, this.#settings);
    this.#files.add("gpu", rows.gpu);
    this.#files.add("system", rows.system);
    this.#files.add("process", rows.process);
    this.#describe(tick, devices);
    const status = this.#statusOf(tick, counts);
    if (tick.elapsedMs >= this.#statusDueMs) {
      const periods = Math.floor(tick.elapsedMs / STATUS_EVERY_MS);
      this.#statusDueMs = (periods + 1) * STATUS_EVERY_MS;
      this.#chronicle.log(tick, `status ${statusText(status, this.#settings)}`);
    }
    return status;
  }

  #statusOf(tick: SessionTick, rows: RecorderStatus["rows"]): RecorderStatus {
    return {
      tick,
      phase: this.#phases.path,
      alerts: this.#alerts.active,
      health: this.#health.states,
      rows,
      trouble: this.#files.trouble,
      nextRotation: this.#files.nextRotation,
    };
  }

  /** Ticks that were left out, clocks that went apart, sources that came or went. */
  #tellIrregular(tick: SessionTick): void {
    const warn = { severity: "warning", unit: "ms" } as const;
    if (tick.skipped > 0) {
      const value = tick.skipped * this.#settings.intervalMs;
      const message = `${tick.skipped} ticks were skipped: the machine or the recorder stood still`;
      this.#chronicle.tell({ ...warn, event: "gap", subject: "all", value, message }, tick);
    }
    const value = this.#clock.observe(tick.atMs, tick.elapsedMs);
    if (value !== null) {
      const way = value > 0 ? "forwards (a suspend, or it was set)" : "backwards (it was set)";
      const message = `the wall clock jumped ${Math.abs(value) / 1000} s ${way}`;
      this.#chronicle.tell({ ...warn, event: "clock", subject: "wall", value, message }, tick);
    }
    for (const change of this.#health.observe(tick)) {
      const { source: subject, state, message } = change;
      this.#listeners.onHealth?.(change);
      const severity = state === "ok" ? "info" : "warning";
      const text = `${state}: ${message}`;
      this.#chronicle.tell({ event: "health", subject, severity, message: text }, tick);
    }
  }

  #findPhase(tick: SessionTick): void {
    const found = this.#finder.observe(tick);
    if (found === null || this.#isByHand || found === this.#phases.outermost) return;
    this.#note(this.#phases.beginOutermost(found, NO_DETAILS, tick.elapsedMs), tick);
  }

  /** Begins a phase, after the current one unless it is nested in it. Returns its path. */
  beginPhase(name: string, options: PhaseOptions, when: Omit<When, "tick">): string {
    const { nested = false, type = null, step = null, labels = {} } = options;
    this.#isByHand = true;
    const details = { type, step, labels };
    const atMs = this.#notBefore(when.elapsedMs);
    this.#note(this.#phases.begin(name, details, atMs, { nested }), when);
    return this.#phases.path!;
  }

  /** Ends the innermost phase. */
  endPhase(when: Omit<When, "tick">): void {
    this.#note(this.#phases.end(this.#notBefore(when.elapsedMs)), when);
    if (this.#phases.path === null) this.#isByHand = false;
  }

  #notBefore(elapsedMs: number): number {
    return Math.max(elapsedMs, this.#phaseMs);
  }

  #note(changes: readonly PhaseChange[], when: Omit<When, "tick">): void {
    for (const { change, path, details, atMs: elapsedMs } of changes) {
      this.#phaseMs = elapsedMs;
      const event = change === "begin" ? "phase_begin" : "phase_end";
      const message = change === "begin" ? "begins" : "ends";
      const at = this.#at({ atMs: when.atMs, elapsedMs });
      this.#chronicle.tell({ event, subject: path, message, details }, at);
    }
  }

  /** Takes the report of a program's allocator. */
  telemetry(report: AllocatorReport, { atMs, elapsedMs }: Omit<When, "tick">): void {
    const { pid, device, allocatedBytes, reservedBytes, peakBytes, step } = report;
    this.#files.add("allocator", [{
      time: new Date(atMs).toISOString(),
      elapsedMs,
      tick: this.#tick,
      phase: this.#phases.path,
      pid,
      gpu: device,
      allocatedBytes,
      reservedBytes,
      peakBytes,
      step,
    }]);
  }

  /** A file can't be written (`reason`), or can again. */
  storage(file: string, reason: string | null, when: Omit<When, "tick">): void {
    const message = reason === null
      ? "written again"
      : `can't be written: ${reason}; sampling goes on, and the newest rows are kept`;
    const severity = reason === null ? "info" : "warning";
    this.#chronicle.tell({ event: "storage", subject: file, severity, message }, this.#at(when));
  }

  /** A line of the log alone. */
  remark(text: string, when: Omit<When, "tick">): void {
    this.#chronicle.log(this.#at(when), text, "warning");
  }

  #alert(change: AlertChange, when: When): void {
    const event = change.change === "end" ? "alert_end" : "alert_begin";
    this.#chronicle.alert(event, change.alert, when);
    this.#listeners.onAlert?.(change);
  }

  /** The session file names the GPUs, which are known when the drivers have answered. */
  #describe({ failures, system }: SessionTick, devices: readonly DeviceInfo[]): void {
    const isFirst = this.#ticks === 1;
    if (!isFirst && (this.#hasDevices || devices.length === 0)) return;
    this.#hasDevices = devices.length > 0;
    this.#meta = {
      ...this.#meta,
      devices: devices.map(describeDevice),
      ramTotalBytes: system?.totalBytes ?? this.#meta.ramTotalBytes,
      failures,
    };
    void this.#files.putMeta(this.#meta);
  }

  /** Ends phases and alerts, says why, and puts everything but the log on the disk. */
  async end(reason: string, when: Omit<When, "tick">): Promise<SessionEnd> {
    const at = this.#at(when);
    this.#note(this.#phases.endAll(when.elapsedMs), when);
    // They end with the session only: nobody has to be told that all is well.
    for (const { alert } of this.#alerts.finish(when.elapsedMs)) {
      this.#chronicle.alert("alert_end", alert, at);
    }
    this.#chronicle.tell({ event: "end", subject: this.#files.id.name, message: reason }, at);
    await this.#files.closeTables();
    const { written, lost } = this.#files.counts;
    const { atMs, elapsedMs } = when;
    const end = { atMs, elapsedMs, reason, ticks: this.#ticks, rows: written, lostRows: lost };
    this.#meta = { ...this.#meta, end };
    await this.#files.putMeta(this.#meta);
    return end;
  }

  #at({ atMs, elapsedMs }: Omit<When, "tick">): When {
    return { atMs, elapsedMs, tick: this.#tick };
  }
}
