/** `hmn record`: a monitor beside a long job. */
import { DEFAULT_SETTINGS, PHASE_NAMES } from "../session/config/settings.ts";
import { mergeSettings } from "../session/config/merge.ts";
import { hostName } from "../session/describe_session.ts";
import { isPhaseName, PHASE_FORM } from "../session/control.ts";
import { toSessionName } from "../session/file_names.ts";
import { durationOption, intervalOption } from "./amounts.ts";
import { checkCommandLine } from "./check_operands.ts";
import { defineCommand, type Valued } from "./command.ts";
import { ASKED_OPTIONS, askedBy, pathOption, textOption } from "./options.ts";
import {
  levelOption,
  LIMIT,
  NAME,
  patchOf,
  refuseContradictions,
  ROTATE,
  WATCH,
} from "./record_flags.ts";
import { phasePattern } from "./record_phases.ts";
import { RecordRun } from "./record_run.ts";
import { UsageError } from "./usage_error.ts";

const PHASE: Valued<string> = {
  about: "the phase it begins with",
  value: "NAME",
  accepts: PHASE_FORM,
  parse: (text) => isPhaseName(text) ? text : undefined,
};
const PORT: Valued<number> = {
  about:
    "take allocator telemetry and phases by HTTP on this port of 127.0.0.1; 0: any that is free",
  value: "PORT",
  accepts: "a whole number from 0 to 65535",
  parse: (text) => /^\d{1,5}$/.test(text) && Number(text) < 65_536 ? Number(text) : undefined,
};

const { gpu, ram } = DEFAULT_SETTINGS;
const percent = (ratio: number) => `${Math.round(ratio * 100)}%`;

/** The command. */
export const command = defineCommand({
  about:
    "Records GPU and system memory to CSV files beside a long job, with phases, alerts and a log, for hmn analyze.",
  options: {
    name: NAME,
    out: pathOption(`folder of the files; ${DEFAULT_SETTINGS.out} by default`, "FOLDER"),
    interval: intervalOption("time from one sample to the next; 2s by default", "s"),
    duration: durationOption("end after this time, with a last sample"),
    watch: WATCH,
    limit: LIMIT,
    config: pathOption("settings, limits, phase rules and expectations, as TOML or JSON"),
    phase: PHASE,
    "phase-from": textOption(
      "lines of the command's output that fit begin a phase, named by the match or its group (?<phase>…)",
      "REGEX",
      "a regular expression such as 'epoch (\\d+)'",
    ),
    "phase-stdin": { about: "each line of stdin begins a phase; an empty one ends it" },
    "gpu-caution": levelOption(
      `GPU memory from which caution is due; ${percent(gpu.cautionRatio)} by default`,
    ),
    "gpu-critical": levelOption(
      `GPU memory above which it is critical; ${percent(gpu.criticalRatio)} by default`,
    ),
    "ram-warning": levelOption(
      `RAM in use above which to warn; ${percent(ram.warningRatio)} by default`,
    ),
    "ram-critical": levelOption(
      `RAM in use above which it is critical; ${percent(ram.criticalRatio)} by default`,
    ),
    "on-alert": textOption(
      "shell command that is run at each alert, with HMN_ALERT_… in its environment",
      "COMMAND",
      "a command",
    ),
    webhook: textOption("URL that gets each alert as JSON", "URL", "an http or https URL"),
    rotate: ROTATE,
    sync: durationOption("rows are on the disk at the latest after this; 5s by default"),
    listen: PORT,
    ...ASKED_OPTIONS,
  },
  operands: { usage: "[--] [COMMAND [ARGUMENTS]]", takeRest: true },
  notes: [
    "The files are gpu-memory-…, system-memory-…, process-memory-…, allocator-memory-… and session-events-….csv, " +
    "test-execution-….log and session-….json; an empty cell is a number that is not known. docs/recordings.md has " +
    "every column.",
    "With a COMMAND it ends when the command does, with its exit code, and watches it and all it starts; else by " +
    "--duration or Ctrl+C. A full disk, a hung driver or a lost GPU do not end it: they are written down, and " +
    "sampling goes on.",
    `Phases (${
      PHASE_NAMES.join(", ")
    }, or any name) come from hmn phase, --phase-from, --phase-stdin, the ` +
    "configuration's rules, or by HTTP with --listen.",
  ],
  examples: [
    ["hmn record --name nightly", "until Ctrl+C, into memory-logs/"],
    [
      "hmn record --watch ollama --limit ollama=4GiB -- ./mission.sh",
      "with a command, and a limit for a group",
    ],
    ["hmn record --phase-from 'epoch (\\d+)' -- python train.py", "phases out of its output"],
    [
      "hmn record --config rustchain.toml --rotate 24h",
      "groups, limits and phase rules from a file",
    ],
  ],
  async run(values, context, operands) {
    if (operands.length > 0) checkCommandLine(operands, "hmn record -- python train.py");
    const { config, watch = [], "phase-from": phaseFrom, "phase-stdin": phaseStdin } = values;
    if (phaseFrom !== undefined && operands.length === 0) {
      throw new UsageError(
        "--phase-from reads a command's output: give the command, or use hmn phase",
      );
    }
    if (phaseStdin && operands.length > 0) {
      throw new UsageError(
        "--phase-stdin would take the command's stdin: use hmn phase or --phase-from",
      );
    }
    const { url, token, sources } = values;
    const from = askedBy({ url, token, sources });
    if (url !== undefined && operands.length > 0) {
      throw new UsageError(
        "--url records another machine, and a COMMAND runs on this one: give one of them",
      );
    }
    const file = config === undefined ? {} : (await readConfigFile(config)).patch;
    const flags = patchOf({
      name: values.name,
      out: values.out,
      interval: values.interval,
      duration: values.duration,
      sync: values.sync,
      rotate: values.rotate,
      phase: values.phase,
      watch,
      limits: values.limit ?? [],
      gpuCaution: values["gpu-caution"],
      gpuCritical: values["gpu-critical"],
      ramWarning: values["ram-warning"],
      ramCritical: values["ram-critical"],
      onAlert: values["on-alert"],
      webhook: values.webhook,
    }, (file.groups ?? []).map(({ name }) => name));
    const settings = mergeSettings(DEFAULT_SETTINGS, file, flags);
    refuseContradictions(settings);
    const host = url === undefined ? hostName() : new URL(url).hostname;
    const fallback = toSessionName(host ?? "", "session");
    const run = new RecordRun(context, {
      settings,
      name: operands[0] === undefined ? fallback : toSessionName(operands[0], fallback),
      watch: [...new Set(watch)],
      command: operands,
      phaseFrom: phaseFrom === undefined ? null : phasePattern(phaseFrom),
      phaseStdin,
      port: values.listen ?? null,
      from,
    });
    return await run.run();
  },
});

/** Loaded where it is needed: checking a file takes a library that costs more than the rest of the command. */
async function readConfigFile(path: string) {
  const { readConfigFile } = await import("../session/files/read_config_file.ts");
  return await readConfigFile(path);
}
