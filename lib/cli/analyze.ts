/** `hmn analyze`: the report on a recording. */
import { compareAnalyses } from "../session/analysis/compare.ts";
import { makeFolder as makeFolderAt } from "../session/files/make_folder.ts";
import type { FoundRecording } from "../session/load/find_sessions.ts";
import { comparisonDocument } from "../session/report/comparison_document.ts";
import { comparedVerdicts } from "../session/report/sections/compared_summary.ts";
import { verdicts } from "../session/report/sections/summary.ts";
import { escapeText } from "../text.ts";
import {
  COMPARISON,
  comparisonReport,
  folderOf,
  inFolder,
  REPORT,
  type ReportFormat,
  reportNameOf,
  sessionReport,
} from "./analyze_reports.ts";
import { recordingIn, recordingsIn } from "./choose_recordings.ts";
import { defineCommand } from "./command.ts";
import type { CliContext } from "./context.ts";
import { analyzed } from "./load_analysis.ts";
import { choiceOption, pathOption } from "./options.ts";
import { STDOUT, writeTo } from "./report_output.ts";
import { UsageError } from "./usage_error.ts";
import { documentText, verdictLines } from "./verdict_lines.ts";

const FORMATS: Readonly<Record<string, ReportFormat>> = {
  md: "md",
  markdown: "md",
  html: "html",
  json: "json",
};
/** So many conclusions are read on a terminal. */
const MOST_VERDICTS = 8;

/** The command. */
export const command = defineCommand({
  about:
    "Writes the report on a recording: peaks, phases, leaks, what to change, how much more fits.",
  options: {
    format: choiceOption("what the report is written in; md by default", "FORMAT", FORMATS),
    out: pathOption(
      `the report's file, or - for stdout; ${REPORT}.md (.html, .json) beside the recording by default`,
      "FILE",
    ),
    all: { about: "a report on every session; --out then names a folder" },
    compare: pathOption("put this recording beside it, phase by phase", "B"),
    session: {
      ...pathOption("only this session, by its name or stamp", "NAME"),
      accepts: "the name, the stamp, or NAME-STAMP",
    },
  },
  operands: { usage: "[FOLDER|FILES…]", takeRest: false },
  notes: [
    "Without a path it is the latest session in memory-logs/. A file of a session stands for the whole session. Logs of " +
    "nvidia-smi --query-gpu=timestamp,… --format=csv and the lines of hmn watch --json are read too.",
    "A file that hypomnesis did not write is never overwritten. The conclusions are told on the terminal in any case " +
    "(on stderr where the report goes to stdout).",
    "The page (--format html) needs no network and nothing beside it. JSON has everything, in bytes, milliseconds and " +
    "ratios.",
  ],
  examples: [
    ["hmn analyze", "the latest session: memory-logs/memory-analysis-report.md"],
    ["hmn analyze --format html --out report.html", "as one page, with curves"],
    ["hmn analyze --all", "a report on each session"],
    ["hmn analyze a/ --compare b/", "what changed from a to b"],
    ["hmn analyze --format json --out - | jq '.growth[].growth.verdict'", "the verdicts"],
  ],
  async run({ format = "md", out, all, compare, session }, context, paths) {
    if (all && compare !== undefined) {
      throw new UsageError("--all and --compare exclude each other: give one of them");
    }
    if (compare !== undefined) {
      const a = await recordingIn(paths, session ?? null);
      return await comparing(context, a, compare, format, out);
    }
    if (!all) {
      const recording = await recordingIn(paths, session ?? null);
      const path = out ?? inFolder(folderOf(recording), `${REPORT}.${format}`);
      return await reporting(context, recording, format, path);
    }
    if (out !== undefined && out !== STDOUT) await makeFolder(out);
    for (const recording of await recordingsIn(paths, session ?? null)) {
      const name = reportNameOf(recording, format);
      const path = out === STDOUT ? STDOUT : inFolder(out ?? folderOf(recording), name);
      await reporting(context, recording, format, path);
    }
    return 0;
  },
});

async function reporting(
  context: CliContext,
  recording: FoundRecording,
  format: ReportFormat,
  path: string,
): Promise<number> {
  const { data, analysis } = await analyzed(context, recording);
  await writeTo(context, path, await sessionReport(data, analysis, format));
  const told = path === STDOUT ? context.stderr : context.stdout;
  const { name, folder } = data;
  await told.write(
    `${escapeText(path === STDOUT ? inFolder(folder, name) : path)}\n` +
      verdictLines(verdicts(analysis), told, MOST_VERDICTS),
  );
  return 0;
}

async function comparing(
  context: CliContext,
  recording: FoundRecording,
  otherPath: string,
  format: ReportFormat,
  out: string | undefined,
): Promise<number> {
  const other = await recordingIn([otherPath], null);
  const { analysis: a } = await analyzed(context, recording);
  const { analysis: b } = await analyzed(context, other);
  const path = out ?? inFolder(folderOf(recording), `${COMPARISON}.${format}`);
  await writeTo(context, path, await comparisonReport(a, b, format));
  const told = path === STDOUT ? context.stderr : context.stdout;
  const comparison = compareAnalyses(a, b);
  // Where the report goes elsewhere, the tables are what was asked for; on stdout they stand already.
  const text = path === STDOUT
    ? verdictLines(comparedVerdicts(comparison), told, MOST_VERDICTS)
    : `${escapeText(path)}\n${documentText(comparisonDocument(comparison), told)}`;
  await told.write(text);
  return 0;
}

async function makeFolder(path: string): Promise<void> {
  await makeFolderAt(path).catch((error) => {
    throw new UsageError(
      `--out ${JSON.stringify(escapeText(path))} has to be a folder where --all is given: ${
        (error as Error).message
      }`,
    );
  });
}
