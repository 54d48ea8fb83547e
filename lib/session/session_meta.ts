/** The small file that says what a session was: `session-NAME-STAMP.json`, keys in snake_case. */
import type { Failure } from "../errors.ts";
import type { Bytes } from "../records.ts";
import type { SessionSettings } from "./config/settings.ts";

/** Changes when the files do. */
export const SESSION_FORMAT = 1;

/** A GPU of the session. */
export interface MetaDevice {
  readonly index: number;
  readonly uuid: string | null;
  readonly name: string | null;
  readonly pciBusId: string | null;
  readonly totalBytes: Bytes;
  readonly driverVersion: string | null;
}

/** How a session ended; `null` where it did not come to an end of its own. */
export interface SessionEnd {
  /** Wall clock, milliseconds since the epoch. */
  readonly atMs: number;
  readonly elapsedMs: number;
  /** `duration`, `SIGINT`, `command exited with 0`, `stopped`, … */
  readonly reason: string;
  readonly ticks: number;
  readonly rows: number;
  /** Rows that could not be written. */
  readonly lostRows: number;
}

/** The session file. */
export interface SessionMeta {
  readonly format: typeof SESSION_FORMAT;
  readonly name: string;
  readonly stamp: string;
  readonly startedAtMs: number;
  readonly host: string | null;
  readonly pid: number;
  readonly version: string;
  readonly runtime: string;
  readonly platform: string;
  readonly devices: readonly MetaDevice[];
  readonly ramTotalBytes: Bytes;
  /** The recorded command, or `null`. Untrusted text. */
  readonly command: readonly string[] | null;
  readonly settings: SessionSettings;
  /** What could not be read at the beginning. */
  readonly failures: readonly Failure[];
  readonly end: SessionEnd | null;
}
