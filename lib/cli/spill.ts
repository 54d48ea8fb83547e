/** `hmn spill`: does a command push a GPU's memory into the system's? */
import { toJsonLine } from "../json_case.ts";
import { followCommand, type Followed } from "../run/follow.ts";
import { intervalOption, sizeOption, thresholdOption } from "./amounts.ts";
import { checkCommandLine } from "./check_operands.ts";
import { type CliContext, OutputClosed } from "./context.ts";
import { defineCommand } from "./command.ts";
import { deviceOption, JSON_OPTION, SOURCES_OPTION } from "./options.ts";
import { SignalPass } from "./pass_signals.ts";
import { SpillWatch } from "./spill_watch.ts";
import { withSilentAsker } from "./wait_line.ts";
import { writeReport } from "./write_report.ts";

const DEFAULT_INTERVAL_MS = 100;
/** What the sample before the command may take. */
const BASELINE_MS = 2_000;

/** The command. */
export const command = defineCommand({
  about:
    "Runs a command and tells whether a GPU's full memory spilled into the system's meanwhile.",
  options: {
    interval: intervalOption("time from one sample to the next; 100ms by default", "ms"),
    device: deviceOption("only this GPU"),
    "dedicated-threshold": thresholdOption(
      "from when on a GPU's own memory counts as nearly full; 85% by default",
    ),
    "shared-growth": sizeOption(
      "growth of shared memory that counts as spilled; 256MiB by default",
    ),
    json: JSON_OPTION,
    sources: SOURCES_OPTION,
  },
  operands: { usage: "[--] COMMAND [ARGUMENTS]", takeRest: true },
  notes: [
    "A GPU spills while its dedicated memory is nearly full and the system's memory it uses (shared) has " +
    "grown since before the command was started. The report comes on stderr, with --json also as one line " +
    "on stdout behind the command's own output. The exit code is the command's.",
    "Where no source tells the shared memory, spilling is not measurable, which is said once, and measurable " +
    "is false: nothing is known then. What the command's processes had swapped out is told beside it; that " +
    "is the system's doing and no spill of a GPU.",
  ],
  examples: [
    ["hmn spill python train.py", "did it spill, when, and how much"],
    ["hmn spill --dedicated-threshold 90% --shared-growth 1GiB -- ./serve", "other thresholds"],
  ],
  async run(values, context, operands) {
    checkCommandLine(operands, "hmn spill python train.py");
    const { interval, device, json, sources } = values;
    const watch = new SpillWatch({
      ...values["dedicated-threshold"] === undefined
        ? {}
        : { dedicatedThreshold: values["dedicated-threshold"] },
      ...values["shared-growth"] === undefined
        ? {}
        : { sharedGrowthBytes: values["shared-growth"] },
    }, device);
    const descriptors = context.inheritedDescriptors();
    const signals = new SignalPass(context, "spill");
    let mayTellWait = true;
    try {
      const onWait = () => {
        if (!mayTellWait) return;
        mayTellWait = false;
        const text = "hmn spill: waiting for the driver before the command is started\n";
        context.stderr.write(text).catch(() => {});
      };
      return await withSilentAsker(context, { sources, onWait }, async (asker) => {
        const end = await followCommand((request) => asker.ask(request), operands, {
          intervalMs: interval ?? DEFAULT_INTERVAL_MS,
          baselineMs: BASELINE_MS,
          cgroup: false,
          start: context.startCommand,
          ignored: context.ignoredSignals,
          descriptors,
          onBaseline: (gpu) => watch.baseline(gpu),
          onStart: (running) => {
            mayTellWait = false;
            signals.to(running);
          },
          onSample: (sample) => watch.observe(sample),
        });
        await watch.lastLook(asker, end.durationMs);
        return await report(context, watch, end, json);
      });
    } finally {
      signals.release();
    }
  },
});

async function report(
  context: CliContext,
  watch: SpillWatch,
  end: Followed,
  json: boolean,
): Promise<number> {
  try {
    await context.stderr.write(watch.text());
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
  return json
    ? await writeReport(context, "stdout", toJsonLine(watch.record(end)), end.exitCode)
    : end.exitCode;
}
