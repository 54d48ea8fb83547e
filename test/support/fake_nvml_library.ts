/**
 * NVML in memory: functions that write into buffers as the C library does, with every fault as a switch.
 *
 * Offsets stand here as numbers, after nvml.h, and are not taken from the tables of the code under test.
 * Over 200 lines because it is the whole library.
 */

/** A process in a device's lists. */
export interface FakeRow {
  pid: number;
  used: bigint;
  gi?: number;
  ci?: number;
  /** Lists it stands in; compute unless told otherwise. */
  lists?: readonly FakeList[];
}

export type FakeList = "Compute" | "Graphics" | "MPSCompute";

/** Memory as the driver counts it. */
export interface FakeMemory {
  total: bigint;
  reserved: bigint;
  used: bigint;
  free: bigint;
}

/** A MIG slice. */
export interface FakeSlice {
  memory: FakeMemory;
  gi: number;
  ci: number;
}

/** A GPU; a test changes it as it likes. */
export interface FakeGpu {
  name: string;
  uuid: string;
  pci: string;
  memory: FakeMemory;
  rows: FakeRow[];
  /** `null`: not supported. */
  mig: boolean | null;
  /** By place; `null`: no slice there. */
  slices: (FakeSlice | null)[];
  ecc: boolean | null;
}

export type FakeNvmlFunction = (...args: never[]) => number;

/** The library, and its switches. */
export interface FakeNvml {
  /** What `openLibrary` finds; goes into `fakeHost({ libraries })`. */
  readonly functions: Record<string, FakeNvmlFunction>;
  readonly gpus: FakeGpu[];
  /** Names of the calls so far; `name:0` where it is about GPU 0. */
  readonly calls: string[];
  /** What a function answers instead, by `name`, `name:GPU` or `*:GPU`. */
  readonly codes: Map<string, number>;
  /** From the n-th call on (counted from 1), `times` calls answer the code. */
  failAt: { call: number; code: number; times: number } | null;
  /** Called before each call, with its name. */
  before: ((name: string) => void) | null;
  /** Size of the rows of `_v3` lists. */
  stride: 24 | 32;
  /** Successful inits less shutdowns. */
  initialised: number;
  /** What a list says of its length where it does not fit, instead of the truth. */
  saidLength: number | null;
  /** What the driver says of the number of GPUs, instead of the truth. */
  saidCount: number | null;
}

const GIB = 2n ** 30n;
const NO_INSTANCE = 0xffff_ffff;
/** `NVML_VALUE_NOT_AVAILABLE`. */
export const SENTINEL = 0xffff_ffff_ffff_ffffn;

/** A healthy GPU. */
export function fakeGpu(index: number, more: Partial<FakeGpu> = {}): FakeGpu {
  return {
    name: "NVIDIA Fake A100",
    uuid: `GPU-00000000-0000-0000-0000-00000000000${index}`,
    pci: `00000000:0${index}:00.0`,
    memory: {
      total: 16n * GIB,
      reserved: GIB / 4n,
      used: 2n * GIB,
      free: 16n * GIB - 9n * GIB / 4n,
    },
    rows: [],
    mig: false,
    slices: [],
    ecc: true,
    ...more,
  };
}

type Out = Uint8Array | Uint32Array | BigUint64Array;

/** Makes the library, without the functions in `missing`. */
export function fakeNvml(
  gpus: FakeGpu[] = [fakeGpu(0)],
  missing: readonly string[] = [],
): FakeNvml {
  const fake: FakeNvml = {
    functions: {},
    gpus,
    calls: [],
    codes: new Map(),
    failAt: null,
    before: null,
    stride: 24,
    initialised: 0,
    saidLength: null,
    saidCount: null,
  };

  /** The GPU of a handle, and its slice where it is one. */
  function deviceOf(handle: bigint): { gpu: FakeGpu; slice: FakeSlice | null } | null {
    const index = Number((handle >> 8n) & 0xffn);
    const place = Number(handle & 0xffn);
    const gpu = handle >> 16n === 0x7f12n ? gpus[index] : undefined;
    if (gpu === undefined) return null;
    if (place === 0xff) return { gpu, slice: null };
    const slice = gpu.slices[place];
    return slice ? { gpu, slice } : null;
  }
  const handleOf = (gpu: number, place = 0xff) =>
    (0x7f12n << 16n) | (BigInt(gpu) << 8n) | BigInt(place);

  /** The code to answer at once, or 0. */
  function enter(name: string, handle: bigint | null): number {
    const gpu = handle === null ? null : Number((handle >> 8n) & 0xffn);
    fake.before?.(name);
    fake.calls.push(gpu === null ? name : `${name}:${gpu}`);
    const at = fake.failAt;
    const n = fake.calls.length;
    if (at !== null && n >= at.call && n < at.call + at.times) return at.code;
    const told = fake.codes.get(`${name}:${gpu}`) ?? fake.codes.get(`*:${gpu}`) ??
      fake.codes.get(name);
    if (told !== undefined && told !== 0) return told;
    return fake.initialised > 0 || name === "nvmlInit_v2" ? 0 : 1;
  }

  function system(name: string, body: (...args: never[]) => number | void): void {
    fake.functions[name] = (...args) => enter(name, null) || (body(...args) ?? 0);
  }
  type Target = { gpu: FakeGpu; slice: FakeSlice | null; index: number };
  function device(name: string, body: (target: Target, ...args: never[]) => number | void): void {
    fake.functions[name] = ((handle: bigint, ...args: never[]) => {
      const code = enter(name, handle);
      if (code !== 0) return code;
      const target = deviceOf(handle);
      if (target === null) return 2;
      return body({ ...target, index: Number((handle >> 8n) & 0xffn) }, ...args) ?? 0;
    }) as FakeNvmlFunction;
  }

  system("nvmlInit_v2", () => void fake.initialised++);
  system("nvmlShutdown", () => void fake.initialised--);
  system("nvmlSystemGetDriverVersion", (out: Out, room: number) => text(out, room, "550.163.01"));
  system("nvmlSystemGetNVMLVersion", (out: Out, room: number) => text(out, room, "12.550.163.01"));
  system("nvmlSystemGetCudaDriverVersion_v2", (out: Out) => put32(out, 0, 12040));
  system("nvmlDeviceGetCount_v2", (out: Out) => put32(out, 0, fake.saidCount ?? gpus.length));
  fake.functions["nvmlDeviceGetHandleByIndex_v2"] = ((index: number, out: Out) => {
    const code = enter("nvmlDeviceGetHandleByIndex_v2", handleOf(index));
    if (code !== 0) return code;
    if (index >= gpus.length) return 2;
    put64(out, 0, handleOf(index));
    return 0;
  }) as FakeNvmlFunction;
  device(
    "nvmlDeviceGetName",
    ({ gpu, slice }, out: Out, room: number) => text(out, room, gpu.name + (slice ? " MIG" : "")),
  );
  device(
    "nvmlDeviceGetUUID",
    ({ gpu, slice }, out: Out, room: number) =>
      text(out, room, slice ? `MIG-${gpu.uuid.slice(4)}-${slice.gi}-${slice.ci}` : gpu.uuid),
  );
  device(
    "nvmlDeviceGetPciInfo_v3",
    ({ gpu }, out: Out) => text(bytes(out).subarray(36, 68), 32, gpu.pci),
  );
  device("nvmlDeviceGetMemoryInfo", ({ gpu, slice }, out: Out) => {
    const { total, reserved, used, free } = (slice ?? gpu).memory;
    put64(out, 0, total);
    put64(out, 8, free);
    put64(out, 16, used === SENTINEL ? used : used + reserved);
  });
  device("nvmlDeviceGetMemoryInfo_v2", ({ gpu, slice }, out: Out) => {
    const { total, reserved, used, free } = (slice ?? gpu).memory;
    if (view(out).getUint32(0, true) !== 0x0200_0028) return 25;
    put64(out, 8, total);
    put64(out, 16, reserved);
    put64(out, 24, free);
    put64(out, 32, used);
    return 0;
  });
  for (const list of ["Compute", "Graphics", "MPSCompute"] as const) {
    for (const suffix of ["", "_v2", "_v3"]) {
      device(`nvmlDeviceGet${list}RunningProcesses${suffix}`, ({ gpu }, count: Out, out: Out) => {
        const rows = gpu.rows.filter(({ lists = ["Compute"] }) => lists.includes(list));
        const room = view(count).getUint32(0, true);
        const tooMany = rows.length > room;
        put32(count, 0, tooMany ? fake.saidLength ?? rows.length : rows.length);
        if (tooMany) return 7;
        const stride = suffix === "" ? 16 : suffix === "_v3" ? fake.stride : 24;
        rows.forEach((row, i) => {
          put32(out, i * stride, row.pid);
          put32(out, i * stride + 4, 0);
          put64(out, i * stride + 8, row.used);
          if (stride === 16) return;
          put32(out, i * stride + 16, row.gi ?? NO_INSTANCE);
          put32(out, i * stride + 20, row.ci ?? NO_INSTANCE);
          if (stride === 32) put64(out, i * stride + 24, 0n);
        });
        return 0;
      });
    }
  }
  device("nvmlDeviceGetConfComputeMemSizeInfo", () => 3);
  device("nvmlDeviceGetRunningProcessDetailList", () => 3);
  device("nvmlDeviceGetUtilizationRates", (_, out: Out) => {
    put32(out, 0, 37);
    put32(out, 4, 12);
  });
  device(
    "nvmlDeviceGetTemperature",
    (_, sensor: number, out: Out) => sensor === 0 ? put32(out, 0, 41) : 2,
  );
  device("nvmlDeviceGetPowerUsage", (_, out: Out) => put32(out, 0, 100_500));
  device(
    "nvmlDeviceGetClockInfo",
    (_, which: number, out: Out) => put32(out, 0, [1395, 1410, 1215, 1275][which]!),
  );
  device(
    "nvmlDeviceGetEccMode",
    ({ gpu }, current: Out, pending: Out) =>
      gpu.ecc === null ? 3 : (put32(current, 0, Number(gpu.ecc)), put32(pending, 0, 0)),
  );
  device(
    "nvmlDeviceGetMigMode",
    ({ gpu, slice }, current: Out, pending: Out) =>
      gpu.mig === null || slice
        ? 3
        : (put32(current, 0, Number(gpu.mig)), put32(pending, 0, Number(!gpu.mig))),
  );
  device("nvmlDeviceGetMaxMigDeviceCount", ({ gpu }, out: Out) => put32(out, 0, gpu.slices.length));
  device("nvmlDeviceGetMigDeviceHandleByIndex", ({ gpu, index }, place: number, out: Out) => {
    if (!gpu.slices[place]) return 6;
    put64(out, 0, handleOf(index, place));
    return 0;
  });
  device(
    "nvmlDeviceGetGpuInstanceId",
    ({ slice }, out: Out) => slice ? put32(out, 0, slice.gi) : 3,
  );
  device(
    "nvmlDeviceGetComputeInstanceId",
    ({ slice }, out: Out) => slice ? put32(out, 0, slice.ci) : 3,
  );
  for (const name of missing) delete fake.functions[name];
  return fake;
}

function bytes(out: Out): Uint8Array {
  return new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
}

/** Throws where a write leaves the buffer, which in C would overwrite what lies behind it. */
function view(out: Out): DataView {
  return new DataView(out.buffer, out.byteOffset, out.byteLength);
}

function put32(out: Out, at: number, value: number): void {
  view(out).setUint32(at, value, true);
}

function put64(out: Out, at: number, value: bigint): void {
  view(out).setBigUint64(at, value, true);
}

/** A text with its NUL; 7 where it does not fit. */
function text(out: Out, room: number, value: string): number {
  const encoded = new TextEncoder().encode(`${value}\0`);
  if (encoded.length > Math.min(room, out.byteLength)) return 7;
  bytes(out).set(encoded);
  return 0;
}
