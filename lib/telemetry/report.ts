/**
 * The report of a program's allocator, read from what the program sent: our own fields, or the four keys of a PyTorch
 * training loop (`cuda_memory_allocated_gb` and so on) as they are.
 */
import type { Bytes } from "../records.ts";
import { GIB } from "../format.ts";
import { quotedNames, refuse, type Values } from "./refuse.ts";

/** What a program's allocator holds, in bytes. */
export interface AllocatorReport {
  /** Memory in use by tensors (`torch.cuda.memory_allocated`). Never above `reservedBytes`. */
  readonly allocatedBytes: number;
  /** Memory the allocator holds from the driver (`torch.cuda.memory_reserved`). */
  readonly reservedBytes: number;
  /** Highest allocated so far (`torch.cuda.max_memory_allocated`); `null` where it was not told. */
  readonly peakBytes: Bytes;
  /** Index of its GPU, as the program counts them; `null` where it was not told. */
  readonly device: number | null;
  /** The process that reports; `null` where it was not told. */
  readonly pid: number | null;
  /** The step it is at; `null` where it was not told. */
  readonly step: string | null;
}

/** Our own names of the fields. Each is also taken in snake_case. */
const OWN = { allocated: "allocatedBytes", reserved: "reservedBytes", peak: "peakBytes" } as const;
/** The names that training loops use; `gb` is 2^30 bytes. */
const CUDA = {
  allocated: "cuda_memory_allocated_gb",
  reserved: "cuda_memory_reserved_gb",
  peak: "cuda_memory_peak_gb",
} as const;
/** It follows from the others, so what was sent does not count. */
const CUDA_FRAGMENTATION = "cuda_memory_fragmentation";
const BESIDE = ["device", "pid", "step"] as const;

/** snake_case names and what they are inside. */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ["allocated_bytes", OWN.allocated],
  ["reserved_bytes", OWN.reserved],
  ["peak_bytes", OWN.peak],
]);

const LARGEST_INDEX = 2 ** 16 - 1;
const LARGEST_PID = 2 ** 32 - 1;
const LONGEST_STEP = 100;

/**
 * Reads a report.
 *
 * @throws {HypomnesisError} `invalid_request`, naming the field and what is accepted
 *
 * @example
 * ```ts
 * import { parseReport } from "./report.ts";
 *
 * const { allocatedBytes } = parseReport({
 *   cuda_memory_allocated_gb: 0.5,
 *   cuda_memory_reserved_gb: 1,
 *   cuda_memory_peak_gb: 0.75,
 *   cuda_memory_fragmentation: 0.5,
 * });
 * console.log(allocatedBytes); // 536870912
 * ```
 */
export function parseReport(value: unknown): AllocatorReport {
  const values = fieldsOf(value);
  const own = [...values.keys()].filter((key) => (Object.values(OWN) as string[]).includes(key));
  const cuda = [...values.keys()].filter((key) => key.startsWith("cuda_memory_"));
  if (own.length > 0 && cuda.length > 0) {
    throw refuse(`it has both ${own[0]} and ${cuda[0]}: give the fields of one form`);
  }
  const [names, unitBytes] = cuda.length > 0 ? [CUDA, GIB] : [OWN, 1];
  const allocatedBytes = bytesIn(values, names.allocated, unitBytes);
  const reservedBytes = bytesIn(values, names.reserved, unitBytes);
  if (allocatedBytes === null || reservedBytes === null) {
    const missing = allocatedBytes === null ? names.allocated : names.reserved;
    throw refuse(`${missing} is missing: give ${names.allocated} and ${names.reserved}`);
  }
  if (allocatedBytes > reservedBytes) {
    throw refuse(
      `${allocatedBytes} bytes allocated are more than ${reservedBytes} bytes reserved: ` +
        "an allocator hands out only what it has reserved",
    );
  }
  return {
    allocatedBytes,
    reservedBytes,
    peakBytes: bytesIn(values, names.peak, unitBytes),
    device: wholeIn(values, "device", 0, LARGEST_INDEX),
    pid: wholeIn(values, "pid", 1, LARGEST_PID),
    step: stepIn(values),
  };
}

/** The fields by our own names. A field without a value is one that was left out. */
function fieldsOf(value: unknown): Values {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse("it is no object: give { allocatedBytes, reservedBytes }");
  }
  const fields = new Map<string, unknown>();
  const unknown: string[] = [];
  const known: readonly string[] = [
    ...Object.values(OWN),
    ...Object.values(CUDA),
    CUDA_FRAGMENTATION,
    ...BESIDE,
  ];
  for (const [key, item] of Object.entries(value)) {
    const name = SPELLINGS.get(key) ?? key;
    if (!known.includes(name)) unknown.push(key);
    else if (fields.has(name)) throw refuse(`${name} is there twice: give it once`);
    else if (item !== null && item !== undefined) fields.set(name, item);
  }
  if (unknown.length > 0) {
    throw refuse(
      `unknown ${unknown.length === 1 ? "field" : "fields"} ${quotedNames(unknown)}: ` +
        `the fields are ${[...Object.values(OWN), ...BESIDE].join(", ")}, ` +
        `or ${[...Object.values(CUDA), CUDA_FRAGMENTATION].join(", ")} beside ${BESIDE.join(", ")}`,
    );
  }
  return fields;
}

/** An amount in bytes; `null` where it was left out. */
function bytesIn(values: Values, name: string, unitBytes: number): Bytes {
  const value = values.get(name);
  if (value === undefined) return null;
  if (typeof value !== "number") throw refuse(`${name} is no number: give ${amount(unitBytes)}`);
  // A share of a GiB that is no whole number of bytes was rounded by whoever sent it.
  const bytes = unitBytes === 1 ? value : Math.round(value * unitBytes);
  if (!Number.isSafeInteger(bytes) || value < 0) {
    throw refuse(`${name} is ${value}: give ${amount(unitBytes)}`);
  }
  return bytes;
}

function amount(unitBytes: number): string {
  return unitBytes === 1
    ? `a whole number of bytes from 0 to ${Number.MAX_SAFE_INTEGER}`
    : "GiB, from 0 to below 8388608";
}

function wholeIn(values: Values, name: string, least: number, most: number): number | null {
  const value = values.get(name);
  if (value === undefined) return null;
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    const shown = typeof value === "number" ? `is ${value}` : "is no number";
    throw refuse(`${name} ${shown}: give a whole number from ${least} to ${most}`);
  }
  return value;
}

function stepIn(values: Values): string | null {
  const value = values.get("step");
  if (value === undefined || value === "") return null;
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "string" && value.length <= LONGEST_STEP && !/\p{Cc}/u.test(value)) {
    return value;
  }
  throw refuse(
    `step is not accepted: give a number, or a text of up to ${LONGEST_STEP} characters without control characters`,
  );
}
