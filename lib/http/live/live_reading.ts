/** What the stream carries: a reading, with what has happened and is the case. */
import type { Reading } from "../../reading/reading.ts";
import type { AlertKind, AlertSeverity, AlertUnit } from "../../session/alerts/alert.ts";

/** A reading has so many processes beside those on the GPUs: those that hold most RAM. */
export const LARGEST_PROCESSES = 50;

/** A phase that a program or a person set. */
export interface LivePhase {
  /** Its name behind those it is nested in: `mission/planning`. Untrusted text. */
  readonly path: string;
  readonly type: string | null;
  readonly step: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly beganAtMs: number;
  /** `null`: it goes on. */
  readonly endedAtMs: number | null;
}

/** An alert, as `hmn record` raises it. */
export interface LiveAlert {
  readonly id: string;
  readonly kind: AlertKind;
  /** `gpu 0`, `ram`. */
  readonly subject: string;
  readonly severity: AlertSeverity;
  /** The latest known number, and what it was compared with. */
  readonly value: number | null;
  readonly limit: number | null;
  readonly unit: AlertUnit | null;
  /** One English sentence with the numbers. */
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly beganAtMs: number;
  /** `null`: it is on. */
  readonly endedAtMs: number | null;
}

/** One event of the stream. */
export interface LiveReading extends Reading {
  /** Time from one event to the next. */
  readonly intervalMs: number;
  /** The open phases, the outermost first. */
  readonly phases: readonly LivePhase[];
  /** The alerts that are on, in the order in which they began. */
  readonly alerts: readonly LiveAlert[];
}

/** What was seen of late, in columns: one number for each of `atMs`. */
export interface LiveHistory {
  /** Time from one sample to the next. */
  readonly intervalMs: number;
  /** When, milliseconds since the epoch, rising. */
  readonly atMs: readonly number[];
  /** Every GPU seen in that time. */
  readonly devices: readonly {
    readonly index: number;
    readonly uuid: string | null;
    readonly name: string | null;
    readonly totalBytes: number | null;
    /** `null` where it was not known, never an old value. */
    readonly usedBytes: readonly (number | null)[];
    readonly utilizationRatio: readonly (number | null)[];
  }[];
  readonly system: {
    readonly totalBytes: number | null;
    readonly usedBytes: readonly (number | null)[];
  };
  /** Share of its reserve that the fullest allocator uses, 0 to 100. */
  readonly memoryUsagePercent: readonly (number | null)[];
  /** Phases of that time, open ones included. */
  readonly phases: readonly LivePhase[];
  /** Alerts of that time, those that are on included. */
  readonly alerts: readonly LiveAlert[];
}
