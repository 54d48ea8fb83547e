/** A program that runs, the same in Bun and in Deno; `start_in_bun.ts` and `start_in_deno.ts` make it. */
import { HostError, type HostErrorCode } from "./host.ts";

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
  /** Settles when the process itself has ended; never rejects. */
  readonly exited: Promise<ExitStatus>;
  /** Settles when nobody can write to its stdout and stderr any more; never rejects. */
  readonly outputEnded: Promise<unknown>;
  /** Sends SIGKILL to the process and all it started in its group. Never throws. */
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
