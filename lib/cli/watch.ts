/** `hmn watch`: processes and GPUs over time. */
import type { DeviceSelector } from "../select_device.ts";
import type { WatchPlan } from "../watch/records.ts";
import { Watcher } from "../watch/watcher.ts";
import { countOption, durationOption, intervalOption } from "./amounts.ts";
import type { CliContext } from "./context.ts";
import { defineCommand, type Valued } from "./command.ts";
import { ASKED_OPTIONS, askedBy, deviceOption, pidOption } from "./options.ts";
import { quote } from "./quote.ts";
import { UsageError } from "./usage_error.ts";
import { LiveOutput } from "./watch_live.ts";
import { jsonOutput, textOutput } from "./watch_output.ts";
import { Waits, WatchRun } from "./watch_run.ts";

const DEFAULT_INTERVAL_MS = 5_000;
const DEFAULT_LIVE_INTERVAL_MS = 1_000;
const DEFAULT_TOP = 5;

const DEVICE: Valued<DeviceSelector | "all"> = (() => {
  const one = deviceOption("only this GPU; all by default");
  return {
    ...one,
    accepts: `all, ${one.accepts}`,
    parse: (text: string) => text === "all" ? text : one.parse(text),
  };
})();

const MATCH: Valued<string> = {
  about:
    "processes whose name has this in it, in upper or lower case; with * or ?, fits it as a whole",
  value: "NAME",
  accepts: "a part of a name or a pattern such as 'python*', without control characters",
  parse: (text) => text.trim() === "" || /\p{Cc}/u.test(text) ? undefined : text,
};

/** The command. */
export const command = defineCommand({
  about:
    "Watches processes over time: GPU memory, RAM, what has changed, and whether a GPU spills.",
  options: {
    match: MATCH,
    interval: intervalOption(
      "time from one sample to the next; 5s by default, 1s with --live",
      "s",
    ),
    duration: durationOption("end after this time, with a last sample"),
    top: countOption(`how many processes to select; ${DEFAULT_TOP} by default`, 1_000),
    "follow-new": { about: "select anew at each sample, so that new processes come in" },
    device: DEVICE,
    json: { about: "print JSON Lines: kind is sample, event, failure or summary" },
    live: { about: "draw on the terminal in place, with a curve for each process" },
    ...ASKED_OPTIONS,
  },
  operands: { usage: "[PID...]", takeRest: false },
  notes: [
    "Without a PID the processes that hold most GPU memory at the start are watched (--top), and where nobody " +
    "uses a GPU, the largest by RAM. COMMITTED is memory on the GPUs, SHARED is RAM used through them (Windows), " +
    "RAM is resident memory, each with its change since the last sample. A - is not known; a process that has " +
    "ended is said to have exited.",
    "Samples keep their schedule. One that fails or is late is a line of its own, and watching goes on; it ends " +
    "after --duration, by a signal, or when every watched process has exited, and then prints a summary.",
    "SPILL says that a GPU's memory is full and its use of the system's has grown. Where no source tells that, " +
    "stderr says so once. The exit code is 1 where a GPU spilled, 0 where none did or it can't be told.",
  ],
  examples: [
    ["hmn watch", "the five largest on the GPUs, every 5 seconds"],
    ["hmn watch 4242 --interval 500ms --live", "one process, drawn in place"],
    [
      "hmn watch --match python --follow-new --json >> watch.jsonl",
      "whatever python comes and goes",
    ],
  ],
  async run(values, context, operands) {
    const { live, json, device, url, token, sources } = values;
    const from = askedBy({ url, token, sources });
    const plan: WatchPlan = {
      pids: parsePids(operands),
      match: values.match ?? null,
      top: values.top ?? DEFAULT_TOP,
      followNew: values["follow-new"],
      device: device === "all" ? undefined : device,
      // On another machine our PID is somebody else's.
      ownPid: url === undefined ? context.ownPid : 0,
    };
    checkUsage(plan, { live, json }, context);
    const intervalMs = values.interval ?? (live ? DEFAULT_LIVE_INTERVAL_MS : DEFAULT_INTERVAL_MS);
    const waits = new Waits(context, live);
    const asker = await context.openAsker({ ...from, onWait: (...wait) => waits.tell(...wait) });
    try {
      const watcher = new Watcher((request) => asker.ask(request), plan);
      const output = live
        ? new LiveOutput(context, watcher, intervalMs)
        : json
        ? jsonOutput(context)
        : textOutput(context);
      const schedule = { intervalMs, durationMs: values.duration };
      return await new WatchRun(context, watcher, plan, output, schedule, waits).run();
    } finally {
      await asker.close();
    }
  },
});

function parsePids(operands: readonly string[]): number[] {
  const { accepts, parse } = pidOption("");
  const pids = operands.map((text) => {
    const pid = parse(text);
    if (pid === undefined) {
      throw new UsageError(`PID ${quote(text)} is not accepted: give ${accepts}`);
    }
    return pid;
  });
  return [...new Set(pids)];
}

function checkUsage(
  { pids, match, followNew }: WatchPlan,
  { live, json }: { readonly live: boolean; readonly json: boolean },
  { stdout }: CliContext,
): void {
  if (followNew && pids.length > 0) {
    throw new UsageError(
      "watch --follow-new only applies to auto-selection; drop --follow-new or the explicit PID list",
      "hmn: ",
    );
  }
  if (match !== null && pids.length > 0) {
    throw new UsageError("--match selects processes by name: drop --match or the PIDs");
  }
  if (live && json) throw new UsageError("--live and --json exclude each other: give one of them");
  const { isTty } = stdout;
  if (live && !isTty) {
    throw new UsageError("--live needs a terminal on stdout: drop --live, or the redirection");
  }
}
