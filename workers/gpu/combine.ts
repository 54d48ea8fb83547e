/** Asks the GPU sources in order until the question is answered, and no more of them than it takes. */
import { type Failure, toFailure } from "../../lib/errors.ts";
import type { SourceName } from "../../lib/sources.ts";
import { fillGaps, isSameDevice } from "./fill_gaps.ts";
import { GapMemory, REST_MS } from "./gap_memory.ts";
import { type Gap, gapsOf } from "./gaps.ts";
import { joinReadings } from "./join.ts";
import type { GpuQuestion, GpuReading, GpuSource } from "./source.ts";
import { listsGpus, withWholeLists } from "./windows_lists.ts";
import { hasUntoldNvidia, withoutNvidiaTrouble } from "./windows_nvidia.ts";

/**
 * Reads the GPUs from `sources`, best first. One that joins is always asked. Any other is asked only where no earlier
 * one gave a device and one failed, or where a gap is left that it may fill; `begin` is called before that. "There is
 * no GPU" is an answer. `configured` are the names of all sources, with those that are left alone this time. Never
 * throws.
 */
export async function readGpus(
  sources: readonly GpuSource[],
  question: GpuQuestion,
  begin: (name: SourceName) => void,
  memory: GapMemory = new GapMemory(() => 0),
  configured: readonly SourceName[] = [],
): Promise<GpuReading> {
  let reading: GpuReading = { devices: [], processes: [], listedDevices: [], failures: [] };
  const told = new Map<SourceName, GpuReading>();
  for (const [i, source] of sources.entries()) {
    const { name } = source;
    if (source.joins) {
      if (i > 0) begin(name);
      const next = await readSafely(source, question);
      told.set(name, next);
      reading = joinReadings(reading, next, name, name !== "pdh" || !listsGpus(told.get("dxgi")));
      continue;
    }
    if (hasUntoldNvidia(reading)) {
      if (memory.restMs(name) > 0) continue;
      begin(name);
      reading = joinFallback(reading, await readSafely(source, question), name, memory);
      continue;
    }
    const gaps = gapsOf(reading, question);
    if (i > 0) {
      const answered = reading.failures.length === 0;
      if (reading.devices.length > 0 ? gaps.length === 0 : answered) break;
      if (gaps.length > 0 && memory.restMs(name) > 0) {
        reading = withFailures(reading, restFailures(name, gaps, memory));
        continue;
      }
      begin(name);
    }
    const next = await readSafely(source, question);
    if (gaps.length === 0) {
      reading = { ...next, failures: [...reading.failures, ...next.failures] };
    } else {
      reading = heal(reading, next, name, question, memory);
    }
  }
  if (told.size > 0) reading = withoutNvidiaTrouble(reading);
  return withWholeLists(reading, told, configured.includes("pdh"));
}

/** What the program tells in the library's place; its absence is told once. */
function joinFallback(
  reading: GpuReading,
  other: GpuReading,
  name: SourceName,
  memory: GapMemory,
): GpuReading {
  const firstAbsence = memory.note(name, other.devices.length > 0, isAbsence(other));
  return isAbsence(other) && !firstAbsence ? reading : joinReadings(reading, other, name);
}

function isAbsence({ devices, failures }: GpuReading): boolean {
  return devices.length === 0 && failures.some(({ code }) => code === "absent");
}

async function readSafely(source: GpuSource, question: GpuQuestion): Promise<GpuReading> {
  try {
    return await source.read(question);
  } catch (error) {
    const failures = [toFailure(error, source.name)];
    return { devices: [], processes: [], listedDevices: [], failures };
  }
}

/** Fills the gaps and says what was filled, what was not, and why. */
function heal(
  reading: GpuReading,
  other: GpuReading,
  name: SourceName,
  question: GpuQuestion,
  memory: GapMemory,
): GpuReading {
  const before = gapsOf(reading, question);
  const filled = fillGaps(reading, other, name);
  const rows = (of: GpuReading, i: number) =>
    of.processes.filter((p) => p.deviceIndex === i).length;
  // A list may be of use although it is not known to be whole.
  const left = gapsOf(filled, question).filter(({ kind, deviceIndex: i }) =>
    kind !== "list" || rows(filled, i) === rows(reading, i)
  );
  const count = (gaps: readonly Gap[]) => gaps.reduce((sum, gap) => sum + gap.count, 0);
  const anyFilled = count(left) < count(before);
  const absent = isAbsence(other);
  const firstAbsence = memory.note(name, anyFilled, absent);
  const healedIndices = new Set(before.map(({ deviceIndex }) => deviceIndex));
  const failures = reading.failures.map((failure): Failure => {
    const { deviceIndex, code } = failure;
    if (code !== "bad_value" && code !== "driver_failed") return failure;
    if (deviceIndex === undefined || !healedIndices.has(deviceIndex)) return failure;
    const here = (gaps: readonly Gap[]) => count(gaps.filter((g) => g.deviceIndex === deviceIndex));
    const [had, has] = [here(before), here(left)];
    if (has === had) return failure;
    const share = has === 0 ? "" : `${had - has} of ${had} `;
    return { ...failure, message: `${failure.message}; ${share}filled from ${name}` };
  });
  if (absent) {
    if (firstAbsence) failures.push(...other.failures);
  } else {
    failures.push(...otherFailures(filled, other, left));
    if (other.devices.length > 0) {
      const retry = anyFilled ? {} : { retryInMs: REST_MS };
      for (const gap of left) {
        failures.push(gapFailure(gap, name, `${name} can't tell either`, retry));
      }
    }
  }
  return { ...filled, failures };
}

/** What the other source said that concerns the gaps still open, in our own indices. */
function otherFailures(filled: GpuReading, other: GpuReading, left: readonly Gap[]): Failure[] {
  return other.failures.flatMap((failure) => {
    if (failure.deviceIndex === undefined) return [failure];
    const theirs = other.devices.find(({ index }) => index === failure.deviceIndex);
    const ours = theirs && filled.devices.find((device) => isSameDevice(device, theirs));
    if (ours === undefined || !left.some((gap) => gap.deviceIndex === ours.index)) return [];
    return [{ ...failure, deviceIndex: ours.index }];
  });
}

/** A source that rests is not asked; that it is not here was said once. */
function restFailures(name: SourceName, gaps: readonly Gap[], memory: GapMemory): Failure[] {
  if (memory.isAbsent(name)) return [];
  const retryInMs = Math.ceil(memory.restMs(name));
  const why = `${name} could not at the last try and is asked again in ` +
    `${Math.ceil(retryInMs / 1000)} s`;
  return gaps.map((gap) => gapFailure(gap, name, why, { retryInMs }));
}

function gapFailure(
  { kind, deviceIndex, count }: Gap,
  source: SourceName,
  why: string,
  more: { readonly retryInMs?: number },
): Failure {
  const what = kind === "memory"
    ? "the memory"
    : kind === "list"
    ? "the list of processes"
    : `the memory of ${count} process${count === 1 ? "" : "es"}`;
  return {
    code: kind === "rows" ? "bad_value" : "driver_failed",
    message: `Cannot fill in ${what} of GPU ${deviceIndex}: ${why}`,
    source,
    deviceIndex,
    ...(kind === "rows" ? { count } : {}),
    ...more,
  };
}

function withFailures(reading: GpuReading, more: readonly Failure[]): GpuReading {
  return { ...reading, failures: [...reading.failures, ...more] };
}
