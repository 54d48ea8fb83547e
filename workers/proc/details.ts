/** Texts that say more about a process: `cmdline`, `smaps_rollup`, its container, `/etc/passwd`. */
import type { Bytes } from "../../lib/records.ts";
import { kibField, wholeNumber } from "./fields.ts";

/** Arguments in `/proc/PID/cmdline`, each ended by a NUL; none for a kernel thread. */
export function parseCmdline(text: string): string[] {
  if (text === "") return [];
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}

/** Proportional set size in `/proc/PID/smaps_rollup`. */
export function parsePss(text: string): Bytes {
  return kibField(text, "Pss");
}

/** Names by user id, from `/etc/passwd`. The first line of an id counts. */
export function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name, , id] = line.split(":");
    const uid = wholeNumber(id);
    if (name !== undefined && name !== "" && uid !== null && !names.has(uid)) names.set(uid, name);
  }
  return names;
}

/** Docker, containerd, CRI-O and Podman name the cgroup of a container after its id of 64 hex digits. */
export function parseContainer(cgroupText: string): string | null {
  const ids = cgroupText.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g);
  // In nested containers the last one is the innermost.
  return ids?.[ids.length - 1] ?? null;
}
