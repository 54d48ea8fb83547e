/** What a device tells beside its memory, where nobody tells it. */
import type { DeviceInfo } from "../../lib/records.ts";

/** These numbers. */
export type Telemetry = Pick<
  DeviceInfo,
  | "utilizationRatio"
  | "memoryBandwidthBusyRatio"
  | "temperatureCelsius"
  | "powerWatts"
  | "smClockMhz"
  | "memoryClockMhz"
  | "eccEnabled"
  | "migEnabled"
>;

/** Nothing known. */
export const NO_TELEMETRY: Telemetry = {
  utilizationRatio: null,
  memoryBandwidthBusyRatio: null,
  temperatureCelsius: null,
  powerWatts: null,
  smClockMhz: null,
  memoryClockMhz: null,
  eccEnabled: null,
  migEnabled: null,
};
