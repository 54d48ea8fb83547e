/** `/proc/PID/status`: https://docs.kernel.org/filesystems/proc.html, table 1-2. */
import type { Bytes } from "../../lib/records.ts";
import { fieldOf, kibOf, wholeNumber } from "./fields.ts";

/** What is read of it. */
export interface Status {
  /** What the kernel calls it, at most 15 bytes of anything but NUL. */
  readonly name: string | null;
  /** The process; another number than `pid` where the text is about one of its other threads. */
  readonly processId: number | null;
  /** The thread the text is about. */
  readonly pid: number | null;
  readonly parentPid: number | null;
  /** `State` is Z or X. */
  readonly zombie: boolean | null;
  readonly uid: number | null;
  readonly threads: number | null;
  readonly rssBytes: Bytes;
  readonly peakRssBytes: Bytes;
  readonly anonBytes: Bytes;
  readonly fileBytes: Bytes;
  readonly shmemBytes: Bytes;
  readonly swapBytes: Bytes;
  /** Fields that are there and hold no number, or that a process with memory must have and lacks. */
  readonly garbled: readonly string[];
}

/**
 * Parses it. A kernel thread, and a process that has ended but was not waited for, have no memory and no
 * line about it; an older kernel, or one that is none (gVisor), leaves some of the others out. All that
 * is missing is `null`.
 */
export function parseStatus(text: string): Status {
  const garbled: string[] = [];
  const number = (key: string) => wholeNumber(fieldOf(text, key) ?? undefined);
  const memory = (key: string): Bytes => {
    const value = fieldOf(text, key);
    if (value === null) return null;
    const bytes = kibOf(value);
    if (bytes === null) garbled.push(key);
    return bytes;
  };
  const state = fieldOf(text, "State");
  const status = {
    name: nameIn(text),
    processId: number("Tgid"),
    pid: number("Pid"),
    parentPid: number("PPid"),
    zombie: state === null ? null : /^[ZX]/.test(state),
    // Real, effective, saved and file system user id.
    uid: wholeNumber(fieldOf(text, "Uid")?.split(/\s+/)[1]),
    threads: number("Threads"),
    rssBytes: memory("VmRSS"),
    peakRssBytes: memory("VmHWM"),
    anonBytes: memory("RssAnon"),
    fileBytes: memory("RssFile"),
    shmemBytes: memory("RssShmem"),
    swapBytes: memory("VmSwap"),
  };
  if (status.pid === null) garbled.push("Pid");
  const lacksRss = status.rssBytes === null && !garbled.includes("VmRSS");
  if (lacksRss && fieldOf(text, "VmSize") !== null) garbled.push("VmRSS");
  return { ...status, garbled };
}

/** The first line. The kernel writes a line feed in a name as `\n` and a backslash as two. */
function nameIn(text: string): string | null {
  const written = /^Name:[\t ]([^\n]*)/.exec(text)?.[1];
  return written?.replace(/\\([n\\])/g, (_, escaped) => escaped === "n" ? "\n" : "\\") ?? null;
}
