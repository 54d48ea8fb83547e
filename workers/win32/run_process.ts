/** Holds the processes that runs of commands have started, tells how they ended, and ends them with all they started. */
import type { Failure } from "../../lib/errors.ts";
import type { RunProcessReply, RunProcessRequest } from "../../lib/protocol.ts";
import type { ProcessMemory } from "../../lib/records.ts";
import { type Host, HostError } from "../host/host.ts";
import { type Job, makeJob } from "../host/job_object.ts";
import { holdProcess, readExitCode } from "./handles.ts";
import type { Windows } from "./libraries.ts";
import { readProcessList } from "./process_list.ts";
import { walkTree } from "./tree.ts";

/** The exit code of what is ended, as `taskkill` has it. */
const ENDED = 1;
/** Looks for what has to end; more than any but a program that multiplies without an end takes. */
const MOST_LOOKS = 20;

/**
 * The processes of runs. They are put into no job while they run: the jobs of Bun and of Deno, which a command is in
 * and what it starts is not, would take in all that is started from then on, and would end it with us, also what a
 * command leaves running on purpose.
 */
export class RunProcesses {
  readonly #host: Host;
  readonly #windows: Windows;
  /** The handle of each that is held, by its PID, which is nobody else's for as long. */
  readonly #held = new Map<number, bigint>();

  constructor(host: Host, windows: Windows) {
    this.#host = host;
    this.#windows = windows;
  }

  /** Does what is asked. Throws {@linkcode HostError}. */
  answer(request: RunProcessRequest): RunProcessReply {
    const { action, pid } = request;
    let exitCode: number | null = null;
    let failures: readonly Failure[] = [];
    if (action === "hold") this.#hold(pid);
    else if (action === "read") exitCode = this.#read(pid);
    else if (action === "release") this.#release(pid);
    else failures = this.#end(request);
    return { kind: "run_process", exitCode, failures };
  }

  #hold(pid: number): void {
    this.#release(pid);
    this.#held.set(pid, holdProcess(this.#windows, pid));
  }

  #read(pid: number): number | null {
    const handle = this.#held.get(pid);
    if (handle === undefined) throw new HostError("EIO", String(pid), "it is not held");
    return readExitCode(this.#windows, handle);
  }

  #release(pid: number): void {
    const handle = this.#held.get(pid);
    if (handle !== undefined) this.#windows.get("CloseHandle")(handle);
    this.#held.delete(pid);
  }

  /**
   * Each process is put into a job of its own before any is ended, so that what they start meanwhile is in one too.
   * One job for all would not do: jobs nest, and processes of one job have to be in the same outer ones.
   */
  #end({ pid, seen }: RunProcessRequest): readonly Failure[] {
    const jobs = new Map<number, Job | null>();
    try {
      for (let look = 0; look < MOST_LOOKS; look++) {
        const found = this.#family(pid, seen).filter((process) => !jobs.has(process.pid));
        if (found.length === 0) break;
        for (const process of found) jobs.set(process.pid, this.#jobOf(process.pid));
      }
    } finally {
      for (const job of jobs.values()) {
        job?.kill(ENDED);
        job?.close();
      }
    }
    const refused = [...jobs].filter(([, job]) => job === null).map(([pid]) => pid);
    if (refused.length === 0) return [];
    // One that has ended by itself is put into no job either.
    const left = readProcessList(this.#windows);
    return refused.filter((pid) => left.has(pid)).map(notEnded);
  }

  /** The process of a run, those seen, and all they started. */
  #family(pid: number, seen: RunProcessRequest["seen"]): readonly ProcessMemory[] {
    const list = readProcessList(this.#windows);
    const ours = seen.filter((process) => {
      const now = list.get(process.pid);
      // Who has its number now may be anybody.
      return now === undefined || now.startTicks === process.startTicks;
    });
    const starts = new Map(
      ours.flatMap(({ pid, startTicks }) =>
        startTicks === null ? [] : [[pid, startTicks] as const]
      ),
    );
    return walkTree([pid, ...ours.map((process) => process.pid)], list, starts);
  }

  #jobOf(pid: number): Job | null {
    const job = makeJob(this.#host);
    if (job === null || job.add(pid)) return job;
    job.close();
    return null;
  }
}

function notEnded(pid: number): Failure {
  return {
    code: "permission_denied",
    source: "win32",
    pid,
    message:
      `Cannot end process ${pid}: Windows refuses to put it into a job; run as administrator`,
  };
}
