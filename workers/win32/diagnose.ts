/** What the doctor finds about `win32`. */
import type { Failure } from "../../lib/errors.ts";
import type { DoctorCall, Finding } from "../../lib/records.ts";
import { type Host, HostError } from "../host/host.ts";
import { windowsOf } from "./libraries.ts";
import { makeProbes, type Probe, readVersion } from "./probes.ts";
import { readFailure } from "./trouble.ts";

/** Tries the calls behind `win32`. */
export function diagnoseWin32(host: Host): Finding {
  const windows = windowsOf(host);
  const calls: DoctorCall[] = [];
  const failures: Failure[] = [];
  const measures: string[] = [];
  const path = attempt(() => windows.path(), (error) => {
    failures.push(readFailure(error, "RAM"));
  });
  const probes: readonly Probe[] = path === null ? [] : makeProbes(host);
  for (const probe of probes) {
    const startMs = host.now();
    let outcome: string;
    try {
      outcome = probe.call();
      if (outcome === "ok") measures.push(probe.measures);
      if (outcome === "not told") failures.push(notTold(probe));
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      outcome = error.code === "EIO" ? "failed" : error.code;
      failures.push(readFailure(error, probe.measures));
    }
    calls.push({ name: probe.name, outcome, durationMs: host.now() - startMs });
  }
  const isRefused = failures.some(({ code }) => code === "permission_denied");
  return {
    source: "win32",
    present: measures.length > 0 ? true : isRefused ? null : false,
    path,
    version: path === null ? null : attempt(() => readVersion(windows), () => {}),
    calls,
    failures,
    advice: isRefused ? ["On Deno, run with --allow-ffi or -A"] : [],
    measures,
  };
}

function notTold({ name, measures }: Probe): Failure {
  return {
    code: "not_supported",
    source: "win32",
    message: `Cannot read ${measures}: this system leaves it out of ${name}, as Wine does`,
  };
}

function attempt<T>(action: () => T, onError: (error: HostError) => void): T | null {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    onError(error);
    return null;
  }
}
