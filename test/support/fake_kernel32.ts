/**
 * kernel32.dll and ntdll.dll in memory: functions that fill buffers as Windows does, with every fault as a switch.
 *
 * Offsets stand here as numbers, after the headers, and are not taken from the tables of the code under test.
 * Over 200 lines because it is the whole of both.
 */
import type { FakeMachine } from "./fake_host.ts";

/** A process of the fake machine; a test changes it as it likes. */
export interface FakeProcess {
  pid: number;
  parentPid: number;
  name: string;
  /** The path of its program; `null`: it is not told. */
  path: string | null;
  /** Milliseconds since the epoch; `null`: the system tells none. */
  startMs: number | null;
  rss: bigint;
  peak: bigint;
  private: bigint;
  /** In 100 ns. */
  kernel: bigint;
  user: bigint;
  threads: number;
  /** It may not be opened. */
  denied: boolean;
  /** It has ended, and somebody has it open. */
  exitCode: number | null;
}

type Out = Uint8Array | Uint32Array | BigUint64Array;
// deno-lint-ignore no-explicit-any -- each function has parameters of its own.
type Fake = (...args: any[]) => number | bigint | void;

/** The machine, and its switches. */
export interface FakeWindows {
  /** Goes into `fakeHost`. */
  readonly machine: FakeMachine;
  processes: FakeProcess[];
  ram: { total: bigint; available: bigint };
  performance: { commit: bigint; limit: bigint; page: bigint; processes: number };
  /** In pages; a number is the status that is given instead. */
  pageFiles: { total: number; used: number }[] | number;
  /** In 100 ns; the kernel's time holds the idle time. */
  cpu: { idle: bigint; kernel: bigint; user: bigint };
  /** `null`: in no job. */
  job: { flags: number; process: bigint; job: bigint } | null;
  /** Functions that fail. */
  readonly failing: Set<string>;
  /** What a function fills its buffer with instead, by name. */
  readonly garbage: Map<string, number>;
  /** Starts a process; it is in the jobs of its parent. */
  start(process: FakeProcess): void;
  /** Called before each call, with its name. */
  before: ((name: string) => void) | null;
  /** Names of the calls so far. */
  readonly calls: string[];
  /** Handles and memory that were not given back. */
  readonly open: Set<bigint>;
}

const ROOT = "D:\\Win";
/** 1601 to 1970 in milliseconds. */
const SINCE_1601 = 11_644_473_600_000n;
const STILL_ACTIVE = 259;
const WAIT_TIMEOUT = 258;
const INVALID_HANDLE = 0xffff_ffff_ffff_ffffn;
const PID_OF_CALLER = 4000;

/** A process that runs. */
export function fakeProcess(pid: number, more: Partial<FakeProcess> = {}): FakeProcess {
  return {
    pid,
    parentPid: 0,
    name: `p${pid}.exe`,
    path: `C:\\Programs\\p${pid}.exe`,
    startMs: 1_700_000_000_000 + pid,
    rss: BigInt(pid) * 4096n,
    peak: BigInt(pid) * 8192n,
    private: BigInt(pid) * 6144n,
    kernel: 10_000_000n,
    user: 25_000_000n,
    threads: 2,
    denied: false,
    exitCode: null,
    ...more,
  };
}

/** Makes the machine, without the functions in `missing`. */
export function fakeWindows(
  processes: FakeProcess[] = [],
  missing: readonly string[] = [],
): FakeWindows {
  const kernel32: Record<string, Fake> = {};
  const ntdll: Record<string, Fake> = {};
  const fake: FakeWindows = {
    machine: {
      platform: "windows",
      variables: { SystemRoot: ROOT },
      libraries: {
        [`${ROOT}\\System32\\kernel32.dll`]: kernel32,
        [`${ROOT}\\System32\\ntdll.dll`]: ntdll,
      },
    },
    processes,
    ram: { total: 32n << 30n, available: 20n << 30n },
    performance: {
      commit: 1000n,
      limit: 5000n,
      page: 4096n,
      processes: Math.max(1, processes.length),
    },
    pageFiles: [{ total: 300, used: 20 }, { total: 100, used: 5 }],
    cpu: { idle: 600n, kernel: 1000n, user: 200n },
    job: null,
    failing: new Set(),
    garbage: new Map(),
    start: (process) => {
      fake.processes.push(process);
      for (const job of jobs) {
        if ([...job].some(({ pid }) => pid === process.parentPid)) job.add(process);
      }
    },
    before: null,
    calls: [],
    open: new Set(),
  };
  const jobs = new Set<Set<FakeProcess>>();
  const handles = new Map<bigint, FakeProcess | Set<FakeProcess> | "snapshot">();
  const memory = new Map<bigint, Uint8Array>();
  /** How far each snapshot was read. */
  const read = new Map<bigint, number>();
  let next = 0x100n;

  const define = (library: Record<string, Fake>, failed: number | bigint) => {
    return (name: string, body: Fake): void => {
      library[name] = (...args) => {
        fake.before?.(name);
        fake.calls.push(name);
        if (fake.failing.has(name)) return name.endsWith("Snapshot") ? INVALID_HANDLE : failed;
        const result = body(...args);
        const byte = fake.garbage.get(name);
        if (byte !== undefined) {
          for (const arg of args) if (ArrayBuffer.isView(arg)) bytesOf(arg as Out).fill(byte);
        }
        return result;
      };
    };
  };
  const k = define(kernel32, 0);
  const n = define(ntdll, 0xc000_0001 | 0);
  const give = (what: FakeProcess | Set<FakeProcess> | "snapshot") => {
    next += 4n;
    handles.set(next, what);
    fake.open.add(next);
    return next;
  };
  const processOf = (handle: bigint) => {
    // `GetCurrentProcess()` is the same number.
    if (handle === INVALID_HANDLE) {
      return fake.processes.find(({ pid }) => pid === PID_OF_CALLER) ?? fakeProcess(PID_OF_CALLER);
    }
    const found = handles.get(handle);
    if (found === undefined || found === "snapshot" || found instanceof Set) {
      throw new Error("a handle of no process");
    }
    return found;
  };
  const jobOf = (handle: bigint) => {
    const found = handles.get(handle);
    if (!(found instanceof Set)) throw new Error("a handle of no job");
    return found;
  };

  k("CloseHandle", (handle: bigint) => {
    if (!fake.open.delete(handle)) throw new Error("closed twice");
    handles.delete(handle);
    return 1;
  });
  k("GetProcessId", (handle: bigint) => processOf(handle).pid);
  k("GetExitCodeProcess", (handle: bigint, code: Out) => {
    put32(code, 0, processOf(handle).exitCode ?? STILL_ACTIVE);
    return 1;
  });
  k("WaitForSingleObject", (handle: bigint, ms: number) => {
    if (ms !== 0) throw new Error("it waits");
    return processOf(handle).exitCode === null ? WAIT_TIMEOUT : 0;
  });
  k("OpenProcess", (right: number, _inherit: number, pid: number) => {
    const process = fake.processes.find((one) => one.pid === pid);
    return right !== 0x101 || process === undefined || process.denied ? 0n : give(process);
  });
  k("CreateJobObjectW", () => {
    const job = new Set<FakeProcess>();
    jobs.add(job);
    return give(job);
  });
  k("SetInformationJobObject", (job: bigint) => jobOf(job).size === 0 ? 1 : 0);
  k("AssignProcessToJobObject", (job: bigint, process: bigint) => {
    if (processOf(process).exitCode !== null) return 0;
    jobOf(job).add(processOf(process));
    return 1;
  });
  k("TerminateJobObject", (job: bigint, exitCode: number) => {
    for (const process of jobOf(job)) {
      if (process.exitCode === null) Object.assign(process, { exitCode, threads: 0, rss: 0n });
    }
    return 1;
  });
  k("GetProcessTimes", (handle: bigint, start: Out, end: Out, kernel: Out, user: Out) => {
    const process = processOf(handle);
    put64(start, 0, filetime(process.startMs));
    put64(end, 0, 0n);
    put64(kernel, 0, process.kernel);
    put64(user, 0, process.user);
    return 1;
  });
  k("K32GetProcessMemoryInfo", (handle: bigint, out: Out, size: number) => {
    if (size !== 80) return 0;
    const { rss, peak, private: own } = processOf(handle);
    put64(out, 8, peak);
    put64(out, 16, rss);
    put64(out, 72, own);
    return 1;
  });
  k("QueryFullProcessImageNameW", (handle: bigint, form: number, out: Out, length: Out) => {
    const { path } = processOf(handle);
    if (form !== 0 || path === null || path.length >= viewOf(length).getUint32(0, true)) return 0;
    putText(out, 0, path);
    put32(length, 0, path.length);
    return 1;
  });
  k("GlobalMemoryStatusEx", (out: Out) => {
    if (viewOf(out).getUint32(0, true) !== 64) return 0;
    put64(out, 8, fake.ram.total);
    put64(out, 16, fake.ram.available);
    return 1;
  });
  k("K32GetPerformanceInfo", (out: Out, size: number) => {
    if (size !== 104) return 0;
    put64(out, 8, fake.performance.commit);
    put64(out, 16, fake.performance.limit);
    put64(out, 80, fake.performance.page);
    put32(out, 92, fake.performance.processes);
    return 1;
  });
  k("GetSystemTimes", (idle: Out, kernel: Out, user: Out) => {
    put64(idle, 0, fake.cpu.idle);
    put64(kernel, 0, fake.cpu.kernel);
    put64(user, 0, fake.cpu.user);
    return 1;
  });
  k("QueryInformationJobObject", (job: bigint, what: number, out: Out, size: number) => {
    if (fake.job === null || job !== 0n || what !== 9 || size !== 144) return 0;
    put32(out, 16, fake.job.flags);
    put64(out, 112, fake.job.process);
    put64(out, 120, fake.job.job);
    return 1;
  });
  k("CreateToolhelp32Snapshot", (flags: number) => {
    const snapshot = give("snapshot");
    read.set(snapshot, 0);
    return flags === 2 ? snapshot : 0;
  });
  const step = (snapshot: bigint, out: Out) => {
    const at = read.get(snapshot)!;
    const process = fake.processes[at];
    if (process === undefined || viewOf(out).getUint32(0, true) !== 568) return 0;
    read.set(snapshot, at + 1);
    bytesOf(out).fill(0, 4);
    put32(out, 8, process.pid);
    put32(out, 32, process.parentPid);
    putText(out, 44, process.name);
    return 1;
  };
  k("Process32FirstW", step);
  k("Process32NextW", step);
  k("LocalAlloc", (_flags: number, size: bigint) => {
    next += 0x1_0000_0000n;
    memory.set(next, new Uint8Array(Number(size)));
    fake.open.add(next);
    return next;
  });
  k("LocalFree", (address: bigint) => {
    if (!fake.open.delete(address)) throw new Error("freed twice");
    memory.delete(address);
    return 0n;
  });
  k("RtlMoveMemory", (out: Out, from: bigint, size: bigint) => {
    bytesOf(out).set(memory.get(from)!.subarray(0, Number(size)));
  });
  n("NtOpenProcess", (handle: Out, right: number, named: Out, id: Out) => {
    if (![0x1000, 0x101000].includes(right) || viewOf(named).getUint32(0, true) !== 48) {
      return 0xc000_000d | 0;
    }
    // The two lowest bits say nothing.
    const pid = Number(viewOf(id).getBigUint64(0, true) & ~3n);
    const process = fake.processes.find((one) => one.pid === pid);
    if (process === undefined) return 0xc000_000b | 0;
    if (process.denied) return 0xc000_0022 | 0;
    put64(handle, 0, give(process));
    return 0;
  });
  n("NtQuerySystemInformation", (what: number, address: bigint, size: number, length: Out) => {
    if (what === 18 && typeof fake.pageFiles === "number") return fake.pageFiles;
    const told = what === 5 ? processList(fake.processes, address) : pageFiles(fake.pageFiles);
    put32(length, 0, told.length);
    if (told.length > size) return 0xc000_0004 | 0;
    memory.get(address)!.set(told);
    return 0;
  });
  n("RtlGetVersion", (out: Out) => {
    put32(out, 4, 10);
    put32(out, 8, 0);
    put32(out, 12, 22631);
    return 0;
  });
  for (const name of missing) {
    delete kernel32[name];
    delete ntdll[name];
  }
  return fake;
}

/** `SYSTEM_PROCESS_INFORMATION`s as they lie at `address`: 256 bytes, 80 for each thread, the name. */
export function processList(processes: readonly FakeProcess[], address: bigint): Uint8Array {
  const sizes = processes.map(({ threads, name }) =>
    256 + threads * 80 + ((2 * name.length + 15) & ~7)
  );
  const all = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const [i, process] of processes.entries()) {
    const entry = all.subarray(at, at + sizes[i]!);
    const nameAt = 256 + process.threads * 80;
    put32(entry, 0, i === processes.length - 1 ? 0 : sizes[i]!);
    put32(entry, 4, process.threads);
    put64(entry, 32, filetime(process.startMs));
    put64(entry, 40, process.user);
    put64(entry, 48, process.kernel);
    viewOf(entry).setUint16(56, 2 * process.name.length, true);
    put64(entry, 64, process.name === "" ? 0n : address + BigInt(at + nameAt));
    put64(entry, 80, BigInt(process.pid));
    put64(entry, 88, BigInt(process.parentPid));
    put64(entry, 136, process.peak);
    put64(entry, 144, process.rss);
    put64(entry, 200, process.private);
    putText(entry, nameAt, process.name);
    at += sizes[i]!;
  }
  return all;
}

function pageFiles(files: FakeWindows["pageFiles"]): Uint8Array {
  const list = typeof files === "number" ? [] : files;
  const all = new Uint8Array(list.length * 56);
  list.forEach(({ total, used }, i) => {
    put32(all, i * 56, i === list.length - 1 ? 0 : 56);
    put32(all, i * 56 + 4, total);
    put32(all, i * 56 + 8, used);
  });
  return all;
}

function filetime(ms: number | null): bigint {
  return ms === null ? 0n : (BigInt(ms) + SINCE_1601) * 10_000n;
}

function bytesOf(out: Out): Uint8Array {
  return new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
}

/** Throws where a write leaves the buffer, which in C would overwrite what lies behind it. */
function viewOf(out: Out): DataView {
  return new DataView(out.buffer, out.byteOffset, out.byteLength);
}

function put32(out: Out, at: number, value: number): void {
  viewOf(out).setUint32(at, value, true);
}

function put64(out: Out, at: number, value: bigint): void {
  viewOf(out).setBigUint64(at, value, true);
}

function putText(out: Out, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) viewOf(out).setUint16(at + 2 * i, text.charCodeAt(i), true);
}
