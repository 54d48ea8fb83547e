/** `NtQuerySystemInformation`, whose lists hold addresses into themselves. */
import type { Windows } from "./libraries.ts";
import { STATUS } from "./structs.ts";
import { failed } from "./trouble.ts";

/** What one question gave. */
export interface SystemAnswer {
  /** The `NTSTATUS`, unsigned; 0 is success. */
  readonly status: number;
  /** The answer; empty where it failed. */
  readonly bytes: Uint8Array;
  /** Where the bytes lay: what the addresses in them count from. */
  readonly address: bigint;
}

const FIRST_BYTES = 2 ** 18;
/** Many times what a busy machine needs: a list of this size is a defect. */
const MOST_BYTES = 2 ** 26;

/** Asks, with more room as long as there is too little. */
export function querySystem(windows: Windows, informationClass: number): SystemAnswer {
  for (let size = FIRST_BYTES;;) {
    const { answer, needed } = ask(windows, informationClass, size);
    if (answer.status !== STATUS.infoLengthMismatch || size >= MOST_BYTES) return answer;
    // The list may grow until the next question.
    size = Math.min(MOST_BYTES, Math.max(2 * size, needed + FIRST_BYTES));
  }
}

function ask(
  windows: Windows,
  informationClass: number,
  size: number,
): { readonly answer: SystemAnswer; readonly needed: number } {
  const address = windows.get("LocalAlloc")(0, BigInt(size));
  if (address === 0n) throw failed("LocalAlloc");
  try {
    const length = new Uint32Array(1);
    const query = windows.get("NtQuerySystemInformation");
    const status = query(informationClass, address, size, length) >>> 0;
    const needed = length[0]!;
    const bytes = new Uint8Array(status === 0 ? Math.min(needed, size) : 0);
    // Nothing is behind the end of an empty buffer, not even an address.
    if (bytes.length > 0) windows.get("RtlMoveMemory")(bytes, address, BigInt(bytes.length));
    return { answer: { status, bytes, address }, needed };
  } finally {
    windows.get("LocalFree")(address);
  }
}
