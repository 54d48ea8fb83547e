/**
 * A child process ends with its host, also while it hangs in a native call, and leaves the terminal's
 * process group, so that Ctrl+C in the terminal reaches the host alone. (On Windows it was started without a console.)
 */
import type { WorkerConfig } from "../../lib/protocol.ts";
import { readJobMemory } from "../win32/job.ts";
import type { Host } from "./host.ts";
import { enterJob, makeJob } from "./job_object.ts";
import { LIBC } from "./real_host.ts";

const PR_SET_PDEATHSIG = 1; // prctl.h
const SIGKILL = 9n;

const SIGNATURES = {
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" }, // int prctl(int, unsigned long…)
  setsid: { args: [], returns: "i32" }, // pid_t setsid(void)
  getppid: { args: [], returns: "i32" }, // pid_t getppid(void)
} as const;

/** Asks the system to be ended when the host dies. Does nothing where that can't be asked. */
export function endWithHost(
  host: Host,
  { hostPid, hostName }: Pick<WorkerConfig, "hostPid" | "hostName">,
): void {
  if (host.platform === "windows") endWithHostOnWindows(host, hostPid, `hypomnesis-${hostName}`);
  if (host.platform === "linux") endWithHostOnLinux(host, hostPid);
}

/**
 * All children of a host are in one job. The first one makes it and puts the only handle to it into the host, where the
 * system closes it when the host dies.
 */
function endWithHostOnWindows(host: Host, hostPid: number, name: string): void {
  // The limits that are set from outside are told by the innermost job, which is ours from here on.
  readJobMemory(host);
  if (enterJob(host, name)) return;
  const job = makeJob(host, name);
  // A handle that could not be handed over stays here: closing it would end this process.
  if (job?.add(null)) job.leaveTo(hostPid);
  else job?.close();
}

/** The kernel sends SIGKILL when the host dies. */
function endWithHostOnLinux(host: Host, hostPid: number): void {
  try {
    const { functions } = host.openLibrary(LIBC, SIGNATURES);
    functions.setsid?.();
    functions.prctl?.(PR_SET_PDEATHSIG, SIGKILL, 0n, 0n, 0n);
    // The host may have died before the kernel was asked.
    if (functions.getppid !== null && functions.getppid() !== hostPid) process.exit(0);
  } catch {
    // Without FFI stdin still ends with the host; only a child that hangs would stay.
  }
}
