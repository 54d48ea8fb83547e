/** The name of a process as nvidia-smi prints it. Pure; any text is fine. */
import type { NameStatus } from "../../../lib/records.ts";
import { readCell } from "./cells.ts";

/** The name as a name, or why there is none. A path stays a path, as nvidia-smi prints it. */
export function readName(cell: string): { name: string | null; nameStatus: NameStatus } {
  const text = cell.trim();
  if (text === "?") return { name: null, nameStatus: "protected" };
  if (text === "-") return { name: null, nameStatus: "unknown" };
  const { text: name, trouble } = readCell(text);
  if (name !== null) return { name, nameStatus: "known" };
  if (trouble === "denied") return { name: null, nameStatus: "protected" };
  if (trouble === "not_found") return { name: null, nameStatus: "exited" };
  // A kernel thread's or a program's own name may stand in brackets; nvidia-smi's markers are few.
  const marker = trouble !== "failed" || /unknown error|function not found/i.test(text);
  return marker || !/^\[[^\s\]]+\]$/.test(text)
    ? { name: null, nameStatus: "unknown" }
    : { name: text, nameStatus: "known" };
}
