/** Reads the fake library's answers as values: a number, or `code N` where the call failed. */
import assert from "node:assert/strict";
import type { Argument, Nvml } from "./call_nvml.ts";

export function u32(...values: number[]): Uint32Array {
  return new Uint32Array(values);
}

export function bytes(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** Calls a function whose last argument is one u32 to fill. */
export function number(nvml: Nvml, name: string, ...args: Argument[]): number | string {
  const out = u32(0xdeadbeef);
  const code = nvml.call(name, ...args, bytes(out));
  return code === 0 ? out[0]! : `code ${code}`;
}

export function text(nvml: Nvml, name: string, room: number, ...args: Argument[]): string {
  const out = new Uint8Array(room);
  const code = nvml.call(name, ...args, out, room);
  return code === 0 ? new TextDecoder().decode(out.subarray(0, out.indexOf(0))) : `code ${code}`;
}

export function memoryV2(nvml: Nvml, device: bigint, version = 0x02000028n): bigint[] | number {
  const out = new BigUint64Array([version, 0n, 0n, 0n, 0n]);
  const code = nvml.call("nvmlDeviceGetMemoryInfo_v2", device, bytes(out));
  return code === 0 ? [...out.subarray(1)] : code;
}

export function memoryV1(nvml: Nvml, device: bigint): bigint[] | number {
  const out = new BigUint64Array(3);
  const code = nvml.call("nvmlDeviceGetMemoryInfo", device, bytes(out));
  return code === 0 ? [...out] : code;
}

export interface Row {
  readonly pid: number;
  readonly used: bigint;
  readonly instances?: readonly number[];
}

/** Reads a list in rows of `stride` bytes, checking the two-step call on the way. */
export function rows(nvml: Nvml, name: string, device: bigint, stride: number): Row[] | number {
  const count = u32(0);
  let code = nvml.call(name, device, bytes(count), null);
  if (code === 0) return [];
  if (code !== 7) return code;
  const needed = count[0]!;
  const out = new Uint8Array(needed * stride + 16).fill(0xa5);
  count[0] = needed - 1;
  assert.equal(nvml.call(name, device, bytes(count), out), 7, "one row too few");
  assert.equal(count[0], needed);
  code = nvml.call(name, device, bytes(count), out);
  assert.equal(code, 0);
  assert.equal(count[0], needed);
  assert.ok(out.subarray(needed * stride).every((byte) => byte === 0xa5), "wrote past the rows");
  const view = new DataView(out.buffer);
  return Array.from({ length: needed }, (_, i) => ({
    pid: view.getUint32(i * stride, true),
    used: view.getBigUint64(i * stride + 8, true),
    ...(stride > 16 &&
      { instances: [16, 20].map((at) => view.getUint32(i * stride + at, true)) }),
  }));
}
