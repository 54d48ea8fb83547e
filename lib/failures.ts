/** What can go wrong: the closed list of codes, and a failure as the plain data that crosses borders. */
import type { SourceName } from "./sources.ts";

/** What each code means outside: the exit code of `hmn` and the HTTP status. */
export interface FailureMeaning {
  /** Exit code of the command line. */
  readonly exit: number;
  /** Status of the HTTP answer. */
  readonly status: number;
  /** What happened, for the documentation. */
  readonly means: string;
}

/** The only list of failure codes. */
export const FAILURES = {
  invalid_request: { exit: 2, status: 400, means: "the question itself is malformed" },
  no_such_device: { exit: 3, status: 404, means: "no GPU has this index, UUID or PCI bus id" },
  no_such_process: { exit: 4, status: 404, means: "no process has this PID" },
  permission_denied: { exit: 5, status: 403, means: "the system or the runtime refused access" },
  driver_failed: { exit: 6, status: 502, means: "the driver answered with an error" },
  bad_value: {
    exit: 6,
    status: 502,
    means: "the driver or a file gave a value that can't be true",
  },
  hung: { exit: 7, status: 504, means: "a call did not return within its hard budget" },
  slow: { exit: 7, status: 504, means: "a call did not return within its soft budget" },
  crashed: { exit: 8, status: 502, means: "the worker died while it asked this source" },
  absent: { exit: 9, status: 503, means: "the library, program or file is not on this machine" },
  not_supported: { exit: 9, status: 501, means: "the device or driver does not tell this number" },
  worker_failed: { exit: 10, status: 503, means: "no worker could be started or kept alive" },
  unreachable: { exit: 10, status: 502, means: "the server asked by its URL did not answer" },
  closed: { exit: 10, status: 503, means: "the meter was closed" },
  output_failed: { exit: 74, status: 500, means: "the answer could not be written" },
  command_not_executable: {
    exit: 126,
    status: 400,
    means: "the command is there and can't be run",
  },
  command_not_found: { exit: 127, status: 400, means: "there is no such command" },
  internal: { exit: 70, status: 500, means: "a defect in hypomnesis; please report it" },
} as const satisfies Record<string, FailureMeaning>;

/** The code of a failure. */
export type FailureCode = keyof typeof FAILURES;

/** One failure as plain data. The fields are canonical; the message is one English sentence. */
export interface Failure {
  /** Which kind of failure. */
  readonly code: FailureCode;
  /** What could not be done, why, and, where something can be done about it, what to do. */
  readonly message: string;
  /** The source that failed; `null` when no single source is to blame. */
  readonly source: SourceName | null;
  /** The driver's own name for the error, such as `NVML_ERROR_DRIVER_NOT_LOADED`. */
  readonly driverCode?: string;
  /** The device the failure concerns: its index in the list of devices. */
  readonly deviceIndex?: number;
  /** The process the failure concerns. */
  readonly pid?: number;
  /** How many values the failure concerns, where it stands for several. */
  readonly count?: number;
  /** Milliseconds until the source is asked again; `null`: it will not be. */
  readonly retryInMs?: number | null;
}
