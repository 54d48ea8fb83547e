/** The limits of the job object this process runs in. */
import type { JobMemory } from "../../lib/records.ts";
import { type Host, HostError } from "../host/host.ts";
import { windowsOf } from "./libraries.ts";
import { CONSTANTS, JOB_LIMITS } from "./structs.ts";
import { readCount, viewOf } from "./values.ts";

const told = new WeakMap<Host, JobMemory | null>();

/**
 * The limits that are set from outside; `null` where there are none, or they are not told. The first answer holds:
 * jobs nest, Windows tells of the innermost, and a worker enters one of its own later, after asking this.
 */
export function readJobMemory(host: Host): JobMemory | null {
  let job = told.get(host);
  if (job === undefined) {
    job = parseJobMemory(readLimits(host));
    told.set(host, job);
  }
  return job;
}

/** The same of the bytes Windows gave; `null` as bytes: it gave none. */
export function parseJobMemory(limits: Uint8Array | null): JobMemory | null {
  if (limits === null) return null;
  const view = viewOf(limits);
  const flags = view.getUint32(JOB_LIMITS.limitFlags, true);
  const read = (flag: number, at: number) => (flags & flag) === 0 ? null : readCount(view, at);
  const limitBytes = read(CONSTANTS.jobLimitsJob, JOB_LIMITS.jobMemoryLimit);
  const processLimitBytes = read(CONSTANTS.jobLimitsProcess, JOB_LIMITS.processMemoryLimit);
  return limitBytes === null && processLimitBytes === null
    ? null
    : { limitBytes, processLimitBytes };
}

function readLimits(host: Host): Uint8Array | null {
  const limits = new Uint8Array(JOB_LIMITS.size);
  try {
    // 0 is the job of the caller. That there is none is told as an error.
    const query = windowsOf(host).get("QueryInformationJobObject");
    const isTold = query(0n, CONSTANTS.jobExtendedLimits, limits, limits.length, null) !== 0;
    return isTold ? limits : null;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    // Whoever asks for it reads more from the same library, and tells why that fails.
    return null;
  }
}
