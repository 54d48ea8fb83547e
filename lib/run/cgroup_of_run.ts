/** The cgroup of one run: made, looked into and removed through the worker. */
import type { Failure } from "../errors.ts";
import { ownPid } from "../own_process.ts";
import type { RunCgroupReply, RunCgroupRequest } from "../protocol.ts";
import type { Bytes } from "../records.ts";
import { type Ask, within } from "./ask.ts";

/** What one of its questions may take. */
const QUESTION_MS = 1_000;
/** How often it is looked into while the command runs. */
const READ_EVERY_MS = 1_000;

let runs = 0;

/** Where no cgroup may be made, it holds nothing, and says why. Nothing here rejects. */
export class CgroupOfRun {
  readonly #ask: Ask;
  readonly #run = ++runs;
  #folder: string | null = null;
  #readMs = -Infinity;
  /** The processes in it when it was last looked into. */
  pids: readonly number[] = [];
  /** Its highest usage so far; `null` where there is none. */
  peakBytes: Bytes = null;
  /** Why there is none. */
  failures: readonly Failure[] = [];

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** The file a process joins it by; `null` where there is none. */
  get membersFile(): string | null {
    return this.#folder === null ? null : `${this.#folder}/cgroup.procs`;
  }

  /** Makes it where that is permitted. */
  async make(): Promise<void> {
    const reply = await this.#send("make");
    this.#folder = reply?.folder ?? null;
    this.failures = reply?.failures ?? [];
  }

  /** Looks into it. */
  async read(): Promise<void> {
    if (this.#folder === null) return;
    this.#readMs = performance.now();
    const reply = await this.#send("read");
    if (reply === null || reply.folder === null) return;
    this.pids = reply.pids;
    this.peakBytes = reply.peakBytes;
  }

  /** Looks into it if that was not done for a second. */
  async readSometimes(): Promise<void> {
    if (performance.now() - this.#readMs >= READ_EVERY_MS) await this.read();
  }

  /** Takes it away; what still runs in it goes back to where we are. */
  async remove(): Promise<void> {
    if (this.#folder === null) return;
    this.#folder = null;
    await this.#send("remove");
  }

  #send(action: RunCgroupRequest["action"]): Promise<RunCgroupReply | null> {
    const request = { kind: "run_cgroup", action, owner: ownPid(), run: this.#run } as const;
    return within(QUESTION_MS, this.#ask(request));
  }
}
