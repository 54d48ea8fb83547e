/** One device: its numbers, read each time. */
import type { Failure } from "../../../lib/errors.ts";
import type { DeviceInfo, GpuProcess } from "../../../lib/records.ts";
import type { Host } from "../../host/host.ts";
import type { ProcessNamer } from "../../process_namer.ts";
import { NO_TELEMETRY } from "../no_telemetry.ts";
import type { GpuQuestion } from "../source.ts";
import { identify, type KnownDevice } from "./identity.ts";
import { type MemoryReading, readMemory } from "./memory.ts";
import { readMigSlices } from "./mig.ts";
import { readProcesses } from "./processes.ts";
import { isFatal, isStale, NOT_BELIEVABLE, nvmlFailure, stateOf, SUCCESS } from "./return_codes.ts";
import type { Session } from "./session.ts";
import { rowFailures, toProcess } from "./told_rows.ts";
import { readTelemetry } from "./telemetry.ts";
import { isUnified, unifiedMemory } from "./unified.ts";
import { type Untold, untoldFailures } from "./untold.ts";

/** What was read of one device. */
export interface DeviceReading {
  readonly device: DeviceInfo;
  readonly processes: readonly GpuProcess[];
  /** Its list of processes was read whole. */
  readonly isListed: boolean;
  readonly failures: readonly Failure[];
  /** The code that shows that the library has to be initialised anew; `null` where none does. */
  readonly staleCode: number | null;
}

/** Reads one device. Never throws for what the driver answers. */
export function readDevice(
  session: Session,
  known: KnownDevice,
  question: GpuQuestion,
  host: Host,
  namer: ProcessNamer,
): DeviceReading {
  const { index } = known;
  const failures: Failure[] = [];
  const untold: Untold = [];
  const handleCode = identify(session, known, untold);
  if (handleCode !== SUCCESS || known.handle === null) {
    return unreadable(session, known, handleCode, `open GPU ${index}`);
  }
  const { handle } = known;
  const memory = readMemory(session, handle);
  if (isFatal(memory.code)) {
    return unreadable(session, known, memory.code, `read the memory of GPU ${index}`);
  }
  const hasMemory = memory.code === SUCCESS && memory.totalBytes !== 0;
  // On Windows the system's own sources tell of a GPU that shares its memory.
  const mayBeUnified = !hasMemory && host.platform === "linux";
  const processes = question.processes || mayBeUnified
    ? readProcesses(session, handle, hasMemory ? memory.totalBytes : null)
    : null;
  const unified = mayBeUnified && isUnified(memory, known.name, processes);
  if (memory.code !== SUCCESS && !unified) {
    failures.push(nvmlFailure(memory.code, `read the memory of GPU ${index}`, index));
  } else if (memory.isGarbled && !unified) {
    failures.push(nvmlFailure(NOT_BELIEVABLE, `read the memory of GPU ${index}`, index));
  }
  if ((question.processes || unified) && processes !== null && processes.code !== SUCCESS) {
    failures.push(nvmlFailure(processes.code, `list the processes of GPU ${index}`, index));
  }
  const telemetry = question.telemetry
    ? readTelemetry(session, handle, known.lacking, untold)
    : NO_TELEMETRY;
  const state = memory.code === SUCCESS || unified ? "ok" : stateOf(memory.code);
  if (state !== "ok") known.handle = null;
  const device: DeviceInfo = {
    ...emptyDevice(session, known),
    ...(unified ? unifiedMemory(host, processes) : dedicatedMemory(memory)),
    ...telemetry,
    state,
    migSlices: telemetry.migEnabled ? readMigSlices(session, handle, untold) : [],
  };
  if (unified && device.totalBytes === null) failures.push(meminfoFailure(index));
  const rows = question.processes ? processes?.rows ?? [] : [];
  // The used memory of a unified GPU is the sum of the rows, asked for or not.
  failures.push(...rowFailures(unified ? processes?.rows ?? [] : rows, device));
  failures.push(...untoldFailures(untold, ` of GPU ${index}`, index));
  return {
    device,
    processes: rows.map((row) => toProcess(row, device, namer)),
    isListed: question.processes && processes?.code === SUCCESS,
    failures,
    staleCode: [memory.code, processes?.code ?? SUCCESS, ...untold.map(({ code }) => code)]
      .find(isStale) ?? null,
  };
}

/** A device that answers nothing, with the identity it had. */
function unreadable(
  session: Session,
  known: KnownDevice,
  code: number,
  doing: string,
): DeviceReading {
  known.handle = null;
  return {
    device: { ...emptyDevice(session, known), state: stateOf(code) },
    processes: [],
    isListed: false,
    failures: [nvmlFailure(code, doing, known.index)],
    staleCode: isStale(code) ? code : null,
  };
}

function emptyDevice(session: Session, known: KnownDevice): DeviceInfo {
  return {
    index: known.index,
    name: known.name,
    totalBytes: null,
    freeBytes: null,
    usedBytes: null,
    reservedBytes: null,
    driverVersion: session.driverVersion,
    sharedUsedBytes: null,
    usedIncludesReserved: null,
    memoryKind: null,
    state: "ok",
    uuid: known.uuid,
    pciBusId: known.pciBusId,
    pciId: known.pciId,
    luid: null,
    wddm: null,
    ...NO_TELEMETRY,
    cudaDriverVersion: session.cudaDriverVersion,
    migSlices: [],
    source: "nvml",
  };
}

function dedicatedMemory(
  { code, totalBytes, freeBytes, usedBytes, reservedBytes, usedIncludesReserved }: MemoryReading,
): Partial<DeviceInfo> {
  return {
    totalBytes,
    freeBytes,
    usedBytes,
    reservedBytes,
    usedIncludesReserved,
    memoryKind: code === SUCCESS ? "dedicated" : null,
  };
}

function meminfoFailure(deviceIndex: number): Failure {
  return {
    code: "absent",
    source: "nvml",
    message: `Cannot read the memory of GPU ${deviceIndex}: it shares the system's RAM, and ` +
      "/proc/meminfo does not tell that",
    deviceIndex,
  };
}
