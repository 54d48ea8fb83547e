/** Texts that come again and again in a file, made once. */

const SLOTS = 512;
/** Longer texts are made anew each time. */
const LONGEST = 128;

/** Decodes bytes to text, and knows what it decoded of late. */
export class TextMemo {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #bytes: (Uint8Array | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #texts: string[] = new Array(SLOTS).fill("");

  /** The text of these bytes. What is no UTF-8 becomes U+FFFD. */
  textOf(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length === 0) return "";
    if (length > LONGEST) return this.#decoder.decode(bytes.subarray(start, end));
    let hash = length;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const known = this.#bytes[slot];
    if (known !== undefined && isSame(known, bytes, start, length)) return this.#texts[slot]!;
    const text = this.#decoder.decode(bytes.subarray(start, end));
    this.#bytes[slot] = bytes.slice(start, end);
    this.#texts[slot] = text;
    return text;
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let at = 0; at < length; at++) {
    if (known[at] !== bytes[start + at]) return false;
  }
  return true;
}
