/**
 * GPUs through the `nvidia-smi` program: one run tells of all devices and one of all compute processes.
 *
 * Memory is in whole MiB. `usedBytes` excludes the reserve where nvidia-smi tells the reserve (driver R510
 * and later) and contains it otherwise. Graphics processes, MIG slices and the CUDA version are not told.
 */
import type { Failure } from "../../../lib/errors.ts";
import type { DeviceInfo, Finding } from "../../../lib/records.ts";
import type { Host } from "../../host/host.ts";
import type { GpuQuestion, GpuReading, GpuSource, MakeGpuSource } from "../source.ts";
import type { ParsedApps } from "./query_apps.ts";
import { findingOf, readVersion } from "./diagnosis.ts";
import { fieldsToAsk, MAY_LACK, QUERY_APPS_ARGS, queryGpuArgs, unknownField } from "./fields.ts";
import { parseApps } from "./query_apps.ts";
import { type ParsedGpus, parseGpus } from "./query_gpu.ts";
import { SmiRuns } from "./runs.ts";
import { firstSentence, sayingFailure, saysNoDevices } from "./words.ts";

/** Makes the source. It runs nothing before it is asked. */
export const makeNvidiaSmi: MakeGpuSource = (host, options) => {
  const program = options.nvidiaSmiPath ?? "nvidia-smi";
  /** Fields this nvidia-smi is too old for, found out by asking. */
  const unknown = new Set<string>();
  const begin = () => new SmiRuns(host, program, options.nvidiaSmiMs);

  async function readAll(runs: SmiRuns, question: GpuQuestion): Promise<GpuReading> {
    const gpus = await readDevices(runs, question.telemetry, unknown);
    const askApps = question.processes && gpus.devices.length > 0;
    const apps = askApps ? await readProcesses(runs, gpus.devices, host.platform) : NO_APPS;
    return {
      devices: gpus.devices,
      processes: apps.processes,
      listedDevices: apps.listedDevices,
      failures: [...gpus.failures, ...apps.failures],
    };
  }

  return {
    name: "nvidia_smi",
    read: (question) => readAll(begin(), question),
    async diagnose(): Promise<Finding> {
      const runs = begin();
      const version = await runs.run(["--version"]);
      // A program that can't be started, or hangs, would do the same again.
      if (version.failure !== null) return findingOf(program, runs.calls, null, [version.failure]);
      const reading = await readAll(runs, { processes: true, telemetry: true });
      return findingOf(
        program,
        runs.calls,
        reading,
        reading.failures,
        readVersion(version.outcome),
      );
    },
    close: () => unknown.clear(),
  } satisfies GpuSource;
};

const NO_APPS: ParsedApps = { processes: [], listedDevices: [], failures: [], otherLines: [] };

/** Asks for all devices, leaving out one by one the fields this nvidia-smi does not know. */
async function readDevices(
  runs: SmiRuns,
  telemetry: boolean,
  unknown: Set<string>,
): Promise<ParsedGpus> {
  for (;;) {
    const fields = fieldsToAsk(telemetry, unknown);
    const { outcome, failure } = await runs.run(queryGpuArgs(fields));
    if (failure !== null) return { devices: [], failures: [failure], otherLines: [] };
    const dropped = unknownField(outcome.stdout);
    if (dropped !== null && (fields as string[]).includes(dropped) && fields.length > 1) {
      unknown.add(dropped);
      continue;
    }
    if (saysNoDevices(outcome.stdout)) return { devices: [], failures: [], otherLines: [] };
    const parsed = parseGpus(outcome.stdout, fields);
    const failures = [...parsed.failures, ...unknownFieldFailure(unknown, telemetry)];
    const rest = parsed.otherLines.join("\n");
    if (parsed.otherLines.length > 0 || outcome.exitCode !== 0 || parsed.devices.length === 0) {
      failures.push(unreadFailure("list GPUs", rest, outcome.stderr, outcome.exitCode));
    }
    return { ...parsed, failures };
  }
}

async function readProcesses(
  runs: SmiRuns,
  devices: readonly DeviceInfo[],
  platform: Host["platform"],
): Promise<ParsedApps> {
  const { outcome, failure } = await runs.run(QUERY_APPS_ARGS);
  if (failure !== null) return { ...NO_APPS, failures: [failure] };
  if (saysNoDevices(outcome.stdout)) return NO_APPS;
  const parsed = parseApps(outcome.stdout, devices, platform);
  if (parsed.otherLines.length === 0 && outcome.exitCode === 0) return parsed;
  const rest = parsed.otherLines.join("\n");
  const unread = unreadFailure("list GPU processes", rest, outcome.stderr, outcome.exitCode);
  return { ...parsed, listedDevices: [], failures: [...parsed.failures, unread] };
}

/** What is said where lines were no rows: an error in words, or rows that can't be read. */
function unreadFailure(
  what: string,
  rest: string,
  stderr: string,
  exitCode: number | null,
): Failure {
  if (exitCode !== 0) return sayingFailure(what, rest.trim() === "" ? stderr : rest, exitCode);
  const words = firstSentence(rest);
  return {
    code: "bad_value",
    message: words === null
      ? `Cannot ${what}: nvidia-smi printed nothing`
      : `Cannot ${what}: nvidia-smi printed what is no row, "${words}"`,
    source: "nvidia_smi",
    count: rest.split("\n").filter((line) => line.trim() !== "").length,
  };
}

function unknownFieldFailure(unknown: ReadonlySet<string>, telemetry: boolean): Failure[] {
  const fields = fieldsToAsk(telemetry, new Set())
    .filter((field) => unknown.has(field) && !MAY_LACK.has(field));
  return fields.length === 0 ? [] : [{
    code: "not_supported",
    message: `Cannot read ${
      fields.join(", ")
    }: this nvidia-smi has no such field; update the driver`,
    source: "nvidia_smi",
    count: fields.length,
  }];
}
