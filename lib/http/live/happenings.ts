/** Phases and alerts of the last hour, in wall-clock time. */
import type { Reading } from "../../reading/reading.ts";
import type { AlertChange } from "../../session/alerts/alert.ts";
import { AlertEngine } from "../../session/alerts/engine.ts";
import { DEFAULT_SETTINGS } from "../../session/config/settings.ts";
import { GpuRoster } from "../../session/look/gpu_roster.ts";
import type { PhaseWish } from "../../session/control.ts";
import { type PhaseChange, PhaseStack } from "../../session/phases/phase_stack.ts";
import type { SessionTick } from "../../session/tick.ts";
import { CRITICAL_PERCENT, WARNING_PERCENT } from "../../telemetry/pressure.ts";
import type { LiveAlert, LivePhase } from "./live_reading.ts";

/** So many that are over are kept; a program may begin a phase at every step. */
const MOST_ENDED = 500;
/** What is over for so long is forgotten. */
const KEPT_MS = 3_600_000;

/** Keeps what is open, and what is over for a while. */
export class Happenings {
  readonly #intervalMs: number;
  readonly #now: () => number;
  readonly #startMs: number;
  /** When the last reading was taken, by the steady clock; `null`: none was. */
  #lastMs: number | null = null;
  readonly #stack = new PhaseStack();
  readonly #roster = new GpuRoster();
  readonly #alerts: AlertEngine;
  #openPhases: LivePhase[] = [];
  #endedPhases: LivePhase[] = [];
  #openAlerts = new Map<string, LiveAlert>();
  #endedAlerts: LiveAlert[] = [];

  /** `intervalMs`: time from one reading to the next; `now`: the steady clock, for tests. */
  constructor(intervalMs: number, now: () => number = () => performance.now()) {
    this.#intervalMs = intervalMs;
    this.#now = now;
    this.#startMs = now();
    this.#alerts = new AlertEngine({
      ...DEFAULT_SETTINGS,
      // The zones that the page draws.
      gpu: {
        ...DEFAULT_SETTINGS.gpu,
        cautionRatio: WARNING_PERCENT / 100,
        criticalRatio: CRITICAL_PERCENT / 100,
      },
      intervalMs,
    });
  }

  /** The open phases, the outermost first. */
  get openPhases(): readonly LivePhase[] {
    return this.#openPhases;
  }

  /** The alerts that are on, in the order in which they began. */
  get openAlerts(): readonly LiveAlert[] {
    return [...this.#openAlerts.values()];
  }

  /** Every phase of the last hour, the open ones last. */
  phasesSince(sinceMs: number): readonly LivePhase[] {
    return [...this.#endedPhases.filter(isSince(sinceMs)), ...this.#openPhases];
  }

  /** Every alert of the last hour, those that are on last. */
  alertsSince(sinceMs: number): readonly LiveAlert[] {
    return [...this.#endedAlerts.filter(isSince(sinceMs)), ...this.openAlerts];
  }

  /** Begins a phase, or, where the wish names none, ends the innermost. */
  phase({ phase, nested, type, step, labels }: Omit<PhaseWish, "atMs">): void {
    const atMs = Date.now();
    const details = { type, step, labels };
    const changes = phase === null
      ? this.#stack.end(atMs)
      : this.#stack.begin(phase, details, atMs, { nested });
    for (const change of changes) this.#note(change);
    this.#endedPhases = kept(this.#endedPhases, atMs);
  }

  #note({ change, path, details, atMs }: PhaseChange): void {
    if (change === "begin") {
      this.#openPhases = [
        ...this.#openPhases,
        { path, ...details, beganAtMs: atMs, endedAtMs: null },
      ];
      return;
    }
    const ended = this.#openPhases.at(-1);
    this.#openPhases = this.#openPhases.slice(0, -1);
    if (ended !== undefined) this.#endedPhases.push({ ...ended, endedAtMs: atMs });
  }

  /** Takes the next reading, which may begin and end alerts. */
  observe(reading: Reading, { tick, skipped }: Pick<SessionTick, "tick" | "skipped">): void {
    const { atMs, gpu, system, failures, probeMs } = reading;
    const elapsedMs = this.#now() - this.#startMs;
    const reply = gpu === null ? null : { kind: "gpu" as const, ...gpu, failures: [] };
    const changes = this.#alerts.observe({
      tick,
      skipped: Math.max(skipped, this.#unseenSince(elapsedMs)),
      atMs,
      elapsedMs,
      gpus: this.#roster.observe(reply, failures),
      system,
      systemGap: system === null ? "proc absent" : null,
      watched: [],
      own: { cpuRatio: null, rssBytes: null },
      systemProbeMs: probeMs.system,
      gpuProbeMs: probeMs.driver,
      failures,
    });
    this.#lastMs = elapsedMs;
    for (const change of changes) this.#tell(change, atMs);
    for (const { id, value, message, severity } of this.#alerts.active) {
      const known = this.#openAlerts.get(id);
      if (known !== undefined) this.#openAlerts.set(id, { ...known, value, message, severity });
    }
    this.#endedAlerts = kept(this.#endedAlerts, atMs);
  }

  /** Readings that nobody wanted before this one: what was then is not known. */
  #unseenSince(elapsedMs: number): number {
    const sinceMs = this.#lastMs === null ? 0 : elapsedMs - this.#lastMs;
    return Math.max(0, Math.floor(sinceMs / this.#intervalMs) - 1);
  }

  #tell({ change, alert }: AlertChange, atMs: number): void {
    const { id, kind, subject, severity, value, limit, unit, message } = alert;
    const beganAtMs = this.#openAlerts.get(id)?.beganAtMs ?? atMs;
    const told = { id, kind, subject, severity, value, limit, unit, message, beganAtMs };
    if (change === "end") {
      this.#openAlerts.delete(id);
      this.#endedAlerts.push({ ...told, endedAtMs: atMs });
    } else this.#openAlerts.set(id, { ...told, endedAtMs: null });
  }
}

interface Ended {
  readonly endedAtMs: number | null;
}

function isSince(sinceMs: number): (ended: Ended) => boolean {
  return ({ endedAtMs }) => (endedAtMs ?? Infinity) >= sinceMs;
}

function kept<T extends Ended>(ended: readonly T[], nowMs: number): T[] {
  return ended.filter(isSince(nowMs - KEPT_MS)).slice(-MOST_ENDED);
}
