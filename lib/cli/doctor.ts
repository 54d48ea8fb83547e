/** `hmn doctor`: what each source of numbers is worth on this machine. */
import { toJsonLine } from "../json_case.ts";
import { defineCommand } from "./command.ts";
import { doctorText, summarize } from "./doctor_text.ts";
import { ASKED_OPTIONS, askedBy, JSON_OPTION } from "./options.ts";
import { withAsker } from "./wait_line.ts";
import { DEFAULT_COLUMNS } from "./wrap.ts";

/** The command. */
export const command = defineCommand({
  about: "Tries each source of numbers, call by call, and tells what this machine can measure.",
  options: { json: JSON_OPTION, ...ASKED_OPTIONS },
  notes: [
    "The sources stand in the order in which they are asked. A source is present where it is here and " +
    "answers, and not known where it could not be found out, because it hung or crashed.",
    "The exit code is 0 also where sources are missing: that is what was asked.",
  ],
  examples: [
    ["hmn doctor", "everything"],
    ["hmn doctor --sources nvml", "NVIDIA's management library alone"],
    ["hmn doctor --json | jq .summary", "the last lines as JSON"],
  ],
  async run({ json, ...from }, context) {
    const { findings } = await withAsker(
      context,
      askedBy(from),
      (asker) => asker.ask({ kind: "doctor" }),
    );
    const { sources } = from;
    const asked = sources === undefined
      ? findings
      : findings.filter(({ source }) => sources.includes(source));
    if (json) {
      await context.stdout.write(toJsonLine({ findings: asked, summary: summarize(asked) }));
    } else {
      const { columns, color } = context.stdout;
      await context.stdout.write(doctorText(asked, { columns: columns ?? DEFAULT_COLUMNS, color }));
    }
    return 0;
  },
});
