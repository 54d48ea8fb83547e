/** `hmn check`: a memory gate for CI. */
import { toJsonLine } from "../json_case.ts";
import type { Analysis } from "../session/analysis/records.ts";
import { checkSession, DEFAULT_RATIO, defaultRules, type Gate } from "../session/check/check.ts";
import { checkJunit } from "../session/check/junit.ts";
import { checkMarkdown } from "../session/check/markdown.ts";
import type { Rule } from "../session/check/records.ts";
import { type Counted, countedOf, targetsOf } from "../session/check/subjects.ts";
import { escapeText } from "../text.ts";
import { limitOption, statedRules } from "./check_flags.ts";
import { checkText } from "./check_text.ts";
import { recordingIn } from "./choose_recordings.ts";
import { defineCommand } from "./command.ts";
import type { CliContext } from "./context.ts";
import { analyzed } from "./load_analysis.ts";
import { choiceOption, JSON_OPTION } from "./options.ts";
import { quote } from "./parse.ts";
import { pathOption, STDOUT, writeTo } from "./report_output.ts";
import { UsageError } from "./usage_error.ts";

/** Stands for the machine in `--of`. */
const MACHINE = "machine";
const PERCENT = Math.round(DEFAULT_RATIO * 100);

/** The command. */
export const command = defineCommand({
  about:
    "Checks a recording against limits, expectations and a baseline: exit code 0 where all rules hold, else 1.",
  options: {
    baseline: pathOption("the recording that relative limits are about", "OTHER"),
    "max-peak-vram": limitOption("GPU memory at its highest"),
    "max-peak-ram": limitOption("RAM at its highest"),
    "max-mean-vram": limitOption("GPU memory on average"),
    "max-mean-ram": limitOption("RAM on average"),
    "no-leak": { about: "nothing leaks, over the session or in a phase" },
    "max-zone": choiceOption("the gravest zone of GPU memory that is allowed", "ZONE", {
      safe: "safe" as const,
      caution: "caution" as const,
    }),
    expect: { about: "the recording must have expectations; where it has, they count in any case" },
    of: {
      ...pathOption(
        "what limits and leaks are about, instead of everything that was watched",
        "NAME",
      ),
      accepts: `a watched group, or ${MACHINE}`,
    },
    markdown: pathOption("write a summary for a pull request; - for stdout", "FILE"),
    junit: pathOption("write JUnit XML; - for stdout", "FILE"),
    json: JSON_OPTION,
  },
  operands: { usage: "RECORDING", takeRest: false },
  notes: [
    "RECORDING is a folder (its latest session), or any file of a session. Limits and leaks are about what was watched " +
    "(the recorded command, groups, processes), each by itself; where nothing was watched, about the whole machine: its " +
    "RAM, and the memory in use on all its GPUs together. The first line says which. Zones are those of each whole GPU.",
    "A rule that could not be measured fails and says why, also where more than 10 % of the samples are not known: " +
    "no answer is no success.",
    `Without a rule: the recording's expectations; with --baseline also --max-peak-ram +${PERCENT}%, --max-peak-vram ` +
    `+${PERCENT}% (where either recording knows GPU memory) and --no-leak. Where there is neither, it is a usage error.`,
  ],
  examples: [
    ["hmn check memory-logs --no-leak --max-peak-vram 10GiB", "limits for the latest session"],
    ["hmn check new/ --baseline main/ --max-peak-ram +5% --junit memory.xml", "against a baseline"],
    ['hmn check memory-logs --expect --markdown - >> "$GITHUB_STEP_SUMMARY"', "a summary"],
  ],
  async run(values, context, operands) {
    const { baseline: baselinePath, of, markdown, junit, json } = values;
    const path = onlyOne(operands);
    checkOutputs(markdown, junit, json);
    const stated = statedRules({
      peakVram: values["max-peak-vram"],
      peakRam: values["max-peak-ram"],
      meanVram: values["max-mean-vram"],
      meanRam: values["max-mean-ram"],
      noLeak: values["no-leak"],
      maxZone: values["max-zone"],
      expect: values.expect,
    }, baselinePath !== undefined);
    const analysis = await analysisOf(context, path);
    const baseline = baselinePath === undefined ? null : await analysisOf(context, baselinePath);
    const counted = of === undefined ? countedOf(analysis) : namedBy(of, analysis);
    const rules = rulesFor(stated, analysis, baseline, counted);
    const gate: Gate = { rules, counted, baseline };
    const report = checkSession(analysis, gate);
    if (markdown !== undefined) await writeTo(context, markdown, checkMarkdown(report));
    if (junit !== undefined) await writeTo(context, junit, checkJunit(report));
    const isTaken = [markdown, junit].includes(STDOUT);
    const told = isTaken ? context.stderr : context.stdout;
    await told.write(json ? toJsonLine(report) : checkText(report, told));
    return report.passed ? 0 : 1;
  },
});

function onlyOne([path, stray]: readonly string[]): string {
  if (path === undefined) {
    throw new UsageError(
      "RECORDING is missing: give a folder or a file of it, as in hmn check memory-logs",
    );
  }
  if (stray !== undefined) {
    throw new UsageError(`unexpected argument ${quote(stray)}: give one recording`);
  }
  return path;
}

/** One thing at most has stdout. */
function checkOutputs(
  markdown: string | undefined,
  junit: string | undefined,
  json: boolean,
): void {
  const wanting = [
    ...(markdown === STDOUT ? ["--markdown -"] : []),
    ...(junit === STDOUT ? ["--junit -"] : []),
    ...(json ? ["--json"] : []),
  ];
  if (wanting.length > 1) {
    throw new UsageError(`${wanting.join(" and ")} both write to stdout: give one of them a file`);
  }
}

async function analysisOf(context: CliContext, path: string): Promise<Analysis> {
  const recording = await recordingIn([path], null);
  return (await analyzed(context, recording, "hmn check")).analysis;
}

function namedBy(of: string, analysis: Analysis): Counted {
  if (of === MACHINE) return { kind: "machine" };
  const targets = targetsOf(analysis);
  if (targets.includes(of)) return { kind: "watched", targets: [of] };
  const known = [...targets.map(escapeText), MACHINE].join(", ");
  throw new UsageError(`--of ${quote(of)} was not watched in this recording: give one of ${known}`);
}

function rulesFor(
  stated: readonly Rule[],
  analysis: Analysis,
  baseline: Analysis | null,
  counted: Counted,
): readonly Rule[] {
  if (stated.length > 0) return stated;
  if (baseline !== null) return defaultRules(analysis, baseline, counted);
  if (analysis.expectations.length > 0) return [];
  throw new UsageError(
    "there is no rule to check, and the recording has no expectations: give one, as --no-leak or " +
      "--max-peak-ram 8GiB, or a --baseline",
  );
}
