/**
 * Job objects of Windows: processes that end together. Whoever is in a job, and all it starts, ends when the job is
 * ended, or when the last handle to it is closed, which the system does for a process that dies.
 */
import { inSystem32 } from "./system32.ts";
import { CONSTANTS, JOB_LIMITS } from "../win32/structs.ts";
import type { Host } from "./host.ts";

/** Constants of winnt.h. */
export const JOB_CONSTANTS = {
  /** `JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE`. */
  killOnJobClose: 0x2000,
  /** `PROCESS_TERMINATE`. */
  mayTerminate: 0x1,
  /** `PROCESS_SET_QUOTA`. */
  maySetQuota: 0x100,
  /** `PROCESS_DUP_HANDLE`. */
  mayDuplicateHandle: 0x40,
  /** `JOB_OBJECT_ASSIGN_PROCESS`. */
  mayAssign: 0x1,
  /** `DUPLICATE_SAME_ACCESS`. */
  sameAccess: 2,
} as const;
/** The exit code of what was killed with its job, so that it can be told from one that ended by itself. */
export const KILLED = 0x4b494c4c;

const C = JOB_CONSTANTS;

/** `GetCurrentProcess()` is this number, by its documentation. */
const THIS_PROCESS = 0xffff_ffff_ffff_ffffn;

const SIGNATURES = {
  // HANDLE CreateJobObjectW(SECURITY_ATTRIBUTES *, const wchar_t *name)
  CreateJobObjectW: { args: ["buffer", "buffer"], returns: "u64" },
  // HANDLE OpenJobObjectW(DWORD rights, BOOL inherit, const wchar_t *name)
  OpenJobObjectW: { args: ["u32", "i32", "buffer"], returns: "u64" },
  // BOOL SetInformationJobObject(HANDLE, JOBOBJECTINFOCLASS, void *, DWORD)
  SetInformationJobObject: { args: ["u64", "u32", "buffer", "u32"], returns: "i32" },
  // BOOL AssignProcessToJobObject(HANDLE job, HANDLE process)
  AssignProcessToJobObject: { args: ["u64", "u64"], returns: "i32" },
  // BOOL TerminateJobObject(HANDLE, UINT exitCode)
  TerminateJobObject: { args: ["u64", "u32"], returns: "i32" },
  // HANDLE OpenProcess(DWORD rights, BOOL inherit, DWORD pid)
  OpenProcess: { args: ["u32", "i32", "u32"], returns: "u64" },
  // BOOL DuplicateHandle(HANDLE fromProcess, HANDLE, HANDLE toProcess, HANDLE *, DWORD rights, BOOL inherit, DWORD)
  DuplicateHandle: { args: ["u64", "u64", "u64", "buffer", "u32", "i32", "u32"], returns: "i32" },
  // BOOL CloseHandle(HANDLE)
  CloseHandle: { args: ["u64"], returns: "i32" },
} as const;

/** A job whose processes die when its last handle is closed. */
export interface Job {
  /** Takes a process in; this one for `null`. False where the system refuses. */
  add(pid: number | null): boolean;
  /** Leaves the job to another process: it ends when that one does. False where the system refuses. */
  leaveTo(pid: number): boolean;
  /** Ends all processes in it, with this exit code; {@linkcode KILLED} by default. */
  kill(exitCode?: number): void;
  /** Gives the handle back, which ends the processes in it where it was the last. */
  close(): void;
}

/** Puts this process into the job of that name. False where there is none, or the system refuses. */
export function enterJob(host: Host, name: string): boolean {
  try {
    const { functions: f } = host.openLibrary([inSystem32(host, "kernel32.dll")], SIGNATURES);
    const job = f.OpenJobObjectW!(C.mayAssign, 0, wideText(name));
    if (job === 0n) return false;
    const entered = f.AssignProcessToJobObject!(job, THIS_PROCESS) !== 0;
    f.CloseHandle!(job);
    return entered;
  } catch {
    return false; // As below.
  }
}

/** A text as Windows takes it: UTF-16 and a zero. */
function wideText(text: string): Uint8Array {
  const units = Uint16Array.from(`${text}\0`, (unit) => unit.charCodeAt(0));
  return new Uint8Array(units.buffer);
}

/** Makes a job. Only Windows has them: `null` elsewhere, where native code may not be called, or the system refuses. */
export function makeJob(host: Host, name: string | null = null): Job | null {
  if (host.platform !== "windows") return null;
  try {
    const { functions: f } = host.openLibrary([inSystem32(host, "kernel32.dll")], SIGNATURES);
    const job = f.CreateJobObjectW!(null, name === null ? null : wideText(name));
    if (job === 0n) return null;
    const limits = new Uint8Array(JOB_LIMITS.size);
    new DataView(limits.buffer).setUint32(JOB_LIMITS.limitFlags, C.killOnJobClose, true);
    const close = () => void f.CloseHandle!(job);
    if (f.SetInformationJobObject!(job, CONSTANTS.jobExtendedLimits, limits, limits.length) === 0) {
      close();
      return null;
    }
    /** Opens a process, uses it, and gives it back. */
    const withProcess = (pid: number, rights: number, use: (handle: bigint) => number): boolean => {
      const process = f.OpenProcess!(rights, 0, pid);
      if (process === 0n) return false;
      const done = use(process) !== 0;
      f.CloseHandle!(process);
      return done;
    };
    return {
      add: (pid) =>
        pid === null ? f.AssignProcessToJobObject!(job, THIS_PROCESS) !== 0 : withProcess(
          pid,
          C.maySetQuota | C.mayTerminate,
          (handle) => f.AssignProcessToJobObject!(job, handle),
        ),
      leaveTo: (pid) => {
        const theirs = new BigUint64Array(1);
        const left = withProcess(
          pid,
          C.mayDuplicateHandle,
          (handle) => f.DuplicateHandle!(THIS_PROCESS, job, handle, theirs, 0, 0, C.sameAccess),
        );
        if (left) close();
        return left;
      },
      kill: (exitCode = KILLED) => void f.TerminateJobObject!(job, exitCode),
      close,
    };
  } catch {
    return null; // Deno without --allow-ffi, or a system without jobs.
  }
}
