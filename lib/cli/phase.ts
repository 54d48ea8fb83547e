/** `hmn phase`: tells a running recorder what the workload is doing. */
import { HypomnesisError } from "../errors.ts";
import { isPhaseName, PHASE_FORM, sendWish } from "../session/control.ts";
import { realStore } from "../session/files/store.ts";
import { findRunning, type RunningSession } from "../session/files/find_running.ts";
import { PHASE_NAMES } from "../session/config/settings.ts";
import type { CliContext } from "./context.ts";
import { defineCommand, type Valued } from "./command.ts";
import { SERVER_OPTIONS } from "./options.ts";
import { quote } from "./quote.ts";
import { UsageError } from "./usage_error.ts";

/** What the recorder may take to answer: it looks once a second. */
const PATIENCE_MS = 5_000;

const LABEL: Valued<readonly (readonly [string, string])[]> = {
  about: "a label of the phase; may be given several times",
  value: "KEY=VALUE",
  accepts: "KEY=VALUE",
  repeats: true,
  parse: (text) => {
    const match = /^([^=]{1,100})=(.{1,100})$/u.exec(text);
    return match === null ? undefined : [[match[1]!, match[2]!]];
  },
};

/** The command. */
export const command = defineCommand({
  about: "Tells a running `hmn record`, or a server (--url), which phase of the work begins.",
  options: {
    session: textOption("the session, by its name or stamp, where several are running", "NAME"),
    out: textOption("the folder it records into; memory-logs by default", "FOLDER"),
    type: textOption("kind of work, by which the report adds up: planning", "TYPE"),
    step: textOption("which one of a series: 3", "STEP"),
    label: LABEL,
    nested: { about: "within the current phase, instead of after it" },
    end: { about: "end the current phase, instead of beginning one" },
    ...SERVER_OPTIONS,
  },
  operands: { usage: "[NAME]", takeRest: false },
  notes: [
    `Any name will do; the usual ones are ${
      PHASE_NAMES.join(", ")
    }. A phase ends when the next one on its level ` +
    "begins, when the one around it ends, or by --end. The workload itself is not touched.",
    "While a phase that was set by hand is open, the rules of the configuration set none.",
    "It waits until the recorder has taken the phase, and fails where it does not.",
  ],
  examples: [
    ["hmn phase Model-Loading", "the work loads a model from now on"],
    ["hmn phase mission --type planning --step 3", "the third planning mission"],
    ["hmn phase --end", "the phase is over"],
  ],
  async run({ session, out, type, step, label, nested, end, url, token }, context, operands) {
    const phase = phaseOf(operands, end);
    const labels = Object.fromEntries(label ?? []);
    if (url !== undefined) {
      if (session !== undefined || out !== undefined) {
        throw new UsageError(
          "--session and --out are about a recording on this machine, and --url (or HMN_URL) " +
            "about a server: give one of them",
        );
      }
      const { connect } = await import("../client/mod.ts");
      const details = {
        ...type === undefined ? {} : { type },
        ...step === undefined ? {} : { step },
        nested,
        labels,
      };
      await connect(url, { token }).phase(
        phase === null ? { end: true } : { name: phase, ...details },
      );
      await context.stdout.write(
        `${url}: ${phase === null ? "the phase has ended" : `phase ${phase}`}\n`,
      );
      return 0;
    }
    const running = await choose(out ?? "memory-logs", session ?? null);
    await sendWish(realStore(), running.controlPath, {
      phase,
      nested,
      atMs: Date.now(),
      type: type ?? null,
      step: step ?? null,
      labels,
    }, PATIENCE_MS);
    return await said(context, phase, running);
  },
});

function textOption(about: string, value: string): Valued<string> {
  return {
    about,
    value,
    accepts: "1 to 100 characters without control characters",
    parse: (text) => text.length > 100 || /\p{Cc}/u.test(text) ? undefined : text,
  };
}

function phaseOf(operands: readonly string[], end: boolean): string | null {
  const [name, stray] = operands;
  if (stray !== undefined) {
    throw new UsageError(
      `unexpected argument ${quote(stray)}: give one name, in quotes if it has spaces`,
    );
  }
  if (end && name !== undefined) {
    throw new UsageError("--end ends the current phase and takes no NAME: give one of them");
  }
  if (end) return null;
  if (name === undefined) {
    throw new UsageError(
      "NAME is missing: give the phase that begins, as in hmn phase Model-Loading",
    );
  }
  if (!isPhaseName(name)) {
    throw new UsageError(`NAME ${quote(name)} is not accepted: give ${PHASE_FORM}`);
  }
  return name;
}

async function choose(folder: string, session: string | null): Promise<RunningSession> {
  const running = await findRunning(folder);
  const fitting = running.filter(({ name, stamp }) =>
    session === null || name === session || stamp === session || `${name}-${stamp}` === session
  );
  const only = fitting[0];
  if (only !== undefined && fitting.length === 1) return only;
  const names = fitting.map(({ name, stamp }) => `${name}-${stamp}`).join(", ");
  if (only !== undefined) {
    throw new UsageError(
      `${fitting.length} sessions are running: choose one with --session, out of ${names}`,
    );
  }
  const which = session === null ? "no session is" : `no session ${JSON.stringify(session)} is`;
  throw new HypomnesisError(
    "no_such_process",
    `Cannot set the phase: ${which} being recorded in ${JSON.stringify(folder)}; ` +
      "start one with hmn record, or name its folder with --out",
  );
}

async function said(
  { stdout }: CliContext,
  phase: string | null,
  { name, stamp }: RunningSession,
): Promise<number> {
  const what = phase === null ? "the phase has ended" : `phase ${phase}`;
  await stdout.write(`${name}-${stamp}: ${what}\n`);
  return 0;
}
