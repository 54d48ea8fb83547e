/** `hmn banner`: how full the memory is, in a word, for prompts and status lines. */
import { abortable } from "../answering.ts";
import { HypomnesisError } from "../errors.ts";
import { formatDuration } from "../format.ts";
import { toJsonLine } from "../json_case.ts";
import { formatBanner } from "../telemetry/banner.ts";
import { escapeText } from "../text.ts";
import { intervalOption } from "./amounts.ts";
import { findShare, type Share } from "./banner_share.ts";
import { defineCommand } from "./command.ts";
import { exitCodeOf, failureLines } from "./failures.ts";
import { ASKED_OPTIONS, askedBy, choiceOption, deviceOption, JSON_OPTION } from "./options.ts";
import { withSilentAsker } from "./wait_line.ts";

/** A prompt waits no longer than this for a driver or a server. */
const PATIENCE_MS = 1000;

/** The command. */
export const command = defineCommand({
  about:
    "Prints how full the GPU memory is, such as [Mem:45%], for prompts, tmux and status lines.",
  options: {
    json: JSON_OPTION,
    device: deviceOption("how full this GPU is, whatever allocators tell"),
    color: choiceOption("dim, yellow from 75 %, bold red above 90 %", "WHEN", {
      auto: null,
      always: true,
      never: false,
    }),
    verbose: { about: "say on stderr which memory it is, or why nothing is shown" },
    timeout: intervalOption("give up after this time, a second where it is left out", "s"),
    ...ASKED_OPTIONS,
  },
  notes: [
    "It is the share of its reserve that a program's allocator uses, where one told in the last 60 s; of several the " +
    "fullest. Where none did, it is the share of the fullest GPU's memory that is in use.",
    "At 0 and without a GPU nothing is printed, not even a line break, and the exit code is 0. Where the driver failed " +
    "or took too long, the reason stands on stderr alone, and in the exit code. The line ends with a line break on a " +
    "terminal only; colours are automatic there, and have to be asked for elsewhere.",
  ],
  examples: [
    ["hmn banner", "the fullest memory"],
    ["hmn banner --device 1 --color always", "GPU 1, in colour also where it is no terminal"],
    ["hmn banner --json | jq .health", "healthy, warning or critical"],
  ],
  async run({ json, device, color, verbose, timeout, ...from }, context) {
    const { share, failures, lookedInVain } = await inTime(
      timeout ?? PATIENCE_MS,
      (over) =>
        withSilentAsker(
          context,
          askedBy(from),
          (asker) => abortable(findShare(asker, device), over),
        ),
    );
    if (lookedInVain) {
      await context.stderr.write(failureLines(failures));
      return exitCodeOf(failures);
    }
    const { stdout, stderr } = context;
    const percent = share.memoryUsagePercent;
    if (json) {
      await stdout.write(toJsonLine({ ...share, text: formatBanner(percent) }));
    } else {
      const text = formatBanner(percent, { color: color ?? stdout.color });
      await stdout.write(text === "" || !stdout.isTty ? text : `${text}\n`);
    }
    if (verbose) await stderr.write(`hmn: ${escapeText(aboutText(share))}\n`);
    return 0;
  },
});

function aboutText({ about, memoryUsagePercent }: Share): string {
  return formatBanner(memoryUsagePercent) === "" ? `nothing is shown: ${about}` : about;
}

/** Does something that may take so long; `over` aborts with the reason that nothing came of it. */
async function inTime<T>(ms: number, action: (over: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const timer = setTimeout(() => {
    const why =
      `Cannot tell how full the memory is within ${formatDuration(ms)}: no answer came; ` +
      "give more time with --timeout";
    over.abort(new HypomnesisError("slow", why));
  }, ms);
  try {
    return await action(over.signal);
  } finally {
    clearTimeout(timer);
  }
}
