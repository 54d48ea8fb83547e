/** `HRESULT`s by their names (winerror.h), and what they mean for us. */
import type { Failure, FailureCode } from "../../../lib/errors.ts";
import type { SourceName } from "../../../lib/sources.ts";

/** Codes that are acted upon, as unsigned numbers. */
export const S_OK = 0;
export const E_NOINTERFACE = 0x8000_4002;
export const E_POINTER = 0x8000_4003;
export const NOT_FOUND = 0x887a_0002;
export const UNSUPPORTED = 0x887a_0004;

/** By code. */
export const HRESULT_NAMES: Readonly<Record<number, string>> = {
  [S_OK]: "S_OK",
  1: "S_FALSE",
  0x8000_4001: "E_NOTIMPL",
  [E_NOINTERFACE]: "E_NOINTERFACE",
  [E_POINTER]: "E_POINTER",
  0x8000_4005: "E_FAIL",
  0x8000_ffff: "E_UNEXPECTED",
  0x8007_0005: "E_ACCESSDENIED",
  0x8007_000e: "E_OUTOFMEMORY",
  0x8007_0057: "E_INVALIDARG",
  0x887a_0001: "DXGI_ERROR_INVALID_CALL",
  [NOT_FOUND]: "DXGI_ERROR_NOT_FOUND",
  0x887a_0003: "DXGI_ERROR_MORE_DATA",
  [UNSUPPORTED]: "DXGI_ERROR_UNSUPPORTED",
  0x887a_0005: "DXGI_ERROR_DEVICE_REMOVED",
  0x887a_0006: "DXGI_ERROR_DEVICE_HUNG",
  0x887a_0007: "DXGI_ERROR_DEVICE_RESET",
  0x887a_0020: "DXGI_ERROR_DRIVER_INTERNAL_ERROR",
  0x887a_0022: "DXGI_ERROR_NOT_CURRENTLY_AVAILABLE",
  0x887a_002b: "DXGI_ERROR_ACCESS_DENIED",
};

const CODES: Readonly<Record<number, FailureCode>> = {
  [E_NOINTERFACE]: "not_supported",
  0x8000_4001: "not_supported",
  0x8007_0005: "permission_denied",
  0x887a_002b: "permission_denied",
};

/** The name of a code; an unknown one keeps its number. */
export function hresultName(code: number): string {
  return HRESULT_NAMES[code] ?? `HRESULT 0x${code.toString(16).padStart(8, "0")}`;
}

/** The call did what it was asked. The sign bit is that of failure. */
export function succeeded(code: number): boolean {
  return code < 0x8000_0000;
}

/** The failure of `doing`, such as "read GPU 0 by DXGI". */
export function hresultFailure(
  source: SourceName,
  code: number,
  doing: string,
  method: string,
): Failure {
  const name = hresultName(code);
  return {
    code: CODES[code] ?? "driver_failed",
    source,
    message: `Cannot ${doing}: ${method} answered ${name}`,
    driverCode: name,
  };
}
