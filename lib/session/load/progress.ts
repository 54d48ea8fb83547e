/** How much of the files has been read. */

/** Told how far reading has come, in bytes of the files as they are on the disk. */
export type OnProgress = (bytesDone: number, bytesTotal: number) => void;

/** Counts the bytes of several files. */
export class Progress {
  readonly #onProgress: OnProgress | undefined;
  readonly #totalBytes: number;
  #doneBytes = 0;
  #groupBytes = 0;
  #groupFrom = 0;

  constructor(totalBytes: number, onProgress: OnProgress | undefined) {
    this.#totalBytes = totalBytes;
    this.#onProgress = onProgress;
  }

  /** From here on, `share` is about files of so many bytes in all. */
  beginGroup(bytes: number): void {
    this.#groupBytes = bytes;
    this.#groupFrom = this.#doneBytes;
  }

  /** The share of the present group that has been taken, 0…1. */
  get share(): number {
    const done = this.#doneBytes - this.#groupFrom;
    return this.#groupBytes > 0 ? Math.min(1, done / this.#groupBytes) : 0;
  }

  /** The same stream, counted. A piece counts when the next one is asked for, because then it was taken. */
  async *counted(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const piece of stream) {
      const { length } = piece;
      yield piece;
      this.#doneBytes += length;
      // A file that is being recorded grows while it is read.
      this.#onProgress?.(this.#doneBytes, Math.max(this.#doneBytes, this.#totalBytes));
    }
  }
}
