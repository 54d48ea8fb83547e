/** `/proc/PID/status`: https://docs.kernel.org/filesystems/proc.html, table 1-2. */
import type { Bytes } from "../../lib/records.ts";
import { fieldOf, kibField, wholeNumber } from "./fields.ts";

/** What is read of it. */
export interface Status {
  readonly parentPid: number | null;
  readonly uid: number | null;
  readonly rssBytes: Bytes;
  readonly peakRssBytes: Bytes;
  readonly anonBytes: Bytes;
  readonly fileBytes: Bytes;
  readonly shmemBytes: Bytes;
  readonly swapBytes: Bytes;
}

/** Parses it. A kernel thread has no memory of its own: its fields are `null`. */
export function parseStatus(text: string): Status {
  return {
    parentPid: wholeNumber(fieldOf(text, "PPid") ?? undefined),
    // Real, effective, saved and file system user id.
    uid: wholeNumber(fieldOf(text, "Uid")?.split(/\s+/)[1]),
    rssBytes: kibField(text, "VmRSS"),
    peakRssBytes: kibField(text, "VmHWM"),
    anonBytes: kibField(text, "RssAnon"),
    fileBytes: kibField(text, "RssFile"),
    shmemBytes: kibField(text, "RssShmem"),
    swapBytes: kibField(text, "VmSwap"),
  };
}
