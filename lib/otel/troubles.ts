/** What goes wrong with pushing, told once each time it begins, and once when it ends. */
import { escapeText } from "../text.ts";
import type { PartialSuccess } from "./post.ts";

/** One piece of news about pushing. */
export interface OtlpTrouble {
  readonly kind:
    /** The receiver can't be reached, or is busy; readings wait. */
    | "unreachable"
    /** It takes readings again. */
    | "recovered"
    /** It refused a reading for good. */
    | "refused"
    /** It took a reading in part, or with a warning. */
    | "partial"
    /** It says yes, in words that are none of OTLP. */
    | "unclear"
    /** No reading could be taken. */
    | "unread"
    /** Readings were never sent. */
    | "dropped";
  /** One English sentence, safe to show, without URL paths, passwords and headers. */
  readonly message: string;
}

/** Tells them. What listens may throw; nobody is harmed. */
export class Troubles {
  readonly #receiver: string;
  readonly #tell: (trouble: OtlpTrouble) => void;
  #isUnreachable = false;
  #wasUnread = false;
  #hasToldPartial = false;
  #refusal: string | null = null;
  #toldDropped = 0;

  constructor(shown: string, tell: (trouble: OtlpTrouble) => void) {
    this.#receiver = `the OTLP receiver at ${shown}`;
    this.#tell = tell;
  }

  /** A reading was taken by the receiver; so many were dropped in all. */
  taken(partial: PartialSuccess | "unclear" | null, dropped: number): void {
    if (this.#isUnreachable) this.#say("recovered", `Sending to ${this.#receiver} works again`);
    this.#isUnreachable = false;
    this.#refusal = null;
    this.#dropped(dropped);
    if (partial === null || this.#hasToldPartial) return;
    this.#hasToldPartial = true;
    if (partial === "unclear") {
      const why = "its answer is none of OTLP in JSON; is the URL right?";
      return this.#say("unclear", `Cannot tell whether ${this.#receiver} takes readings: ${why}`);
    }
    const { rejected, message } = partial;
    const what = rejected === 0
      ? "It took a reading with a warning"
      : `It rejected ${rejected} values`;
    const words = message === "" ? "" : `: ${message}`;
    this.#say("partial", `Cannot send everything to ${this.#receiver}. ${what}${words}`);
  }

  /** It was not reached, or asks for patience. */
  unreachable(reason: string): void {
    if (this.#isUnreachable) return;
    this.#isUnreachable = true;
    this.#say("unreachable", `Cannot reach ${this.#receiver}, and will go on trying: ${reason}`);
  }

  /** It refused a reading. */
  refused(reason: string): void {
    this.#isUnreachable = false;
    if (this.#refusal === reason) return;
    this.#refusal = reason;
    this.#say("refused", `Cannot send a reading to ${this.#receiver}: ${reason}`);
  }

  /** A reading was taken here, to be sent. */
  read(): void {
    this.#wasUnread = false;
  }

  /** None could be taken. */
  unread(error: unknown): void {
    if (this.#wasUnread) return;
    this.#wasUnread = true;
    this.#say("unread", `Cannot take a reading to send: ${escapeText(reasonOf(error))}`);
  }

  /** Pushing has ended. */
  ended(dropped: number): void {
    this.#dropped(dropped);
  }

  #dropped(dropped: number): void {
    const count = dropped - this.#toldDropped;
    if (count === 0) return;
    this.#toldDropped = dropped;
    const readings = count === 1 ? "a reading" : `${count} readings`;
    const why = "it did not take them in time";
    this.#say("dropped", `Cannot send ${readings} to ${this.#receiver} any more: ${why}`);
  }

  #say(kind: OtlpTrouble["kind"], message: string): void {
    try {
      this.#tell({ kind, message });
    } catch {
      // Pushing goes on, whatever becomes of the news.
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
