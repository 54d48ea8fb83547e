/** The process of one run on Windows: held, read and ended through the worker. */
import type { RunProcessReply, RunProcessRequest } from "../protocol.ts";
import { type Ask, within } from "./ask.ts";
import type { Members } from "./members.ts";

/** What one of its questions may take. */
const QUESTION_MS = 1_000;

/** Where the worker can't do what is asked, whoever started the command does without. Nothing here rejects. */
export class ProcessOfRun {
  readonly #ask: Ask;
  #pid: number | null = null;
  #members: Members | null = null;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Holds the process that has just been started. Where that fails, nothing more is asked. */
  hold(pid: number): void {
    this.#pid = pid;
    void this.#send("hold").then((reply) => {
      if (reply?.failures.length !== 0) this.#pid = null;
    });
  }

  /** Says who belongs to the run; without it only the process itself and what it started is known. */
  follow(members: Members): void {
    this.#members = members;
  }

  /**
   * Its exit code, 32 bits without a sign, and lets go of it. `told` is what the runtime says, in Bun the lowest 8 bits;
   * it stands where the worker can't tell, or tells of a process that ended otherwise.
   */
  async exitCode(told: number): Promise<number> {
    const whole = (await this.#send("read"))?.exitCode ?? null;
    await this.release();
    return whole !== null && (whole & 0xff) === (told & 0xff) ? whole : told >>> 0;
  }

  /** Ends it and all it started, with exit code 1. False where that did not succeed with all of them. */
  async end(): Promise<boolean> {
    const reply = await this.#send("end", this.#members?.seen ?? []);
    return reply !== null && reply.failures.length === 0;
  }

  /** Lets go of it. */
  async release(): Promise<void> {
    await this.#send("release");
    this.#pid = null;
  }

  async #send(
    action: RunProcessRequest["action"],
    seen: RunProcessRequest["seen"] = [],
  ): Promise<RunProcessReply | null> {
    if (this.#pid === null) return null;
    const request = { kind: "run_process", action, pid: this.#pid, seen } as const;
    return await within(QUESTION_MS, this.#ask(request));
  }
}
