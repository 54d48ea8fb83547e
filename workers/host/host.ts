/**
 * The one seam to the outside. Everything in `workers/` reads files, opens libraries and runs programs
 * through a `Host` it is handed, so every reader is tested on a fake machine, on any system.
 */
import type { FunctionAt, Library, Signatures } from "../ffi/library.ts";

/** Why the host could not do what was asked. `code` is the system's name for it. */
export type HostErrorCode =
  /** No such file, folder, process or program. */
  | "ENOENT"
  /** The process went away while it was read. */
  | "ESRCH"
  /** Refused by the system. */
  | "EACCES"
  /** Refused by the runtime: a missing Deno permission, or no FFI. */
  | "ENOTCAPABLE"
  /** Anything else; the message has the number. */
  | "EIO";

/** The host could not do what was asked. */
export class HostError extends Error {
  override readonly name = "HostError";
  readonly code: HostErrorCode;
  /** The path or program it was about. */
  readonly path: string;
  constructor(code: HostErrorCode, path: string, message: string) {
    super(message);
    this.code = code;
    this.path = path;
  }
}

/** Bounds of one run of a program. */
export interface RunLimits {
  /** After this time the whole process group gets SIGKILL and the run is over, ended or not. */
  readonly timeoutMs: number;
  /** Bytes of stdout kept; more ends the run. */
  readonly maxBytes: number;
}

/** How a run ended. */
export interface RunOutcome {
  /** `"unkillable"`: SIGKILL was sent and the process is still there; it is not waited for. */
  readonly ended: "exited" | "timeout" | "too_much_output" | "unkillable";
  /** Exit code; `null` where a signal or a limit ended it. */
  readonly exitCode: number | null;
  /** Signal that ended it, where the runtime tells. */
  readonly signal: string | null;
  /** What it printed on stdout and then stderr, up to the limit, as UTF-8 (bad bytes replaced). */
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** The machine, as far as the readers may touch it. */
export interface Host {
  readonly platform: "linux" | "windows" | "darwin" | "unknown";
  /** The whole text of a file. Throws {@linkcode HostError}. Bytes that are not UTF-8 come out as U+FFFD. */
  readText(path: string): string;
  /** Names in a folder, without `.` and `..`, in no order. Throws {@linkcode HostError}. */
  list(path: string): string[];
  /** Target of a symbolic link. Throws {@linkcode HostError}. */
  readLink(path: string): string;
  /** Writes `text` to a file that is there, in one call. Throws {@linkcode HostError}. */
  writeText(path: string, text: string): void;
  /** Makes a folder. Throws {@linkcode HostError}. */
  makeFolder(path: string): void;
  /** Removes an empty folder. Throws {@linkcode HostError}. */
  removeFolder(path: string): void;
  /**
   * Opens the first of `paths` that loads; each symbol that it lacks is `null`.
   * Throws {@linkcode HostError}: `ENOENT` where none loads (the message has the loader's words).
   */
  openLibrary<S extends Signatures>(paths: readonly string[], signatures: S): Library<S>;
  /**
   * A native function by its address. A wrong address or signature ends the process. Throws {@linkcode HostError}
   * `ENOTCAPABLE` where the runtime refuses.
   */
  readonly functionAt: FunctionAt;
  /** An environment variable; `null` where it is not set, or the runtime refuses to tell. */
  variable(name: string): string | null;
  /**
   * Runs a program found on the PATH or at an absolute path, stdin closed, and never waits longer than the
   * limits say. Throws {@linkcode HostError} where it can't be started.
   */
  run(program: string, args: readonly string[], limits: RunLimits): Promise<RunOutcome>;
  /** Monotonic milliseconds. */
  now(): number;
  /** Wall clock, milliseconds since the epoch. */
  wallClock(): number;
  /** A raw native value for `HMN_DEBUG`; does nothing unless debugging is on. */
  debug(line: () => string): void;
}
