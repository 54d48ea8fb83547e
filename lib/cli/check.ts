/** `hmn check`: a memory gate for CI. */
import { parseSize } from "../amounts.ts";
import { toJsonLine } from "../json_case.ts";
import { analyzeSession } from "../session/analysis/analyze.ts";
import type { Analysis } from "../session/analysis/records.ts";
import { check } from "../session/check/check.ts";
import { checkJunit, checkMarkdown, checkText } from "../session/check/render.ts";
import type { Limit, Rule } from "../session/check/rules.ts";
import type { CliContext, Output } from "./context.ts";
import { defineCommand, type Valued } from "./command.ts";
import { loadWithProgress } from "./load_progress.ts";
import { choiceOption, JSON_OPTION, pathOption } from "./options.ts";
import { quote } from "./quote.ts";
import { STDOUT, writeTo } from "./report_output.ts";
import { UsageError } from "./usage_error.ts";
import { toned } from "./verdict_lines.ts";

/** Where nothing but a baseline is given: a little more is noise, more than that is a change. */
const DEFAULT_ABOVE = 0.1;

function limitOption(about: string): Valued<Limit> {
  return {
    about,
    value: "SIZE|+P%",
    accepts: "a size such as 10GiB, or a share above the baseline such as +5%",
    parse: (text) => {
      const percent = /^\+(\d{1,4}(?:\.\d{1,3})?)%$/.exec(text.trim())?.[1];
      if (percent !== undefined) return { above: Number(percent) / 100 };
      const bytes = parseSize(text);
      return bytes === undefined || bytes <= 0 ? undefined : { bytes };
    },
  };
}

/** The command. */
export const command = defineCommand({
  about: "Holds a recording to limits: exit code 0 where all are kept, 1 where one is not.",
  options: {
    baseline: pathOption("the recording that +P% is compared with", "RECORDING"),
    "max-peak-vram": limitOption("GPU memory at its highest"),
    "max-peak-ram": limitOption("RAM at its highest"),
    "max-mean-vram": limitOption("GPU memory on average over time"),
    "max-mean-ram": limitOption("RAM on average over time"),
    "no-leak": { about: "no memory leaks, in the session and in each phase" },
    "max-zone": choiceOption("the gravest zone a GPU's memory may be in", "ZONE", {
      safe: "safe" as const,
      caution: "caution" as const,
    }),
    expect: {
      about:
        "the recording's settings have [[expect]] rules; where they have, these count in any case",
    },
    markdown: pathOption("write a summary for a pull request here too; - for stdout", "FILE"),
    junit: pathOption("write JUnit XML for a CI server here too; - for stdout", "FILE"),
    json: JSON_OPTION,
  },
  operands: { usage: "RECORDING", takeRest: false },
  notes: [
    "RECORDING is a folder (its latest session) or any file of a session; logs of nvidia-smi and of hmn watch --json " +
    "are taken too. Memory is that of the recorded command, where there is one, else of each watched group, else of " +
    "the machine and each GPU.",
    "A rule that could not be measured is not kept, also where more than 10 % of the samples are not known. Without any rule the recording's own expectations are checked; " +
    `with a baseline alone peaks may be ${DEFAULT_ABOVE * 100} % above it, and nothing may leak.`,
  ],
  examples: [
    ["hmn check memory-logs --max-peak-vram 10GiB --no-leak", "a gate behind a test run"],
    [
      "hmn check new --baseline old --max-peak-ram +5% --junit memory.xml",
      "against an earlier recording",
    ],
  ],
  async run(values, context, operands) {
    const path = recordingOf(operands);
    const { baseline: baselinePath, markdown, junit, json } = values;
    checkOutputs(markdown, junit, json);
    const stated = statedRules(values);
    const relative = stated.find((rule) => rule.kind === "memory" && "above" in rule.limit);
    if (relative !== undefined && baselinePath === undefined) {
      throw new UsageError("a limit of +P% is compared with a baseline: give --baseline RECORDING");
    }
    const analysis = await analyze(context, path);
    const baseline = baselinePath === undefined ? null : await analyze(context, baselinePath);
    const rules = stated.length > 0
      ? withExpectations(stated, analysis)
      : defaultRules(analysis, baseline !== null);
    const report = check(rules, analysis, baseline);
    if (markdown !== undefined) await writeTo(context, markdown, checkMarkdown(report));
    if (junit !== undefined) await writeTo(context, junit, checkJunit(report));
    const told = [markdown, junit].includes(STDOUT) ? context.stderr : context.stdout;
    await told.write(json ? toJsonLine(report) : colored(checkText(report), told));
    return report.passed ? 0 : 1;
  },
});

function recordingOf(operands: readonly string[]): string {
  const [path, stray] = operands;
  if (path === undefined) {
    throw new UsageError(
      "RECORDING is missing: give a folder or a file, as in hmn check memory-logs",
    );
  }
  if (stray !== undefined) {
    throw new UsageError(`unexpected argument ${quote(stray)}: give one RECORDING`);
  }
  return path;
}

/** One thing at most has stdout. */
function checkOutputs(
  markdown: string | undefined,
  junit: string | undefined,
  json: boolean,
): void {
  if (markdown !== undefined && markdown === junit && markdown !== STDOUT) {
    throw new UsageError("--markdown and --junit name the same file: give each its own");
  }
  const wanting = [
    ...(markdown === STDOUT ? ["--markdown -"] : []),
    ...(junit === STDOUT ? ["--junit -"] : []),
    ...(json ? ["--json"] : []),
  ];
  if (wanting.length > 1) {
    throw new UsageError(`${wanting.join(" and ")} both write to stdout: give one of them a file`);
  }
}

/** What the recording expects of itself counts whatever else is asked. */
function withExpectations(stated: readonly Rule[], { expectations }: Analysis): readonly Rule[] {
  const isAsked = stated.some(({ kind }) => kind === "expect");
  return isAsked || expectations.length === 0 ? stated : [...stated, { kind: "expect" }];
}

/** The word at the beginning of each line stands out. */
function colored(text: string, { color }: Output): string {
  return color
    ? text.replace(/^FAIL/gm, toned("FAIL", "critical", { color }))
      .replace(/^ok/gm, toned("ok", "good", { color }))
    : text;
}

function statedRules(values: Readonly<Record<string, unknown>>): Rule[] {
  const rules: Rule[] = [];
  for (const quantity of ["vram", "ram"] as const) {
    for (const statistic of ["peak", "mean"] as const) {
      const limit = values[`max-${statistic}-${quantity}`] as Limit | undefined;
      if (limit !== undefined) rules.push({ kind: "memory", statistic, of: quantity, limit });
    }
  }
  if (values["no-leak"]) rules.push({ kind: "no_leak" });
  const zone = values["max-zone"] as "safe" | "caution" | undefined;
  if (zone !== undefined) rules.push({ kind: "max_zone", zone });
  if (values.expect) rules.push({ kind: "expect" });
  return rules;
}

function defaultRules(analysis: Analysis, hasBaseline: boolean): readonly Rule[] {
  const rules: Rule[] = analysis.expectations.length > 0 ? [{ kind: "expect" }] : [];
  if (hasBaseline) {
    const limit = { above: DEFAULT_ABOVE };
    const hasGpu = analysis.series.some(({ series }) => series.id.startsWith("vram:"));
    if (hasGpu) rules.push({ kind: "memory", statistic: "peak", of: "vram", limit });
    rules.push({ kind: "memory", statistic: "peak", of: "ram", limit }, { kind: "no_leak" });
  }
  if (rules.length > 0) return rules;
  throw new UsageError(
    "there is nothing to check: give a rule such as --max-peak-ram 8GiB or --no-leak, or a --baseline",
  );
}

async function analyze(context: CliContext, path: string): Promise<Analysis> {
  return analyzeSession(await loadWithProgress(context, [path]));
}
