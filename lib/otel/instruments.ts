/** The one table of instruments: what is registered with OpenTelemetry, what is pushed, and what is documented. */
import { GPU_INSTRUMENTS } from "./gpu_instruments.ts";
import type { Instrument } from "./instrument.ts";
import { OWN_INSTRUMENTS } from "./own_instruments.ts";
import { PROCESS_INSTRUMENTS } from "./process_instruments.ts";
import { SYSTEM_INSTRUMENTS } from "./system_instruments.ts";

/** Every instrument. */
export const INSTRUMENTS: readonly Instrument[] = [
  ...GPU_INSTRUMENTS,
  ...PROCESS_INSTRUMENTS,
  ...SYSTEM_INSTRUMENTS,
  ...OWN_INSTRUMENTS,
];
