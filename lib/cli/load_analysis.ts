/** Loads and analyses a recording, with a line that tells how far it is. */
import { analyzeSession } from "../session/analysis/analyze.ts";
import type { Analysis } from "../session/analysis/records.ts";
import type { SessionData } from "../session/load/data.ts";
import type { FoundRecording } from "../session/load/find_sessions.ts";
import { loadFound } from "../session/load/load.ts";
import type { CliContext } from "./context.ts";
import { ProgressLine } from "./progress_line.ts";

/** A recording, and what is told about it. */
export interface Analyzed {
  readonly data: SessionData;
  readonly analysis: Analysis;
}

/**
 * Reads a recording and analyses it. `command` is what the line of progress begins with.
 *
 * @throws {HypomnesisError} where it can't be read
 */
export async function analyzed(
  { stderr }: Pick<CliContext, "stderr">,
  recording: FoundRecording,
  command: string,
): Promise<Analyzed> {
  const progress = new ProgressLine(stderr, command);
  try {
    const data = await loadFound(recording, { onProgress: progress.update });
    return { data, analysis: analyzeSession(data) };
  } finally {
    await progress.clear();
  }
}
