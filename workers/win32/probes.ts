/** The calls that the doctor tries, one by one. */
import type { Host } from "../host/host.ts";
import { readMemory, readTimes } from "./counters.ts";
import { readCpuTimes } from "./cpu.ts";
import { withProcess } from "./handles.ts";
import { readJobMemory } from "./job.ts";
import { type Windows, windowsOf } from "./libraries.ts";
import { readPerformance, readRam } from "./machine.ts";
import { readPageFiles } from "./page_files.ts";
import { readProcessList } from "./process_list.ts";
import { readNames } from "./snapshot.ts";
import { OS_VERSION } from "./structs.ts";
import { failedWith } from "./trouble.ts";
import { sized, viewOf } from "./values.ts";

/** `"not told"`: it works, but this system leaves the number out; `"none"`: it works, and there is nothing to tell. */
export type ProbeOutcome = "ok" | "not told" | "none";

/** One call to try. */
export interface Probe {
  readonly name: string;
  /** What it tells when it is well. */
  readonly measures: string;
  /** Throws {@linkcode HostError}. */
  call(): ProbeOutcome;
}

/** `GetCurrentProcess()`. */
const OURSELVES = 0xffff_ffff_ffff_ffffn;

/** All of them, in the order of a reading. */
export function makeProbes(host: Host): readonly Probe[] {
  const windows = windowsOf(host);
  const probe = (name: string, measures: string, call: () => unknown): Probe => ({
    name,
    measures,
    call: () => call() === null ? "not told" : "ok",
  });
  return [
    probe("NtOpenProcess", "processes that may be opened, among them our own", () => {
      return withProcess(windows, windows.get("GetProcessId")(OURSELVES), () => true);
    }),
    probe("K32GetProcessMemoryInfo", "RSS and peak RSS of a process", () => {
      return readMemory(windows, OURSELVES);
    }),
    probe("PrivateUsage of K32GetProcessMemoryInfo", "private bytes of a process", () => {
      return readMemory(windows, OURSELVES).privateBytes;
    }),
    probe("GetProcessTimes", "start and CPU time of a process", () => {
      return readTimes(windows, OURSELVES).startTicks;
    }),
    probe(
      "NtQuerySystemInformation(SystemProcessInformation)",
      "names, parents and memory of all processes",
      () => readProcessList(windows).size > 0 ? true : null,
    ),
    probe("CreateToolhelp32Snapshot", "names of the processes that use a GPU", () => {
      return readNames(windows);
    }),
    probe("GlobalMemoryStatusEx", "RAM of the machine", () => readRam(windows)),
    probe("K32GetPerformanceInfo", "commit and number of processes", () => {
      return readPerformance(windows);
    }),
    probe("NtQuerySystemInformation(SystemPagefileInformation)", "page files", () => {
      return readPageFiles(windows, readPerformance(windows).pageSize).swapTotalBytes;
    }),
    probe("GetSystemTimes", "CPU utilisation of the machine", () => readCpuTimes(windows)),
    {
      name: "QueryInformationJobObject",
      measures: "memory limit of the job object",
      call: () => readJobMemory(host) === null ? "none" : "ok",
    },
  ];
}

/** `RtlGetVersion`, which no manifest makes tell an older one. Throws {@linkcode HostError}. */
export function readVersion(windows: Windows): string {
  const version = sized(OS_VERSION.size);
  const status = windows.get("RtlGetVersion")(version);
  if (status !== 0) throw failedWith("RtlGetVersion", status);
  const view = viewOf(version);
  const [major, minor, build] = [OS_VERSION.major, OS_VERSION.minor, OS_VERSION.build]
    .map((at) => view.getUint32(at, true));
  return `Windows ${major}.${minor}.${build}`;
}
