/**
 * The processes of the machine: `NtQuerySystemInformation(SystemProcessInformation)`, which Task Manager and .NET read
 * too. It tells of those as well that may not be opened, and needs no right.
 */
import type { ProcessMemory } from "../../lib/records.ts";
import { toldPrivate } from "./counters.ts";
import type { Windows } from "./libraries.ts";
import { makeProcess } from "./record.ts";
import { CONSTANTS, SYSTEM_PROCESS, UNICODE_STRING } from "./structs.ts";
import { querySystem, type SystemAnswer } from "./system_query.ts";
import { failedWith } from "./trouble.ts";
import { readCount, readDurations, readMoment, readText, viewOf } from "./values.ts";

/** Every process by its PID, its CPU time included. Throws {@linkcode HostError}. */
export function readProcessList(windows: Windows): Map<number, ProcessMemory> {
  const answer = querySystem(windows, CONSTANTS.systemProcesses);
  if (answer.status !== 0) throw failedWith("NtQuerySystemInformation", answer.status);
  return parseProcessList(answer);
}

/** The same of the bytes. PID 0, which is what the processors do when they have nothing to do, is left out. */
export function parseProcessList(answer: Omit<SystemAnswer, "status">): Map<number, ProcessMemory> {
  const { bytes } = answer;
  const found = new Map<number, ProcessMemory>();
  for (let at = 0; at + SYSTEM_PROCESS.size <= bytes.length;) {
    const entry = bytes.subarray(at, at + SYSTEM_PROCESS.size);
    const process = parseEntry(entry, answer);
    if (process !== null) found.set(process.pid, process);
    const next = viewOf(entry).getUint32(SYSTEM_PROCESS.nextEntryOffset, true);
    // The last one says 0. A step into the entry itself can't be true.
    if (next < SYSTEM_PROCESS.size) break;
    at += next;
  }
  return found;
}

function parseEntry(
  entry: Uint8Array,
  answer: Omit<SystemAnswer, "status">,
): ProcessMemory | null {
  const view = viewOf(entry);
  const pid = readCount(view, SYSTEM_PROCESS.uniqueProcessId);
  const rssBytes = readCount(view, SYSTEM_PROCESS.workingSetSize);
  if (pid === null || pid === 0) return null;
  // It has ended, and is listed for as long as somebody has it open.
  if (rssBytes === 0 && view.getUint32(SYSTEM_PROCESS.numberOfThreads, true) === 0) return null;
  const at = (offset: number) => viewOf(entry.subarray(offset));
  return makeProcess({
    pid,
    parentPid: readCount(view, SYSTEM_PROCESS.inheritedFromProcessId),
    name: readName(entry, answer),
    startTicks: readMoment(view, SYSTEM_PROCESS.createTime),
    rssBytes,
    peakRssBytes: readCount(view, SYSTEM_PROCESS.peakWorkingSetSize),
    privateBytes: toldPrivate(readCount(view, SYSTEM_PROCESS.privatePageCount)),
    cpuTimeMs: readDurations(at(SYSTEM_PROCESS.userTime), at(SYSTEM_PROCESS.kernelTime)),
  });
}

function readName(
  entry: Uint8Array,
  { bytes, address }: Omit<SystemAnswer, "status">,
): string | null {
  const string = viewOf(entry.subarray(SYSTEM_PROCESS.imageName));
  const length = string.getUint16(UNICODE_STRING.length, true);
  const start = string.getBigUint64(UNICODE_STRING.buffer, true) - address;
  if (length === 0 || start < 0n || start + BigInt(length) > BigInt(bytes.length)) return null;
  return readText(bytes.subarray(Number(start), Number(start) + length)) || null;
}
