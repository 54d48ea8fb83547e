/** The array that `PdhGetFormattedCounterArrayW` fills. Pure. */
import type { Bytes } from "../../../lib/records.ts";
import { ITEM, STATUS } from "./abi.ts";

/** One instance and its value. */
export interface Item {
  /** Name of the instance; `null` where it can't be read. Untrusted text. */
  readonly name: string | null;
  /** `CStatus`, as an unsigned number. */
  readonly status: number;
  /** `null` where the status says that there is none, and below 0 and above 2^53-1, which no memory is. */
  readonly value: Bytes;
}

/** Longer than any instance of these counters. */
const MOST_NAME_BYTES = 1024;

const decoder = new TextDecoder("utf-16le");

/**
 * The first `count` items; more than `bytes` holds are not read. `base` is the address that `bytes` was copied from,
 * because the names are pointers into it.
 */
export function parseItems(bytes: Uint8Array, base: bigint, count: number): Item[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items: Item[] = [];
  const held = Math.min(count, Math.floor(bytes.byteLength / ITEM.size));
  for (let i = 0, at = 0; i < held; i++, at += ITEM.size) {
    const status = view.getUint32(at + ITEM.status, true);
    items.push({
      name: readName(bytes, view.getBigUint64(at + ITEM.name, true) - base),
      status,
      value: isValid(status) ? readValue(view, at + ITEM.value) : null,
    });
  }
  return items;
}

/** The value is one. */
export function isValid(status: number): boolean {
  return status === STATUS.ok || status === STATUS.newData;
}

function readValue(view: DataView, at: number): Bytes {
  const value = view.getBigInt64(at, true);
  return value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
}

/** The UTF-16 text from `offset` to its NUL; `null` where it does not begin, or end, in the buffer. */
function readName(bytes: Uint8Array, offset: bigint): string | null {
  if (offset < 0n || offset > BigInt(bytes.byteLength - 2)) return null;
  const from = Number(offset);
  const to = Math.min(bytes.byteLength - 1, from + MOST_NAME_BYTES);
  for (let at = from; at < to; at += 2) {
    if (bytes[at] === 0 && bytes[at + 1] === 0) return decoder.decode(bytes.subarray(from, at));
  }
  return null;
}
