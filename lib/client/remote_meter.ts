/** A server of ours, asked from afar with the same questions as a meter. */
import { HypomnesisError } from "../errors.ts";
import type { LiveHistory, LiveReading } from "../http/live/live_reading.ts";
import type { TelemetryView } from "../http/live/telemetry_view.ts";
import { healthy, liveHistory, telemetry } from "../http/schema/live.ts";
import { replies } from "../http/schema/messages.ts";
import type { AskOptions } from "../meter.ts";
import { PROTOCOL_VERSION, type ReplyTo, type Request as Question } from "../protocol.ts";
import { type RemoteOptions, Requests, type Schema } from "./requests.ts";
import { type StreamOptions, streamReadings } from "./stream.ts";

/** What a server says of itself. */
export interface AboutServer {
  readonly version: string;
  readonly protocol: number;
  /** Its process. */
  readonly pid: number;
}

/** A wish for a phase: its beginning, or with `end` the end of the innermost. */
export type RemotePhase =
  | {
    readonly name: string;
    readonly nested?: boolean;
    readonly type?: string;
    readonly step?: string | number;
    readonly labels?: Readonly<Record<string, string>>;
  }
  | { readonly end: true };

/**
 * Asks a server. Nothing is kept open between two questions.
 *
 * Every method rejects with a `HypomnesisError`: `unreachable` where there is no server, `slow` past the time-out,
 * `bad_value` where what answers is none of ours, and whatever code the server gives.
 */
export class RemoteMeter {
  readonly #requests: Requests;

  /** Use {@linkcode connect}. */
  constructor(url: string, options: RemoteOptions) {
    this.#requests = new Requests(url, options);
  }

  /** Where the server is, with a `/` at the end. */
  get url(): string {
    return this.#requests.url;
  }

  /** Asks any question of the protocol, as {@linkcode Meter.ask} does. */
  async ask<Q extends Question>(
    question: Q,
    { signal }: AskOptions = {},
  ): Promise<ReplyTo<Q["kind"]>> {
    const schema = replies[question.kind] as unknown as Schema<ReplyTo<Q["kind"]>>;
    return await this.#requests.json("v1/ask", schema, { body: question, signal });
  }

  /** What the server says of itself. Answered without a token. */
  async about(options: AskOptions = {}): Promise<AboutServer> {
    const { version, protocol, pid } = await this.#requests.json("-/healthy", healthy, {
      ...options,
      isQuick: true,
    });
    if (protocol === PROTOCOL_VERSION) return { version, protocol, pid };
    throw new HypomnesisError(
      "bad_value",
      `Cannot ask ${this.url}: it speaks version ${protocol} of the protocol, and this is ` +
        `${PROTOCOL_VERSION}; use one version of hypomnesis on both sides`,
    );
  }

  /** What allocators reported to the server, and the alarm over all its memories. */
  telemetry(options: AskOptions = {}): Promise<TelemetryView> {
    return this.#requests.json("v1/telemetry", telemetry as Schema<TelemetryView>, options);
  }

  /** The numbers of the last hour, as far as the server looked. */
  history(options: AskOptions & { readonly sinceMs?: number } = {}): Promise<LiveHistory> {
    const { sinceMs, signal } = options;
    const path = `v1/history${sinceMs === undefined ? "" : `?since_ms=${sinceMs}`}`;
    return this.#requests.json(path, liveHistory as Schema<LiveHistory>, { signal });
  }

  /**
   * Readings, for as long as the loop goes on. A connection that is lost is opened anew, and what was missed comes
   * first, as far as the server kept it.
   *
   * @throws {HypomnesisError} what the server refuses the stream with; `unreachable` where there is none at first
   */
  readings(options: StreamOptions = {}): AsyncGenerator<LiveReading, void, void> {
    return streamReadings(this.#requests, options);
  }

  /** Reports what an allocator holds: either form of report that `meter.telemetry.report` takes. */
  async report(report: Readonly<Record<string, unknown>>, options: AskOptions = {}): Promise<void> {
    await this.#requests.text("v1/telemetry", { ...options, body: report, isQuick: true });
  }

  /** Begins a phase, or ends the innermost. */
  async phase(wish: RemotePhase, options: AskOptions = {}): Promise<void> {
    await this.#requests.text("v1/phase", { ...options, body: wish, isQuick: true });
  }
}
