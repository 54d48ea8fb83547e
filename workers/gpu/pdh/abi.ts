/** The functions of pdh.dll, and what pdh.h and pdhmsg.h lay down, on 64-bit Windows. */
import type { Library } from "../../ffi/library.ts";

/** Handles are passed as the `u64` they are. */
export const PDH_SIGNATURES = {
  /** (LPCWSTR source, DWORD_PTR user, PDH_HQUERY *) */
  PdhOpenQueryW: { args: ["buffer", "u64", "buffer"], returns: "i32" },
  /** (PDH_HQUERY, LPCWSTR path, DWORD_PTR user, PDH_HCOUNTER *): names are the English ones on any Windows. */
  PdhAddEnglishCounterW: { args: ["u64", "buffer", "u64", "buffer"], returns: "i32" },
  PdhCollectQueryData: { args: ["u64"], returns: "i32" },
  /** (PDH_HCOUNTER, DWORD format, DWORD *bytes, DWORD *items, PDH_FMT_COUNTERVALUE_ITEM_W *) */
  PdhGetFormattedCounterArrayW: {
    args: ["u64", "u32", "buffer", "buffer", "u64"],
    returns: "i32",
  },
  PdhCloseQuery: { args: ["u64"], returns: "i32" },
} as const;

/** The functions, all there. */
export type PdhFunctions = {
  readonly [K in keyof typeof PDH_SIGNATURES]: NonNullable<
    Library<typeof PDH_SIGNATURES>["functions"][K]
  >;
};

/** `PDH_FMT_LARGE | PDH_FMT_NOSCALE`: whole numbers, not divided by the power of ten that is meant for graphs. */
export const FORMAT = 0x0400 | 0x1000;

/** `PDH_FMT_COUNTERVALUE_ITEM_W`; its texts stand behind the last item. */
export const ITEM = { size: 24, name: 0, status: 8, value: 16 } as const;

/** Statuses that are acted upon (pdhmsg.h), as unsigned numbers. */
export const STATUS = {
  /** `ERROR_SUCCESS`, and of a value `PDH_CSTATUS_VALID_DATA`. */
  ok: 0,
  newData: 1,
  noInstance: 0x8000_07d1,
  moreData: 0x8000_07d2,
  noData: 0x8000_07d5,
  noObject: 0xc000_0bb8,
  noCounter: 0xc000_0bb9,
} as const;

/** By status. */
export const STATUS_NAMES: Readonly<Record<number, string>> = {
  [STATUS.ok]: "ERROR_SUCCESS",
  [STATUS.newData]: "PDH_CSTATUS_NEW_DATA",
  0x8000_07d0: "PDH_CSTATUS_NO_MACHINE",
  [STATUS.noInstance]: "PDH_CSTATUS_NO_INSTANCE",
  [STATUS.moreData]: "PDH_MORE_DATA",
  0x8000_07d3: "PDH_CSTATUS_ITEM_NOT_VALIDATED",
  0x8000_07d4: "PDH_RETRY",
  [STATUS.noData]: "PDH_NO_DATA",
  0x8000_07d8: "PDH_CALC_NEGATIVE_VALUE",
  [STATUS.noObject]: "PDH_CSTATUS_NO_OBJECT",
  [STATUS.noCounter]: "PDH_CSTATUS_NO_COUNTER",
  0xc000_0bba: "PDH_CSTATUS_INVALID_DATA",
  0xc000_0bbb: "PDH_MEMORY_ALLOCATION_FAILURE",
  0xc000_0bbc: "PDH_INVALID_HANDLE",
  0xc000_0bbd: "PDH_INVALID_ARGUMENT",
  0xc000_0bbe: "PDH_FUNCTION_NOT_FOUND",
  0xc000_0bbf: "PDH_CSTATUS_NO_COUNTERNAME",
  0xc000_0bc0: "PDH_CSTATUS_BAD_COUNTERNAME",
  0xc000_0bc2: "PDH_INSUFFICIENT_BUFFER",
  0xc000_0bc6: "PDH_INVALID_DATA",
  0xc000_0bdb: "PDH_ACCESS_DENIED",
  0xc000_0bfe: "PDH_QUERY_PERF_DATA_TIMEOUT",
};

/** The name of a status; an unknown one keeps its number. */
export function statusName(status: number): string {
  return STATUS_NAMES[status] ?? `PDH status 0x${status.toString(16).padStart(8, "0")}`;
}

/** Windows has no such counter. */
export function isLacking(status: number): boolean {
  return status === STATUS.noObject || status === STATUS.noCounter;
}

/** There is the counter, and nothing to count at this time. */
export function isEmpty(status: number): boolean {
  return status === STATUS.noInstance || status === STATUS.noData;
}
