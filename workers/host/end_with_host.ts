/**
 * A child process ends with its host, also while it hangs in a native call, and leaves the terminal's
 * process group, so that Ctrl+C in the terminal reaches the host alone.
 */
import type { Host } from "./host.ts";
import { LIBC } from "./real_host.ts";

const PR_SET_PDEATHSIG = 1; // prctl.h
const SIGKILL = 9n;

const SIGNATURES = {
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" }, // int prctl(int, unsigned long…)
  setsid: { args: [], returns: "i32" }, // pid_t setsid(void)
  getppid: { args: [], returns: "i32" }, // pid_t getppid(void)
} as const;

/** Asks the kernel for SIGKILL when the host dies. Does nothing where that can't be asked. */
export function endWithHost(host: Host, hostPid: number): void {
  if (host.platform !== "linux") return;
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
