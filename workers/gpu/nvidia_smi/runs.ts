/** Runs nvidia-smi and tells a bad end as a failure. */
import type { Failure } from "../../../lib/errors.ts";
import type { DoctorCall } from "../../../lib/records.ts";
import { type Host, HostError, type RunOutcome } from "../../host/host.ts";

/** Output kept of one run; 16 GPUs and 5,000 processes are a tenth of it. */
const MAX_BYTES = 4 * 2 ** 20;

/** A run that came to its end, or why it did not. */
export type RunResult =
  | { readonly outcome: RunOutcome; readonly failure: null }
  | { readonly outcome: null; readonly failure: Failure };

/** Runs of one question, which share one time limit. */
export class SmiRuns {
  /** Each run, for the doctor. */
  readonly calls: DoctorCall[] = [];
  readonly #host: Host;
  readonly #program: string;
  readonly #limitMs: number;
  readonly #deadline: number;

  constructor(host: Host, program: string, limitMs: number) {
    this.#host = host;
    this.#program = program;
    this.#limitMs = limitMs;
    this.#deadline = host.now() + limitMs;
  }

  /** Runs it once within what is left of the time. Never throws. */
  async run(args: readonly string[]): Promise<RunResult> {
    const began = this.#host.now();
    const timeoutMs = Math.ceil(this.#deadline - began);
    const name = ["nvidia-smi", ...args].join(" ");
    const told = (outcome: string, failure: Failure): RunResult => {
      this.calls.push({ name, outcome, durationMs: this.#host.now() - began });
      return { outcome: null, failure };
    };
    if (timeoutMs <= 0) return told("not run", this.#hung("its earlier answers took all of it"));
    let outcome: RunOutcome;
    try {
      outcome = await this.#host.run(this.#program, args, { timeoutMs, maxBytes: MAX_BYTES });
    } catch (error) {
      return told(error instanceof HostError ? error.code : "error", this.#notStarted(error));
    }
    this.#host.debug(() =>
      `${name}: ${outcome.ended} ${outcome.exitCode ?? outcome.signal}: ${outcome.stdout}`
    );
    if (outcome.ended === "timeout") {
      return told("timeout", this.#hung("it was killed; the driver may hang"));
    }
    if (outcome.ended === "unkillable") {
      return told("unkillable", this.#hung("SIGKILL did not end it; the driver holds it"));
    }
    if (outcome.ended === "too_much_output") {
      return told(
        "too much output",
        failure("bad_value", `Cannot read nvidia-smi: it printed more than ${MAX_BYTES} bytes`),
      );
    }
    if (outcome.signal !== null) {
      const why = `${this.#program} was ended by ${outcome.signal}; look into the system's log`;
      return told(outcome.signal, failure("driver_failed", `Cannot ask nvidia-smi: ${why}`));
    }
    this.calls.push({ name, outcome: `exit ${outcome.exitCode}`, durationMs: outcome.durationMs });
    return { outcome, failure: null };
  }

  #hung(why: string): Failure {
    return failure(
      "hung",
      `Cannot ask nvidia-smi: it did not answer within ${this.#limitMs} ms, ${why}`,
    );
  }

  #notStarted(error: unknown): Failure {
    const said = error instanceof Error ? error.message : String(error);
    const why = `Cannot run ${this.#program}: ${said}`;
    switch (error instanceof HostError ? error.code : null) {
      case "ENOENT":
        return failure("absent", `${why}; install the NVIDIA driver, or give the program's path`);
      case "EACCES":
        return failure("permission_denied", `${why}; make it executable for this user`);
      case "ENOTCAPABLE":
        return failure("permission_denied", `${why}; grant Deno --allow-run=nvidia-smi`);
      default:
        // The runner refuses when earlier runs could not be killed: the driver still holds them.
        return failure(/do not end/.test(said) ? "hung" : "driver_failed", why);
    }
  }
}

function failure(code: Failure["code"], message: string): Failure {
  return { code, message, source: "nvidia_smi" };
}
