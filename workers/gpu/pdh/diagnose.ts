/** What the doctor finds about the performance counters: everything tried anew, call by call. */
import type { DoctorCall, Finding } from "../../../lib/records.ts";
import { type Host, HostError } from "../../host/host.ts";
import type { AdapterAddresses } from "../adapter_address.ts";
import type { ProcessNamer } from "../../process_namer.ts";
import { libraryFailure } from "../library_failure.ts";
import type { GpuReading } from "../source.ts";
import { toldCalls } from "../told_calls.ts";
import { statusName } from "./abi.ts";
import { ADAPTER_COUNTERS, PROCESS_COUNTERS } from "./counters.ts";
import { openPdh } from "./library.ts";
import { KeptQuery } from "./query.ts";
import { nothing, toReading } from "./reading.ts";

/** Tries it with queries of its own. The kept ones are not touched. */
export function diagnosePdh(
  host: Host,
  addresses: AdapterAddresses,
  namer: ProcessNamer,
): Finding {
  const calls: DoctorCall[] = [];
  const call = toldCalls(host, statusName, (name, outcome, durationMs) => {
    calls.push({ name, outcome, durationMs });
  });
  const startMs = host.now();
  let path: string | null = null;
  let reading: GpuReading;
  try {
    const pdh = openPdh(host, call);
    path = pdh.path;
    const adapters = new KeptQuery(pdh, ADAPTER_COUNTERS);
    const processes = new KeptQuery(pdh, PROCESS_COUNTERS);
    try {
      reading = toReading(adapters.read(), processes.read(), addresses, namer);
    } finally {
      adapters.close();
      processes.close();
    }
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    if (path === null) {
      calls.push({ name: "LoadLibrary", outcome: error.message, durationMs: host.now() - startMs });
    }
    reading = nothing([libraryFailure("pdh", "pdh.dll", error)]);
  }
  return { source: "pdh", path, version: null, calls, ...verdict(reading) };
}

function verdict(
  { devices, listedDevices, failures }: GpuReading,
): Pick<Finding, "present" | "failures" | "advice" | "measures"> {
  const isAbsent = failures.some(({ code }) => code === "absent");
  const isRefused = failures.some(({ code }) => code === "permission_denied");
  const measures = devices.length === 0 ? [] : ["Windows' own counters of each GPU's memory"];
  if (listedDevices.length > 0) measures.push("memory of each process on a GPU, system memory too");
  return {
    present: isAbsent ? false : isRefused ? null : true,
    failures,
    advice: isAbsent
      ? ["Windows 10 version 1709 or later and a GPU driver for WDDM 2 bring these counters"]
      : [],
    measures,
  };
}
