/** What the doctor finds about NVML: everything tried anew, call by call. */
import type { Failure } from "../../../lib/errors.ts";
import type { DeviceInfo, DoctorCall, Finding } from "../../../lib/records.ts";
import type { Host } from "../../host/host.ts";
import type { ProcessNamer } from "../../process_namer.ts";
import type { GpuSourceOptions } from "../source.ts";
import { type DeviceReading, readDevice } from "./device.ts";
import { unknownDevice } from "./identity.ts";
import type { KeptLibrary } from "./kept_library.ts";
import { openFailure } from "./open_failure.ts";
import { adviceFor, codeName, FUNCTION_NOT_FOUND, nvmlFailure, SUCCESS } from "./return_codes.ts";
import { isSession, openSession, readVersions, type Session } from "./session.ts";
import { type Untold, untoldFailures } from "./untold.ts";

/** Numbers of a device, and what they are called for people. */
const MEASURES: readonly (readonly [string, (device: DeviceInfo) => unknown])[] = [
  [
    "total, used and free memory of each GPU",
    ({ totalBytes, usedBytes }) => totalBytes ?? usedBytes,
  ],
  ["reserved memory", ({ reservedBytes }) => reservedBytes],
  ["utilisation", ({ utilizationRatio }) => utilizationRatio],
  ["temperature", ({ temperatureCelsius }) => temperatureCelsius],
  ["power", ({ powerWatts }) => powerWatts],
  ["clocks", ({ smClockMhz, memoryClockMhz }) => smClockMhz ?? memoryClockMhz],
];

/** Initialises NVML anew, in the library that is kept. The kept session is not touched. */
export function diagnoseNvml(
  host: Host,
  options: GpuSourceOptions,
  namer: ProcessNamer,
  library: KeptLibrary,
): Finding {
  const calls: DoctorCall[] = [];
  const codes = new Set<number>();
  const opened = openSession(host, library, (name, code, durationMs) => {
    calls.push({ name, outcome: codeName(code), durationMs });
    if (code !== SUCCESS) codes.add(code);
  });
  if (!isSession(opened)) {
    const failure = openFailure(opened, options.nvmlPath, host.platform);
    if (opened.code === null) {
      calls.push({ name: "dlopen", outcome: opened.detail, durationMs: opened.durationMs });
    }
    return {
      source: "nvml",
      present: failure.code === "absent" ? false : null,
      path: opened.path,
      version: kernelDriver(host),
      calls,
      failures: [failure],
      advice: adviceOf(codes, failure, host.platform),
      measures: [],
    };
  }
  const { failures, readings } = readAll(opened, host, namer);
  opened.functions.nvmlShutdown?.();
  return {
    source: "nvml",
    present: true,
    path: opened.path,
    version: versions(opened),
    calls,
    failures,
    advice: adviceOf(codes, null, host.platform),
    measures: measuresOf(readings),
  };
}

function readAll(
  session: Session,
  host: Host,
  namer: ProcessNamer,
): { failures: Failure[]; readings: DeviceReading[] } {
  const untold: Untold = [];
  readVersions(session, untold);
  const count = session.functions.nvmlDeviceGetCount_v2?.(session.number) ?? FUNCTION_NOT_FOUND;
  if (count !== SUCCESS) return { failures: [nvmlFailure(count, "count the GPUs")], readings: [] };
  const readings = Array.from(
    { length: session.number[0]! },
    (_, index) =>
      readDevice(
        session,
        unknownDevice(index),
        { processes: true, telemetry: true },
        host,
        namer,
      ),
  );
  const failures = readings.flatMap(({ failures }) => failures);
  return { failures: [...untoldFailures(untold, ""), ...failures], readings };
}

function measuresOf(readings: readonly DeviceReading[]): string[] {
  const measures = MEASURES
    .filter(([, read]) => readings.some(({ device }) => read(device) !== null))
    .map(([what]) => what);
  if (readings.some(({ isListed }) => isListed)) measures.push("memory of each process on a GPU");
  if (readings.some(({ device }) => device.migSlices.length > 0)) measures.push("MIG slices");
  return measures;
}

function versions({ driverVersion, nvmlVersion, cudaDriverVersion }: Session): string | null {
  const parts = [
    driverVersion === null ? [] : [`driver ${driverVersion}`],
    nvmlVersion === null ? [] : [`NVML ${nvmlVersion}`],
    cudaDriverVersion === null ? [] : [`CUDA ${cudaDriverVersion}`],
  ].flat();
  return parts.length === 0 ? null : parts.join(", ");
}

/** The kernel module's own word, which is there also when the library is not. */
function kernelDriver(host: Host): string | null {
  if (host.platform !== "linux") return null;
  try {
    const text = host.readText("/proc/driver/nvidia/version");
    const version = /Kernel Module\s+(?:for \S+\s+)?(\d+(?:\.\d+)+)/.exec(text)?.[1];
    return version === undefined ? null : `kernel module ${version}`;
  } catch {
    return null; // No module is loaded.
  }
}

function adviceOf(
  codes: ReadonlySet<number>,
  failure: Failure | null,
  platform: Host["platform"],
): string[] {
  const advice = [...codes].map(adviceFor).filter((text) => text !== null);
  if (failure?.code === "absent" && advice.length === 0) {
    const container = platform === "linux"
      ? " in a container, start it with the NVIDIA runtime (--gpus all);"
      : "";
    advice.push(
      `with an NVIDIA GPU: install the driver;${container} a library elsewhere can be named with ` +
        "HMN_NVML_PATH",
    );
  }
  return [...new Set(advice)];
}
