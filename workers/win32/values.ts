/** Values out of Windows' structs. Whatever the bytes are, nothing here throws but for want of them. */
import type { Bytes } from "../../lib/records.ts";

/** Of a `FILETIME`, which counts 100 ns since 1601. */
const EPOCH = 116_444_736_000_000_000n;
const PER_MICROSECOND = 10n;
const PER_MILLISECOND = 10_000;

/** The bytes of a struct, to be read and written. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A struct that begins with its own size, as many of Windows' do, and is empty otherwise. */
export function sized(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  viewOf(bytes).setUint32(0, size, true);
  return bytes;
}

/** A 64-bit count; `null` above 2^53-1. */
export function readCount(view: DataView, at: number): Bytes {
  return exact(view.getBigUint64(at, true));
}

/** The product of two counts; `null` where it is above 2^53-1 or one of them is not known. */
export function timesCount(count: number | null, times: number | null): Bytes {
  if (count === null || times === null) return null;
  return exact(BigInt(count) * BigInt(times));
}

/** A moment, in microseconds since the epoch; `null` where there is none. */
export function readMoment(view: DataView, at: number): number | null {
  const value = view.getBigUint64(at, true);
  return value <= EPOCH ? null : exact((value - EPOCH) / PER_MICROSECOND);
}

/** Milliseconds since the epoch of what {@linkcode readMoment} gave. */
export function toMilliseconds(moment: number | null): number | null {
  return moment === null ? null : Math.floor(moment / 1000);
}

/** The sum of the durations that two structs begin with, in milliseconds. */
export function readDurations(first: DataView, second: DataView): number | null {
  const sum = exact(first.getBigUint64(0, true) + second.getBigUint64(0, true));
  return sum === null ? null : sum / PER_MILLISECOND;
}

/** UTF-16 up to the first NUL or the end. */
export function readText(bytes: Uint8Array): string {
  const text = new TextDecoder("utf-16le", { ignoreBOM: true }).decode(bytes);
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

function exact(value: bigint): number | null {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
}
