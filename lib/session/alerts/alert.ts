/** What an alert is: the contract between the rules that raise alerts and who tells them. */
import type { SessionTick } from "../tick.ts";

/** What an alert is about. */
export type AlertKind =
  /** A GPU's memory is in its caution or critical zone. */
  | "gpu_zone"
  /** The machine's RAM, or that of the container's limit, is above its warning or critical level. */
  | "ram"
  /** A watched group is at or above its limit of RAM. */
  | "group_ram"
  /** A watched group is at or above its limit of GPU memory. */
  | "group_vram"
  /** Something watched grew fast. */
  | "spike"
  /** Tasks wait for memory. */
  | "pressure"
  /** At the growth of late, a limit is reached soon. */
  | "forecast"
  /** A GPU is gone, or has not been readable for long. */
  | "lost";

/** How grave an alert is. */
export type AlertSeverity = "warning" | "critical";

/** In what an alert's value and limit are. */
export type AlertUnit = "bytes" | "ratio" | "ms";

/** An alert that is on. */
export interface Alert {
  /** Tells it from every other alert of the session, earlier and later ones of the same kind included. */
  readonly id: string;
  readonly kind: AlertKind;
  /** `gpu 0`, `ram`, `cgroup`, `group ollama`, `process 4711`. Contains untrusted text. */
  readonly subject: string;
  /**
   * Tells it from all that may be on at the same time: `gpu 0 zone`, `gpu 0 forecast`, `ram`, `group ollama vram`.
   * Contains untrusted text.
   */
  readonly topic: string;
  readonly severity: AlertSeverity;
  /** Steady clock of the session. */
  readonly sinceMs: number;
  /** The latest known number; `null` where there is none, as of a GPU that is gone. */
  readonly value: number | null;
  /** What it was compared with. */
  readonly limit: number | null;
  /** `null` where there is neither. */
  readonly unit: AlertUnit | null;
  /** One English sentence with the numbers. Contains untrusted text. */
  readonly message: string;
}

/** An alert began, became graver or less grave, or is over. */
export interface AlertChange {
  readonly change: "begin" | "worse" | "better" | "end";
  /** As it is after the change; of one that is over, the message says what is the case now. */
  readonly alert: Alert;
  /** Steady clock of the session. */
  readonly atMs: number;
}

/** A kind of alert. It can't tell where it says nothing, and then everything stays as it is. */
export interface AlertRule {
  /** `watchedMs`: the time in which somebody looked. */
  judge(tick: SessionTick, watchedMs: number): readonly Judgement[];
}

/** What a rule says of one topic at one tick. */
export interface Judgement
  extends Pick<Alert, "kind" | "subject" | "topic" | "value" | "limit" | "unit"> {
  /** What it is about, the same at every tick, also where the driver numbers its GPUs anew. */
  readonly key: string;
  /** `null`: there is nothing to be alerted about. */
  readonly severity: AlertSeverity | null;
  /** The sentence, which is needed seldom. */
  readonly message: () => string;
}
