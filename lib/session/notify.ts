/**
 * Tells alerts outside: by a command and by a webhook, each bounded in time. Sampling waits for neither, and each has
 * a queue of its own, so that one that hangs does not hold up the other.
 */
import { within } from "../run/ask.ts";
import { escapeText } from "../text.ts";
import type { AlertChange } from "./alerts/alert.ts";
import type { NotifySettings } from "./config/settings.ts";
import { runAlertCommand } from "./notify/alert_command.ts";
import { alertEnv, ownEnv, type Told } from "./notify/alert_env.ts";
import { type Attempt, Jobs } from "./notify/jobs.ts";
import { parseWebhook, postWebhook, webhookBody } from "./notify/webhook.ts";

/** What became of one notification, or why some were not tried. */
export interface NotifyOutcome {
  readonly what: "command" | "webhook";
  readonly ok: boolean;
  /** One English sentence. Nothing of the webhook's user, path and query is in it. */
  readonly message: string;
}

/** Where alerts are told. */
interface Channel {
  readonly what: NotifyOutcome["what"];
  /** How messages call it. */
  readonly shown: string;
  readonly jobs: Jobs;
  readonly tell: (told: Told, attempt: Attempt) => Promise<void>;
}

/** What was given up may take so long to end. */
const LAST_MS = 2_500;

/** Tells alerts. */
export class Notifier {
  readonly #session: string;
  readonly #timeoutMs: number;
  readonly #onOutcome: (outcome: NotifyOutcome) => void;
  readonly #channels: readonly Channel[];
  readonly #over = new AbortController();
  #isClosed = false;

  /**
   * `onOutcome` is called once for each attempt, and once for those that were dropped in a row.
   *
   * @throws {HypomnesisError} `invalid_request` where the webhook is no http or https URL
   */
  constructor(
    { command, webhook, timeoutMs }: NotifySettings,
    session: string,
    onOutcome: (outcome: NotifyOutcome) => void,
  ) {
    this.#session = session;
    this.#timeoutMs = timeoutMs;
    this.#onOutcome = onOutcome;
    const channels: Channel[] = [];
    if (command !== null) {
      channels.push(this.#channel("command", JSON.stringify(command[0] ?? ""), (told, attempt) => {
        const env = { ...ownEnv(), ...alertEnv(told) };
        return runAlertCommand(command, env, attempt);
      }));
    }
    if (webhook !== null) {
      const target = parseWebhook(webhook);
      channels.push(this.#channel("webhook", target.shown, (told, attempt) => {
        return postWebhook(target, webhookBody(told), attempt);
      }));
    }
    this.#channels = channels;
  }

  #channel(what: Channel["what"], shown: string, tell: Channel["tell"]): Channel {
    const jobs = new Jobs((count) => {
      const message =
        `Cannot tell ${count} alerts to ${shown}: they came faster than it takes them`;
      this.#report({ what, ok: false, message });
    });
    return { what, shown, jobs, tell };
  }

  /**
   * Tells a change: at once, or when those before it of the same alert are told and less than four are under way.
   * Returns at once and never throws.
   */
  tell(change: AlertChange): void {
    if (this.#isClosed) return;
    const told: Told = { change, session: this.#session, at: new Date().toISOString() };
    for (const channel of this.#channels) {
      channel.jobs.add(change.alert.id, () => this.#attempt(channel, told));
    }
  }

  async #attempt({ what, shown, tell }: Channel, told: Told): Promise<void> {
    const { change: { change, alert } } = told;
    const about = `the ${change} of ${escapeText(alert.subject)} (${alert.kind})`;
    try {
      await tell(told, { timeoutMs: this.#timeoutMs, signal: this.#over.signal });
      this.#report({ what, ok: true, message: `${shown} was told ${about}` });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#report({ what, ok: false, message: `Cannot tell ${shown} ${about}: ${why}` });
    }
  }

  #report(outcome: NotifyOutcome): void {
    try {
      this.#onOutcome(outcome);
    } catch {
      // Whoever writes the outcome down tells its own troubles; the other notifications go on.
    }
  }

  /** Takes nothing more, and waits up to `ms` for what is under way; then that is ended. */
  async finish(ms: number): Promise<void> {
    this.#isClosed = true;
    await within(ms, this.#idle());
    this.#channels.forEach(({ jobs }) => jobs.clear());
    this.#over.abort();
    await within(LAST_MS, this.#idle());
  }

  async #idle(): Promise<void> {
    await Promise.all(this.#channels.map(({ jobs }) => jobs.idle));
  }
}
