/** The number Windows gives to a GPU (a `LUID`) as text: another one after a restart, the same in every interface. */

/** Both halves of a `LUID`, as unsigned numbers. */
export interface Luid {
  readonly high: number;
  readonly low: number;
}

/** As the performance counters write it, `0x00000000_0x0000d3f1`. `HighPart` is signed in C; its bits are shown. */
export function formatLuid({ high, low }: Luid): string {
  const hex = (half: number) => `0x${(half >>> 0).toString(16).padStart(8, "0")}`;
  return `${hex(high)}_${hex(low)}`;
}

/** Both halves out of such a text, in any case and with or without leading zeros; `null` where it is none. */
export function parseLuid(text: string): Luid | null {
  const found = /^0x([0-9a-f]{1,8})_0x([0-9a-f]{1,8})$/i.exec(text);
  if (found === null) return null;
  return { high: parseInt(found[1]!, 16), low: parseInt(found[2]!, 16) };
}
