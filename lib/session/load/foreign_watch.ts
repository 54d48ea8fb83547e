/** Loads the lines of `hmn watch --json`, also those of the original, which tell less. */
import type { ReadFiles } from "../files/read_files.ts";
import { gunzip, type GunzipOutcome } from "../files/gunzip.ts";
import type { SessionData } from "./data.ts";
import { eachLine } from "./each_line.ts";
import { type FoundFile, splitPath } from "./find_sessions.ts";
import { baseName, flawSentences, gzipSentences, noFlaws } from "./notices.ts";
import { type OnProgress, Progress } from "./progress.ts";
import { WatchLines } from "./watch_lines.ts";

/** Loads a file of such lines. */
export async function loadWatch(
  { path, sizeBytes, modifiedAtMs }: FoundFile,
  gzipped: boolean,
  files: ReadFiles,
  onProgress?: OnProgress,
): Promise<SessionData> {
  const flaws = noFlaws();
  const lines = new WatchLines();
  const bytes = new Progress(sizeBytes, onProgress).counted(files.open(path));
  const gzip: GunzipOutcome = { trouble: null };
  const isCut = await eachLine(gzipped ? gunzip(bytes, gzip) : bytes, (line) => {
    if (line !== null && line.trim() === "") return;
    if (line === null || !lines.take(line)) flaws.brokenRows += 1;
  });
  const { folder, name } = splitPath(path);
  const { processes, gpus, gaps, durationMs, intervalMs } = lines.finish();
  flaws.absurdCells = lines.absurdCells;
  flaws.isCut = isCut && gzip.trouble === null;
  const notices = [...gzipSentences(path, gzip), ...flawSentences(path, flaws)];
  const startedAtMs = lines.startedAtMs ?? modifiedAtMs - durationMs;
  if (lines.startedAtMs === null) {
    notices.push(`${baseName(path)}: no line tells the time of day; it is taken from the file's`);
  }
  if (gpus.length > 0) {
    notices.push(
      `${baseName(path)}: the GPUs' memory is what the watched processes hold of it; ` +
        "hmn watch does not tell what others hold",
    );
  }
  if (lines.restarts > 0) {
    notices.push(
      `${baseName(path)}: the times begin anew in it; each part goes on behind the last`,
    );
  }
  if (processes.length === 0) notices.push(`${baseName(path)}: there are no samples`);
  return {
    name: name.replace(/\.(?:jsonl?|ndjson|log|txt)?(?:\.gz)?$/, ""),
    folder,
    files: [path],
    format: "hmn_watch",
    meta: null,
    startedAtMs,
    durationMs,
    intervalMs,
    gpus,
    system: null,
    processes,
    allocators: [],
    phases: [],
    events: [],
    gaps,
    notices,
  };
}
