/** `hmn run`: time(1) for memory. */
import { toJsonLine } from "../json_case.ts";
import { followCommand } from "../run/follow.ts";
import { RunTracker } from "../run/tracker.ts";
import { intervalOption } from "./amounts.ts";
import { checkCommandLine } from "./check_operands.ts";
import { defineCommand } from "./command.ts";
import { SOURCES_OPTION } from "./options.ts";
import { SignalPass } from "./pass_signals.ts";
import { runText } from "./run_text.ts";
import { withSilentAsker } from "./wait_line.ts";
import { writeReport } from "./write_report.ts";

const DEFAULT_INTERVAL_MS = 100;

/** The command. */
export const command = defineCommand({
  about: "Runs a command and tells how much RAM and GPU memory it and all it started took at most.",
  options: {
    interval: intervalOption("time from one sample to the next; 100ms by default", "ms"),
    json: { about: "print the report as JSON on stdout, behind the command's own output" },
    series: { about: "with --json: tell the whole history too, in at most 4,096 moments" },
    sources: SOURCES_OPTION,
  },
  operands: { usage: "[--] COMMAND [ARGUMENTS]", takeRest: true },
  notes: [
    "The command has the terminal, the signals and the exit code (128 and the number of the signal that " +
    "ended it) to itself. The report comes on stderr when it has ended, also by Ctrl+C.",
    "Peak RAM is the sum of the resident sets of all its processes at one sample, in which shared pages " +
    "count for each; or that of one process, where the kernel kept a higher one. Where a cgroup may be " +
    "made, the line beside it has the kernel's own peak of the whole, however short its processes lived.",
    "Peak VRAM is what these processes held on the GPUs, and not what others held at that time.",
  ],
  examples: [
    ["hmn run python train.py --lr 0.1", "peak memory of a training run"],
    ["hmn run --json -- make -j8 | tail -n 1 | jq .peak_ram_bytes", "bytes, for a script"],
    ["hmn run --interval 10ms ./short", "look more often at a short program"],
  ],
  async run({ interval, json, series, sources }, context, operands) {
    checkCommandLine(operands, "hmn run python train.py");
    const intervalMs = interval ?? DEFAULT_INTERVAL_MS;
    const tracker = new RunTracker();
    const descriptors = context.inheritedDescriptors();
    const signals = new SignalPass(context, "run");
    try {
      const report = await withSilentAsker(context, { sources }, async (asker) => {
        const end = await followCommand((request) => asker.ask(request), operands, {
          intervalMs,
          baselineMs: 0,
          cgroup: true,
          start: context.startCommand,
          ignored: context.ignoredSignals,
          descriptors,
          onStart: (running) => signals.to(running),
          onSample: (sample) => tracker.observe(sample),
        });
        return tracker.report(operands, intervalMs, end, series);
      });
      const text = json ? toJsonLine(report) : runText(report, tracker);
      return await writeReport(context, json ? "stdout" : "stderr", text, report.exitCode);
    } finally {
      signals.release();
    }
  },
});
