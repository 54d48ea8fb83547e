/** Takes one reading for each collection of OpenTelemetry, within a deadline. */
import type { Meter } from "../meter.ts";
import type { Reading } from "../reading/reading.ts";
import { SourceStates } from "../reading/source_states.ts";
import { takeReading } from "../reading/take_reading.ts";
import { checkMonitored, type Monitored } from "./monitored.ts";

/** Options of a collection. */
export interface CollectOptions extends Monitored {
  /**
   * Time one collection may take, in milliseconds: what has not answered by then has no value in it, so that a
   * driver that hangs never holds up an export.
   * @default 5000
   */
  readonly deadlineMs?: number;
}

/** What of a meter is used. */
export type AskedMeter = Pick<Meter, "ask" | "telemetry">;

const DEADLINE_MS = 5_000;
const LONGEST_DEADLINE_MS = 600_000;

/**
 * Makes the function that takes a reading. How the sources do is remembered from one to the next.
 *
 * @throws {RangeError} naming the wrong option
 */
export function collector(meter: AskedMeter, options: CollectOptions): () => Promise<Reading> {
  const { deadlineMs = DEADLINE_MS, pids = [] } = options;
  checkMonitored(options);
  if (!(deadlineMs >= 1 && deadlineMs <= LONGEST_DEADLINE_MS)) {
    throw new RangeError(
      `Cannot collect within ${deadlineMs} ms: give from 1 to ${LONGEST_DEADLINE_MS}`,
    );
  }
  const states = new SourceStates();
  return async () => {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, deadlineMs);
    try {
      return await takeReading({
        ask: (request) => meter.ask(request),
        telemetry: meter.telemetry,
        states,
        pids,
        cutoff: over.promise,
      });
    } finally {
      clearTimeout(timer);
    }
  };
}
