/** A program that runs, the same in Bun and in Deno; `start_in_bun.ts` and `start_in_deno.ts` make it. */
import { HostError, type HostErrorCode } from "./host.ts";
import { type Job, KILLED } from "./job_object.ts";

/** How a process ended. */
export interface ExitStatus {
  /** `null` where a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** Takes what the program prints, piece by piece. */
export type OutputSink = (stream: "stdout" | "stderr", bytes: Uint8Array) => void;

/** A program that runs. */
export interface RunningProgram {
  readonly pid: number;
  /** Settles when the process itself has ended; never rejects. */
  readonly exited: Promise<ExitStatus>;
  /** Settles when nobody can write to its stdout and stderr any more; never rejects. */
  readonly outputEnded: Promise<unknown>;
  /** Kills the process, on Unix with all it started in its group. Never throws. */
  killGroup(): void;
  /** Closes our ends of the pipes and stops keeping this process alive for its sake. Never throws. */
  letGo(): void;
}

/** Starts the program at an absolute path. Throws {@linkcode HostError} where it can't be started. */
export type StartProgram = (
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  sink: OutputSink,
) => Promise<RunningProgram>;

/** The same program, killed as a whole: with all it starts from now on. That is how it goes on Windows. */
export function inJob(running: RunningProgram, job: Job): RunningProgram {
  job.add(running.pid);
  return {
    ...running,
    // Windows tells no signals: what was killed is known by the exit code that its killer gave it.
    exited: running.exited.then((status) =>
      status.exitCode === KILLED ? { exitCode: null, signal: "SIGKILL" } : status
    ),
    killGroup() {
      job.kill();
      running.killGroup();
    },
    letGo() {
      job.close();
      running.letGo();
    },
  };
}

/** Names of system errors in either runtime, as the host names them. */
const CODES: Readonly<Record<string, HostErrorCode>> = {
  ENOENT: "ENOENT",
  ENOTDIR: "ENOENT",
  NotFound: "ENOENT",
  EACCES: "EACCES",
  EPERM: "EACCES",
  PermissionDenied: "EACCES",
  NotCapable: "ENOTCAPABLE",
};

/** What a runtime threw, as the host says it. */
export function hostError(path: string, error: unknown): HostError {
  const { code, name, message } = error as { code?: string; name?: string; message?: string };
  const known = CODES[name ?? ""] ?? CODES[code ?? ""] ?? "EIO";
  return new HostError(known, path, message ?? String(error));
}
