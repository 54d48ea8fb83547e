/** One device: its identity, which is kept, and its numbers, which are read each time. */
import type { Failure } from "../../../lib/errors.ts";
import type { DeviceInfo, GpuProcess } from "../../../lib/records.ts";
import type { Host } from "../../host/host.ts";
import type { ProcessNamer } from "../../proc_names.ts";
import { normalPciBusId } from "../pci_bus_id.ts";
import type { GpuQuestion } from "../source.ts";
import { type MemoryReading, readMemory } from "./memory.ts";
import { readMigSlices } from "./mig.ts";
import type { ProcessRow } from "./process_rows.ts";
import { readProcesses } from "./processes.ts";
import { FUNCTION_NOT_FOUND, nvmlFailure, stateOf, SUCCESS } from "./return_codes.ts";
import { readDeviceText, type Session } from "./session.ts";
import { PCI_INFO, readCString, TEXT } from "./structs.ts";
import { NO_TELEMETRY, readTelemetry } from "./telemetry.ts";
import { isUnified, unifiedMemory } from "./unified.ts";

/** What is kept of a device from one reading to the next. */
export interface KnownDevice {
  readonly index: number;
  /** `null` after a call that shows that the handle may be stale. */
  handle: bigint | null;
  name: string | null;
  uuid: string | null;
  pciBusId: string | null;
  /** Calls it does not support. */
  readonly lacking: Set<string>;
}

/** A device nothing is known of. */
export function unknownDevice(index: number): KnownDevice {
  return { index, handle: null, name: null, uuid: null, pciBusId: null, lacking: new Set() };
}

/** What was read of one device. */
export interface DeviceReading {
  readonly device: DeviceInfo;
  readonly processes: readonly GpuProcess[];
  /** Its list of processes was read whole. */
  readonly isListed: boolean;
  readonly failures: readonly Failure[];
  /** Codes that failed, for the doctor of the session. */
  readonly worstCode: number;
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
  const handleCode = identify(session, known);
  if (handleCode !== SUCCESS || known.handle === null) {
    failures.push(nvmlFailure(handleCode, `open GPU ${index}`, index));
    return {
      device: { ...emptyDevice(session, known), state: stateOf(handleCode) },
      processes: [],
      isListed: false,
      failures,
      worstCode: handleCode,
    };
  }
  const { handle } = known;
  const memory = readMemory(session, handle);
  const mayBeUnified = !(memory.code === SUCCESS && memory.totalBytes !== 0);
  const processes = question.processes || mayBeUnified
    ? readProcesses(session, handle, mayBeUnified ? null : memory.totalBytes)
    : null;
  const unified = mayBeUnified && isUnified(memory, known.name, processes);
  if (memory.code !== SUCCESS && !unified) {
    failures.push(nvmlFailure(memory.code, `read the memory of GPU ${index}`, index));
  }
  if (question.processes && processes !== null && processes.code !== SUCCESS) {
    failures.push(nvmlFailure(processes.code, `list the processes of GPU ${index}`, index));
  }
  const telemetry = question.telemetry
    ? readTelemetry(session, handle, known.lacking)
    : NO_TELEMETRY;
  const state = memory.code === SUCCESS || unified ? "ok" : stateOf(memory.code);
  if (state !== "ok") known.handle = null;
  const device: DeviceInfo = {
    ...emptyDevice(session, known),
    ...(unified ? unifiedMemory(host, processes) : dedicatedMemory(memory)),
    ...telemetry,
    state,
    migSlices: telemetry.migEnabled ? readMigSlices(session, handle) : [],
  };
  const rows = question.processes ? processes?.rows ?? [] : [];
  failures.push(...rowFailures(rows, device));
  return {
    device,
    processes: rows.map((row) => toProcess(row, device, namer)),
    isListed: question.processes && processes?.code === SUCCESS,
    failures,
    worstCode: memory.code,
  };
}

/** Gets the handle and, once, the identity. */
function identify(session: Session, known: KnownDevice): number {
  if (known.handle !== null) return SUCCESS;
  const { functions: f, handle: buffer } = session;
  const code = f.nvmlDeviceGetHandleByIndex_v2?.(known.index, buffer) ?? FUNCTION_NOT_FOUND;
  if (code !== SUCCESS) return code;
  const handle = buffer[0]!;
  known.handle = handle;
  // A device that is lost keeps the identity it had.
  known.name = readDeviceText(f.nvmlDeviceGetName, handle, TEXT.name) ?? known.name;
  known.uuid = readDeviceText(f.nvmlDeviceGetUUID, handle, TEXT.uuid) ?? known.uuid;
  const pci = new Uint8Array(PCI_INFO.size);
  if (f.nvmlDeviceGetPciInfo_v3?.(handle, pci) === SUCCESS) {
    known.pciBusId = normalPciBusId(readCString(pci, PCI_INFO.busId, PCI_INFO.busIdLength)) ??
      known.pciBusId;
  }
  return SUCCESS;
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
    usedIncludesReserved: null,
    memoryKind: null,
    state: "ok",
    uuid: known.uuid,
    pciBusId: known.pciBusId,
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

function toProcess(row: ProcessRow, device: DeviceInfo, namer: ProcessNamer): GpuProcess {
  const { name, nameStatus } = namer.name(row.pid);
  return {
    pid: row.pid,
    name,
    nameStatus,
    usedBytes: row.usedBytes,
    sharedUsedBytes: null,
    missing: row.missing,
    rssBytes: null,
    deviceIndex: device.index,
    deviceUuid: device.uuid,
    deviceName: device.name,
    contexts: row.contexts,
    gpuInstanceId: row.gpuInstanceId,
    computeInstanceId: row.computeInstanceId,
    source: "nvml",
  };
}

/** The two driver bugs, each told once for a device, with how many rows it spoils. */
function rowFailures(rows: readonly ProcessRow[], device: DeviceInfo): Failure[] {
  const failures: Failure[] = [];
  const tell = (missing: ProcessRow["missing"], what: string) => {
    const count = rows.filter((row) => row.missing === missing).length;
    if (count === 0) return;
    failures.push({
      code: "bad_value",
      source: "nvml",
      message: `Cannot tell the memory of ${count} of ${rows.length} processes on GPU ` +
        `${device.index}: ${what}`,
      deviceIndex: device.index,
      count,
    });
  };
  tell(
    "sentinel",
    "the driver gave 0xFFFFFFFFFFFFFFFF (a fault of R570 drivers, and the rule under WSL and WDDM)",
  );
  tell("exceeds_total", "the driver gave more than the device has");
  return failures;
}
