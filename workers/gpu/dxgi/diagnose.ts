/** What the doctor finds about dxgi.dll: everything tried anew, call by call. */
import type { Failure } from "../../../lib/errors.ts";
import type { DoctorCall, Finding } from "../../../lib/records.ts";
import type { SourceName } from "../../../lib/sources.ts";
import { type Host, HostError } from "../../host/host.ts";
import { libraryFailure } from "../library_failure.ts";
import { type Call, toldCalls } from "../told_calls.ts";
import { type Factory, openFactory } from "./factory.ts";
import { hresultName } from "./hresult.ts";

/** What a source found with a list of adapters of its own. */
export interface Tried {
  readonly failures: readonly Failure[];
  /** What it can tell here. */
  readonly measures: readonly string[];
}

/** Has `read` try a source on a new list of adapters. The kept one is not touched. */
export function diagnoseDxgi(
  host: Host,
  source: SourceName,
  read: (factory: Factory, call: Call) => Tried,
): Finding {
  const calls: DoctorCall[] = [];
  const call = toldCalls(host, hresultName, (name, outcome, durationMs) => {
    calls.push({ name, outcome, durationMs });
  });
  const startMs = host.now();
  let path: string | null = null;
  try {
    const factory = openFactory(host);
    path = factory.path;
    try {
      const tried = read(factory, call);
      return finding(source, path, calls, tried);
    } finally {
      factory.close();
    }
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    if (path === null) {
      calls.push({ name: "LoadLibrary", outcome: error.message, durationMs: host.now() - startMs });
    }
    const failures = [libraryFailure(source, "dxgi.dll", error)];
    return finding(source, path, calls, { failures, measures: [] });
  }
}

function finding(
  source: SourceName,
  path: string | null,
  calls: readonly DoctorCall[],
  { failures, measures }: Tried,
): Finding {
  const isAbsent = failures.some(({ code }) => code === "absent");
  const isRefused = failures.some(({ code }) => code === "permission_denied");
  return {
    source,
    present: isAbsent ? false : path === null || isRefused ? null : true,
    path,
    version: null,
    calls,
    failures,
    advice: isRefused ? ["on Deno allow --allow-ffi without a list of libraries"] : [],
    measures,
  };
}
