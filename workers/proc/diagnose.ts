/** What the doctor finds about the proc sources. */
import type { Failure } from "../../lib/errors.ts";
import type { DoctorCall, Finding } from "../../lib/records.ts";
import type { SourceName } from "../../lib/sources.ts";
import { type Host, HostError } from "../host/host.ts";
import { parseCgroupPath } from "./cgroup_text.ts";
import { kibField } from "./fields.ts";
import { parseMeminfo } from "./meminfo.ts";
import { parsePressure } from "./pressure.ts";
import { parseCpuTimes, parseProcessTimes } from "./stat.ts";
import { garbled, notLinux, readFailure } from "./trouble.ts";

/** One file to try: what it tells when it is well. */
interface Probe {
  readonly path: string;
  readonly measures: string | ((text: string) => string);
  /** False where the text is of no use. */
  readonly check: (text: string) => boolean;
  /** Its absence is a matter of kernel or configuration, not a failure. */
  readonly optional?: boolean;
}

const PROC: readonly Probe[] = [
  {
    path: "/proc/self/status",
    measures: "name, RSS, peak RSS, anonymous, file and shared memory and swap of a process",
    check: (text) => kibField(text, "VmRSS") !== null,
  },
  {
    path: "/proc/self/stat",
    measures: "start of a process",
    check: (text) => parseProcessTimes(text).startTicks !== null,
  },
  {
    path: "/proc/meminfo",
    measures: "RAM and swap of the machine",
    check: (text) => parseMeminfo(text).totalBytes !== null,
  },
  {
    path: "/proc/stat",
    measures: "CPU utilisation of the machine",
    check: (text) => parseCpuTimes(text) !== null,
  },
  {
    path: "/proc/pressure/memory",
    measures: "memory pressure (PSI)",
    check: (text) => parsePressure(text) !== null,
    optional: true,
  },
  {
    path: "/proc/self/cgroup",
    measures: (text) =>
      `memory limit of the container or service (cgroup v${parseCgroupPath(text)?.version})`,
    check: (text) => parseCgroupPath(text) !== null,
    optional: true,
  },
];

const PROC_MM: readonly Probe[] = [
  {
    path: "/proc/self/cmdline",
    measures: "command line, user and container of a process",
    check: (text) => text !== "",
  },
  {
    path: "/proc/self/smaps_rollup",
    measures: "PSS of a process (when asked for)",
    check: (text) => kibField(text, "Pss") !== null,
    optional: true,
  },
];

/** Tries the files behind `proc`. */
export function diagnoseProc(host: Host): Finding {
  return diagnose(host, "proc", PROC);
}

/** Tries the files behind `proc_mm`. */
export function diagnoseProcMm(host: Host): Finding {
  return diagnose(host, "proc_mm", PROC_MM);
}

function diagnose(host: Host, source: SourceName, files: readonly Probe[]): Finding {
  const calls: DoctorCall[] = [];
  const failures: Failure[] = [];
  const measures: string[] = [];
  const probes = host.platform === "linux" ? files : [];
  if (probes.length === 0) failures.push(notLinux(source));
  for (const probe of probes) {
    const startMs = host.now();
    let outcome: string;
    try {
      const text = host.readText(probe.path);
      const isWell = probe.check(text);
      outcome = isWell ? "ok" : "not understood";
      if (isWell) measures.push(measuredBy(probe, text));
      else if (!probe.optional) failures.push(garbled(probe.path, source));
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      outcome = error.code;
      // The runtime refuses all of /proc or nothing; once is enough.
      const isToldBefore = error.code === "ENOTCAPABLE" && failures.length > 0;
      if (!probe.optional && !isToldBefore) {
        failures.push(readFailure(error, measuredBy(probe, ""), source));
      }
    }
    calls.push({ name: probe.path, outcome, durationMs: host.now() - startMs });
  }
  const refused = failures.some(({ code }) => code === "permission_denied");
  return {
    source,
    present: measures.length > 0 ? true : refused ? null : false,
    path: host.platform === "linux" ? "/proc" : null,
    version: kernelVersion(host),
    calls,
    failures,
    advice: refused
      ? ["On Deno, run with --allow-ffi or -A; elsewhere, check how /proc is mounted"]
      : [],
    measures,
  };
}

function measuredBy({ measures }: Probe, text: string): string {
  return typeof measures === "string" ? measures : measures(text);
}

function kernelVersion(host: Host): string | null {
  try {
    return `Linux ${host.readText("/proc/sys/kernel/osrelease").trim()}`;
  } catch {
    return null; // Only a remark; what failed stands in the calls.
  }
}
