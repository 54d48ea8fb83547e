/** The header of nvidia-smi's logs, and what is said about one that is missing. Pure. */
import { HypomnesisError } from "../../errors.ts";
import { escapeText } from "../../text.ts";
import { fieldOf, type SmiField } from "./nvidia_smi_cells.ts";
import { GPU_QUANTITIES } from "./quantities.ts";

/** The command that makes a log that can be read. */
const COMMAND = "nvidia-smi --query-gpu=timestamp,index,uuid,name,memory.used,memory.total," +
  "utilization.gpu --format=csv -l 2";

/** The places of the fields in a log; `null`: its first line is no header with a number of a GPU. Pure. */
export function smiFields(header: readonly string[]): ReadonlyMap<SmiField, number> | null {
  const places = new Map<SmiField, number>();
  header.forEach((cell, at) => {
    const field = fieldOf(cell);
    if (field !== null && !places.has(field)) places.set(field, at);
  });
  return GPU_QUANTITIES.some((quantity) => places.has(quantity)) ? places : null;
}

/** A log without its header. */
export function headerlessLog(path: string): HypomnesisError {
  return refusedLog(path, "it has no header, so nobody knows what its columns are");
}

/** A log that can't be read, with the command that makes one that can. */
export function refusedLog(path: string, why: string): HypomnesisError {
  const message = `Cannot read ${escapeText(path)} as a log of nvidia-smi: ${why}; record with ` +
    COMMAND;
  return new HypomnesisError("bad_value", message);
}
