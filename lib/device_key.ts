/** What tells GPUs apart from one answer to the next. */
import type { DeviceInfo } from "./records.ts";

/** The UUID, so that a GPU keeps its history when the driver numbers it anew; its index where none is known. */
export function deviceKey({ uuid, index }: Pick<DeviceInfo, "uuid" | "index">): string {
  return uuid ?? String(index);
}
