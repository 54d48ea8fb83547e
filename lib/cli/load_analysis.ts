/** Loads and analyses one recording out of several. */
import { analyzeSession } from "../session/analysis/analyze.ts";
import type { Analysis } from "../session/analysis/records.ts";
import type { SessionData } from "../session/load/data.ts";
import type { FoundRecording } from "../session/load/find_sessions.ts";
import { loadFound } from "../session/load/load.ts";
import type { CliContext } from "./context.ts";
import { ProgressLine } from "./load_progress.ts";

/** A recording, and what is told about it. */
export interface Analyzed {
  readonly data: SessionData;
  readonly analysis: Analysis;
}

/**
 * Reads a recording and analyses it, with a line that tells how far it is.
 *
 * @throws {HypomnesisError} where it can't be read
 */
export async function analyzed(
  context: CliContext,
  recording: FoundRecording,
): Promise<Analyzed> {
  const progress = new ProgressLine(context);
  try {
    const data = await loadFound(recording, {
      onProgress: (done, total) => progress.show(done, total),
    });
    return { data, analysis: analyzeSession(data) };
  } finally {
    await progress.clear();
  }
}
