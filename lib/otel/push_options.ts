/** What a caller may choose about pushing, the defaults, and their checking. */
import type { Reading } from "../reading/reading.ts";
import type { EncodeOptions } from "./encode.ts";
import type { HeaderFields } from "./endpoint.ts";
import { checkMonitored, type Monitored } from "./monitored.ts";
import type { OtlpTrouble } from "./troubles.ts";

/** Options of {@linkcode OtlpPush}. */
export interface OtlpPushOptions {
  /** Where to: `http://localhost:4318`, or with the whole path. A user and password in it are sent as a header. */
  readonly url: string;
  /** Headers beside our own; see `parseOtlpHeaders`. */
  readonly headers?: HeaderFields;
  /**
   * Time from one reading to the next.
   * @default 15000
   */
  readonly intervalMs?: number;
  /**
   * Time one request may take, its answer included.
   * @default 10000
   */
  readonly timeoutMs?: number;
  /** Takes a reading. One that takes longer than an interval costs the readings that were due meanwhile. */
  readonly read: () => Promise<Reading>;
  /** Attributes of this program; see `ownResource`. */
  readonly resource: EncodeOptions["resource"];
  /** The processes that are told of one by one. */
  readonly monitored?: Monitored;
  /** Told once of each trouble, and of its end. */
  readonly onTrouble?: (trouble: OtlpTrouble) => void;
  /**
   * So many readings wait at most.
   * @default 64
   */
  readonly maxQueued?: number;
  /**
   * Waits between attempts: the first, and the longest. They double in between.
   * @default { firstMs: 1000, mostMs: 60000 }
   */
  readonly backoff?: { readonly firstMs: number; readonly mostMs: number };
}

/** How pushing does. */
export interface OtlpPushStatus {
  /** Readings that were taken by the receiver. */
  readonly sent: number;
  /** Readings that were never sent: the queue was full, or it was closed. */
  readonly dropped: number;
  /** Readings that the receiver refused for good, or that could not be taken in the first place. */
  readonly lost: number;
  /** Readings that wait. */
  readonly queued: number;
  /** When one was taken last, milliseconds since the epoch; `null`: never. */
  readonly lastSentMs: number | null;
}

/** Options with everything decided. */
export type Settled = Required<OtlpPushOptions>;

const LONGEST_MS = 86_400_000;

/** @throws {RangeError} naming the wrong option */
export function settle(options: OtlpPushOptions): Settled {
  const settled: Settled = {
    headers: {},
    intervalMs: 15_000,
    timeoutMs: 10_000,
    monitored: {},
    onTrouble: () => {},
    maxQueued: 64,
    backoff: { firstMs: 1_000, mostMs: 60_000 },
    ...options,
  };
  const { intervalMs, timeoutMs, backoff, monitored } = settled;
  checkMonitored(monitored);
  for (const [name, ms] of Object.entries({ intervalMs, timeoutMs, ...backoff })) {
    if (!(ms >= 1 && ms <= LONGEST_MS)) {
      throw new RangeError(`Cannot push OTLP with ${name} ${ms}: give from 1 to ${LONGEST_MS}`);
    }
  }
  return settled;
}
