/** Every metric there is: the only list, which the output, the alert rules and the dashboard are checked against. */
import type { Family } from "./family.ts";
import { GPU_FAMILIES } from "./gpu_families.ts";
import { PROCESS_FAMILIES } from "./process_families.ts";
import { SOURCE_FAMILIES } from "./source_families.ts";
import { SYSTEM_FAMILIES } from "./system_families.ts";

/** All families. */
export const FAMILIES: readonly Family[] = [
  ...SOURCE_FAMILIES,
  ...GPU_FAMILIES,
  ...SYSTEM_FAMILIES,
  ...PROCESS_FAMILIES,
];
