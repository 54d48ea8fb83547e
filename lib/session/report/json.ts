/** An analysis or a comparison as JSON, for programs. Pure. */
import { toJsonLine } from "../../json_case.ts";
import type { Comparison } from "../analysis/comparison.ts";
import type { Analysis } from "../analysis/records.ts";
import { MARKER_MEMBER } from "./marker.ts";

/** One line, keys in snake_case; the first member says who wrote it. */
export function renderJson(value: Analysis | Comparison): string {
  return toJsonLine({ ...MARKER_MEMBER, ...value });
}
