/** The names of all processes by one Toolhelp snapshot, which needs no right. */
import type { Windows } from "./libraries.ts";
import { CONSTANTS, PROCESS_ENTRY } from "./structs.ts";
import { failed } from "./trouble.ts";
import { readText, sized, viewOf } from "./values.ts";

/** `INVALID_HANDLE_VALUE`. */
const INVALID_HANDLE = 0xffff_ffff_ffff_ffffn;
/** Far more than there are; a snapshot that never ends is a defect. */
const MOST = 2 ** 20;

/** The program's file name of each PID. Throws {@linkcode HostError}. */
export function readNames(windows: Windows): Map<number, string> {
  const create = windows.get("CreateToolhelp32Snapshot");
  const snapshot = create(CONSTANTS.snapshotOfProcesses, 0);
  if (snapshot === INVALID_HANDLE || snapshot === 0n) throw failed("CreateToolhelp32Snapshot");
  try {
    const names = new Map<number, string>();
    const entry = sized(PROCESS_ENTRY.size);
    let isTold = windows.get("Process32FirstW")(snapshot, entry) !== 0;
    // There is always one: our own.
    if (!isTold) throw failed("Process32FirstW");
    const next = windows.get("Process32NextW");
    for (let count = 0; isTold && count < MOST; count++) {
      const { pid, name } = parseEntry(entry);
      names.set(pid, name);
      isTold = next(snapshot, entry) !== 0;
    }
    return names;
  } finally {
    windows.get("CloseHandle")(snapshot);
  }
}

/** `PROCESSENTRY32W`. */
export function parseEntry(
  entry: Uint8Array,
): { readonly pid: number; readonly name: string } {
  return {
    pid: viewOf(entry).getUint32(PROCESS_ENTRY.processId, true),
    name: readText(entry.subarray(PROCESS_ENTRY.exeFile)),
  };
}
