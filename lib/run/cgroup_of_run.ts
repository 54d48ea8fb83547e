/** The cgroup of one run: made, read and removed through the worker. */
import type { Failure } from "../errors.ts";
import { ownPid } from "../own_process.ts";
import type { RunCgroupReply, RunCgroupRequest, RunId } from "../protocol.ts";
import type { Bytes } from "../records.ts";
import { isWindows } from "../system.ts";
import { type Ask, within } from "./ask.ts";

/** What one of its questions may take. */
const QUESTION_MS = 1_000;

let runs = 0;

/** Where no cgroup may be made, it holds nothing, and says why. Nothing here rejects. */
export class CgroupOfRun {
  readonly #ask: Ask;
  readonly #id: RunId = { owner: ownPid(), run: ++runs };
  #folder: string | null = null;
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

  /** What the worker knows it by; `null` where there is none. */
  get id(): RunId | null {
    return this.#folder === null ? null : this.#id;
  }

  /** Makes it where that is permitted. Windows has none, which is no failure. */
  async make(): Promise<void> {
    if (isWindows()) return;
    const reply = await this.#send("make");
    this.#folder = reply?.folder ?? null;
    this.failures = reply?.failures ?? [];
  }

  /** Reads its highest usage. */
  async read(): Promise<void> {
    if (this.#folder === null) return;
    this.peakBytes = (await this.#send("read"))?.peakBytes ?? null;
  }

  /** Takes it away; what still runs in it goes back to where we are. */
  async remove(): Promise<void> {
    if (this.#folder === null) return;
    this.#folder = null;
    await this.#send("remove");
  }

  #send(action: RunCgroupRequest["action"]): Promise<RunCgroupReply | null> {
    return within(QUESTION_MS, this.#ask({ kind: "run_cgroup", action, cgroup: this.#id }));
  }
}
