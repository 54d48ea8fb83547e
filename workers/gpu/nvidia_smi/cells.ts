/** One line of nvidia-smi's CSV, and what a cell says. Pure; any text is fine. */

/** Why a cell holds no value. */
export type Trouble =
  /** The device or driver does not tell this: `[N/A]`, `[Not Supported]`. */
  | "not_supported"
  /** It fell off the bus. */
  | "lost"
  | "reset_required"
  /** We may not know. */
  | "denied"
  /** The thing asked about is gone: `[Not Found]`. */
  | "not_found"
  /** Anything else that is not a value. */
  | "failed";

/** A cell: its text, or why there is none. */
export interface Cell {
  readonly text: string | null;
  /** `null` where there is a text. */
  readonly trouble: Trouble | null;
  /** What nvidia-smi printed. */
  readonly words: string;
}

/** Bytes in nvidia-smi's MiB. */
const MIB = 2 ** 20;
/** 0xFFFFFFFFFFFFFFFF bytes as nvidia-smi prints them: the R570 sentinel. */
const SENTINEL_MIB = 17_592_186_044_415;

/**
 * Splits a line into `count` cells. Only the one at `free` may contain commas itself, so what is too
 * much belongs to it. `null` where there are too few.
 */
export function splitLine(line: string, count: number, free: number): string[] | null {
  const parts = line.split(",");
  const surplus = parts.length - count;
  if (surplus < 0) return null;
  const middle = parts.slice(free, free + surplus + 1).join(",");
  return [...parts.slice(0, free), middle, ...parts.slice(free + surplus + 1)].map((c) => c.trim());
}

/** Reads a cell that may be a marker instead of a value. */
export function readCell(cell: string): Cell {
  const words = cell.trim();
  const bare = words.replace(/^\[(.*)\]$/, "$1").trim().toLowerCase();
  const bracketed = words.startsWith("[") && words.endsWith("]");
  const trouble: Trouble | null = words === "" || bare === "n/a" || bare === "not supported"
    ? "not_supported"
    : /^gpu is lost/.test(bare)
    ? "lost"
    : /^gpu requires reset|^reset required/.test(bare)
    ? "reset_required"
    : /^(insufficient|no) permissions?/.test(bare)
    ? "denied"
    : bracketed && bare === "not found"
    ? "not_found"
    : bracketed || bare === "err!" || bare === "unknown error"
    ? "failed"
    : null;
  return { text: trouble === null ? words : null, trouble, words: words || "nothing" };
}

/** A decimal number, with its unit or without; `null` for anything else. */
export function readNumber(text: string): number | null {
  const found = /^(\d{1,15}(?:\.\d{1,9})?)(?: ?(?:MiB|%|W|MHz|C))?$/.exec(text);
  return found === null ? null : Number(found[1]);
}

/** Bytes from a cell in MiB; a count above 2^53-1 bytes is no number, and the sentinel is told apart. */
export function readMebibytes(text: string): number | "sentinel" | null {
  const mebibytes = readNumber(text);
  if (mebibytes === null) return null;
  if (mebibytes === SENTINEL_MIB) return "sentinel";
  const bytes = mebibytes * MIB;
  return Number.isSafeInteger(bytes) ? bytes : null;
}
