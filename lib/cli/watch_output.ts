/** The ways a watch can be shown: lines of text, JSON Lines, or (in a file of its own) a live screen. */
import type { WatchSample } from "../watch/records.ts";
import type { Watcher } from "../watch/watcher.ts";
import { type CliContext, OutputClosed } from "./context.ts";
import { failureText } from "./failures.ts";
import { timeLabel } from "./spill_text.ts";
import { columnsFor, headerLine, indentOf, rowLine } from "./watch_columns.ts";
import {
  eventLine,
  failureLine,
  type Moment,
  sampleLines,
  skippedLine,
  summaryLine,
} from "./watch_json.ts";
import { eventText, summaryText } from "./watch_text.ts";

/** How a watch is shown. Each call may throw `OutputClosed`. */
export interface WatchOutput {
  /** A sentence about the watch itself: its set-up, what can't be measured. */
  remark(text: string): Promise<void>;
  sample(sample: WatchSample, moment: Moment, skipped: number): Promise<void>;
  /** What there is to say at the end; on stderr where nobody reads stdout any more. */
  end(watcher: Watcher, moment: Moment, endedBy: string): Promise<void>;
  /** Gives back what was taken, however the watch ends. Never rejects. */
  close(): Promise<void>;
}

/** Lines of text: rows on stdout, sentences on stderr. */
export function textOutput(context: CliContext): WatchOutput {
  const { stdout, stderr } = context;
  const columns = columnsFor(stdout.columns);
  let hasHeader = false;
  return {
    remark: (text) => stderr.write(text),
    async sample(sample, { elapsedMs }, skipped) {
      const time = timeLabel(elapsedMs);
      if (!hasHeader) await stdout.write(`${headerLine(columns)}\n`);
      hasHeader = true;
      const lines = [
        ...skipped > 0 ? [`skipped ${skipped} samples: the last one took too long`] : [],
        ...sample.failures.map((failure) => `not read: ${failureText(failure)}`),
      ].map((text) => `${indentOf(time)}${text}\n`);
      const rows = sample.rows.map((row) => `${rowLine(columns, row, time).trimEnd()}\n`);
      await stdout.write([...lines, ...rows].join(""));
      await stderr.write(sample.events.map((event) => eventText(event, elapsedMs)).join(""));
    },
    end: (watcher, { elapsedMs }) => writeLast(context, summaryText(watcher, elapsedMs)),
    close: () => Promise.resolve(),
  };
}

/** JSON Lines on stdout; sentences on stderr. */
export function jsonOutput(context: CliContext): WatchOutput {
  const { stdout, stderr } = context;
  return {
    remark: (text) => stderr.write(text),
    async sample(sample, moment, skipped) {
      await stdout.write([
        skipped > 0 ? skippedLine(skipped, moment) : "",
        ...sample.failures.map((failure) => failureLine(failure, moment)),
        ...sample.events.map((event) => eventLine(event, moment)),
        sampleLines(sample, moment),
      ].join(""));
    },
    end: (watcher, moment, endedBy) => writeLast(context, summaryLine(watcher, moment, endedBy)),
    close: () => Promise.resolve(),
  };
}

/** Writes to stdout, or to stderr where stdout has gone. */
export async function writeLast({ stdout, stderr }: CliContext, text: string): Promise<void> {
  try {
    await stdout.write(text);
  } catch (error) {
    await stderr.write(text).catch(() => {});
    if (!(error instanceof OutputClosed)) throw error;
  }
}
