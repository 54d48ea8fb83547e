/** The system's libraries that RAM is read through, opened when they are first needed. */
import type { Library, NativeFunction, Signatures } from "../ffi/library.ts";
import { inSystem32 } from "../host/system32.ts";
import { type Host, HostError } from "../host/host.ts";

/** kernel32.dll. A handle is a `u64`. */
const KERNEL32 = {
  CloseHandle: { args: ["u64"], returns: "i32" },
  CreateToolhelp32Snapshot: { args: ["u32", "u32"], returns: "u64" },
  GetExitCodeProcess: { args: ["u64", "buffer"], returns: "i32" },
  GetProcessId: { args: ["u64"], returns: "u32" },
  GetProcessTimes: { args: ["u64", "buffer", "buffer", "buffer", "buffer"], returns: "i32" },
  GetSystemTimes: { args: ["buffer", "buffer", "buffer"], returns: "i32" },
  GlobalMemoryStatusEx: { args: ["buffer"], returns: "i32" },
  K32GetPerformanceInfo: { args: ["buffer", "u32"], returns: "i32" },
  K32GetProcessMemoryInfo: { args: ["u64", "buffer", "u32"], returns: "i32" },
  LocalAlloc: { args: ["u32", "u64"], returns: "u64" },
  LocalFree: { args: ["u64"], returns: "u64" },
  Process32FirstW: { args: ["u64", "buffer"], returns: "i32" },
  Process32NextW: { args: ["u64", "buffer"], returns: "i32" },
  QueryFullProcessImageNameW: { args: ["u64", "u32", "buffer", "buffer"], returns: "i32" },
  QueryInformationJobObject: { args: ["u64", "i32", "buffer", "u32", "buffer"], returns: "i32" },
  RtlMoveMemory: { args: ["buffer", "u64", "u64"], returns: "void" },
  WaitForSingleObject: { args: ["u64", "u32"], returns: "u32" },
} as const satisfies Signatures;

/** ntdll.dll. What it gives back is an `NTSTATUS`. */
const NTDLL = {
  NtOpenProcess: { args: ["buffer", "u32", "buffer", "buffer"], returns: "i32" },
  NtQuerySystemInformation: { args: ["i32", "u64", "u32", "buffer"], returns: "i32" },
  RtlGetVersion: { args: ["buffer"], returns: "i32" },
} as const satisfies Signatures;

type Functions = typeof KERNEL32 & typeof NTDLL;
/** Those of both libraries; each has its own part. */
type Bound = Library<Functions>["functions"];

/** Functions of Windows by their names. */
export interface Windows {
  /** The full path of kernel32.dll. Throws {@linkcode HostError} where it can't be opened. */
  path(): string;
  /** A function. Throws {@linkcode HostError} where its library can't be opened, or lacks it. */
  get<K extends keyof Functions>(name: K): NativeFunction<Functions[K]>;
}

const opened = new WeakMap<Host, Windows>();

/** Windows as this host has it. It opens nothing yet. */
export function windowsOf(host: Host): Windows {
  let windows = opened.get(host);
  if (windows === undefined) {
    windows = makeWindows(host);
    opened.set(host, windows);
  }
  return windows;
}

function makeWindows(host: Host): Windows {
  const kernel32 = once(() => host.openLibrary([inSystem32(host, "kernel32.dll")], KERNEL32));
  const ntdll = once(() => host.openLibrary([inSystem32(host, "ntdll.dll")], NTDLL));
  return {
    path: () => kernel32().path,
    get(name) {
      const { path, functions } = name in NTDLL ? ntdll() : kernel32();
      const found = (functions as Bound)[name];
      if (found === null) throw new HostError("EIO", path, `${path} has no function ${name}`);
      return found;
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
