/** What dxgi.h, dxgi1_4.h and dxgitype.h lay down, on 64-bit Windows. */

/** Places of the methods in their tables, counted from 0. Each interface begins with those of its parents. */
export const SLOT = {
  /** `IUnknown`. */
  QueryInterface: 0,
  Release: 2,
  /** `IDXGIAdapter1`. */
  GetDesc1: 10,
  /** `IDXGIFactory1`. */
  EnumAdapters1: 12,
  IsCurrent: 13,
  /** `IDXGIAdapter3`. */
  QueryVideoMemoryInfo: 14,
} as const;

/** `IID_IDXGIFactory1`, {770aae78-f26f-4dba-a829-253c83d1b387}, as it stands in memory. */
export const IID_FACTORY1: readonly number[] = [
  ...[0x78, 0xae, 0x0a, 0x77, 0x6f, 0xf2, 0xba, 0x4d],
  ...[0xa8, 0x29, 0x25, 0x3c, 0x83, 0xd1, 0xb3, 0x87],
];

/** `IID_IDXGIAdapter3`, {645967a4-1392-4310-a798-8053ce3e93fd}. */
export const IID_ADAPTER3: readonly number[] = [
  ...[0xa4, 0x67, 0x59, 0x64, 0x92, 0x13, 0x10, 0x43],
  ...[0xa7, 0x98, 0x80, 0x53, 0xce, 0x3e, 0x93, 0xfd],
];

/** `DXGI_ADAPTER_DESC1`. */
export const DESC1 = {
  size: 312,
  /** `WCHAR Description[128]`. */
  description: 0,
  descriptionBytes: 256,
  vendorId: 256,
  deviceId: 260,
  dedicatedVideoMemory: 272,
  sharedSystemMemory: 288,
  /** `LUID AdapterLuid`: the low half stands first. */
  luidLow: 296,
  luidHigh: 300,
  flags: 304,
} as const;

/** `DXGI_ADAPTER_FLAG`. */
export const FLAG = { remote: 1, software: 2 } as const;

/** Microsoft Basic Render Driver, which Windows lists on every machine. */
export const BASIC_RENDER = { vendorId: 0x1414, deviceId: 0x8c } as const;

/** `DXGI_QUERY_VIDEO_MEMORY_INFO`. */
export const MEMORY_INFO = {
  size: 32,
  budget: 0,
  currentUsage: 8,
  availableForReservation: 16,
  currentReservation: 24,
} as const;

/** `DXGI_MEMORY_SEGMENT_GROUP`. */
export const SEGMENT = { local: 0, nonLocal: 1 } as const;
