/**
 * A file that rows are added to without ever waiting for the disk.
 *
 * What can't be written is kept, newest first, and written when it can be. A row that was written in part is cut off
 * and written again as a whole. A file that was removed is made anew, with what was not yet safe in the old one.
 *
 * Over 200 lines because it is one state machine: what waits, what is written and what is safe mean nothing apart.
 */
import { diskReason } from "./disk_reason.ts";
import type { RowFile, Store } from "./store.ts";

/** Text kept while it can't be written: about 100,000 rows. */
const MOST_WAITING = 16 << 20;
/** Written at once at most. */
const MOST_AT_ONCE = 1 << 20;
/** A disk that refused is tried again after this time, then after twice it, up to the last. */
const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/** So long after the last refusal a disk counts as working again. */
const CALM_MS = 5_000;

/** Rows that belong together. */
interface Piece {
  readonly text: string;
  readonly rows: number;
}

/** What an appender is made of. */
export interface AppenderOptions {
  readonly store: Store;
  readonly path: string;
  /** The first line of a new file, line break included; empty: none. */
  readonly header: string;
  /** Told when writing begins to fail (with the reason), and when it works again (`null`). */
  readonly onTrouble: (reason: string | null) => void;
  /** Monotonic time. */
  readonly now: () => number;
}

/** Adds rows to one file. No method throws or rejects. */
export class Appender {
  readonly #options: AppenderOptions;
  #file: RowFile | null = null;
  /** Bytes of the file that are whole rows. */
  #size = 0;
  #waiting: Piece[] = [];
  #waitingLength = 0;
  /** Written, and not yet known to be on the disk. */
  #unsafe: Piece[] = [];
  #unsafeLength = 0;
  #isDirty = false;
  #work: Promise<void> = Promise.resolve();
  #isScheduled = false;
  #retryMs = RETRY_MS;
  #notBeforeMs = -Infinity;
  #refusedMs = -Infinity;
  #reason: string | null = null;
  /** Rows written. */
  rows = 0;
  /** Rows that had to be dropped because there were too many to keep. */
  lost = 0;

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  /** Bytes of the current file. */
  get size(): number {
    return this.#size;
  }

  /** Rows that wait to be written. */
  get waiting(): number {
    return this.#waiting.reduce((rows, piece) => rows + piece.rows, 0);
  }

  /** Why writing fails at the moment; `null`: it works. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Adds rows. */
  add(text: string, rows = 1): void {
    this.#waiting.push({ text, rows });
    this.#waitingLength += text.length;
    while (this.#waitingLength > MOST_WAITING && this.#waiting.length > 1) {
      const dropped = this.#waiting.shift()!;
      this.#waitingLength -= dropped.text.length;
      this.lost += dropped.rows;
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#then(async () => {
      this.#isScheduled = false;
      await this.#write();
    });
  }

  /** Resolves when what was added is written, or could not be. */
  async flush(): Promise<void> {
    this.#schedule();
    await this.#work;
  }

  /** The same at once, also where the disk refused a moment ago. */
  async flushNow(): Promise<void> {
    this.#notBeforeMs = -Infinity;
    await this.flush();
  }

  /** Puts what was written on the disk, and finds out whether the file is still there. */
  sync(): Promise<void> {
    return this.#then(async () => {
      await this.#write();
      if (this.#file === null || !this.#isDirty) return;
      try {
        await this.#file.sync();
        if (!await this.#file.isInPlace()) {
          return await this.#begin(new Error("the file was removed"));
        }
        this.#isDirty = false;
        this.#forgetUnsafe();
        this.#works();
      } catch (error) {
        this.#refused(error);
      }
    });
  }

  /** Goes on in a new file; the one so far is at `partPath` then. Resolves to false where that can't be done. */
  rotate(partPath: string): Promise<boolean> {
    let isDone = false;
    return this.#then(async () => {
      await this.#write();
      if (this.#file === null || this.#reason !== null) return;
      try {
        await this.#file.sync();
        await this.#options.store.rename(this.#options.path, partPath);
        isDone = true;
        await this.#file.close();
      } catch (error) {
        this.#refused(error);
      }
      if (!isDone) return;
      this.#file = null;
      this.#size = 0;
      this.#isDirty = false;
      this.#forgetUnsafe();
    }).then(() => isDone);
  }

  /** Writes what can be written, puts it on the disk and closes the file. */
  async close(): Promise<void> {
    this.#notBeforeMs = -Infinity;
    await this.sync();
    await this.#then(async () => {
      this.lost += this.waiting;
      this.#waiting = [];
      await this.#file?.close().catch(() => {});
      this.#file = null;
    });
  }

  /** One thing after the other. */
  #then(step: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(step);
    return this.#work;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0 && this.#options.now() >= this.#notBeforeMs) {
      const batch = this.#take();
      try {
        this.#file ??= await this.#open();
        const text = batch.map(({ text }) => text).join("");
        await this.#file.append(text);
        this.#size += new TextEncoder().encode(text).length;
      } catch (error) {
        this.#waiting.unshift(...batch);
        this.#waitingLength += lengthOf(batch);
        await this.#cutBack();
        return this.#refused(error);
      }
      this.#written(batch);
    }
  }

  #take(): Piece[] {
    let length = 0;
    let count = 0;
    while (count < this.#waiting.length && (count === 0 || length < MOST_AT_ONCE)) {
      length += this.#waiting[count++]!.text.length;
    }
    this.#waitingLength -= length;
    return this.#waiting.splice(0, count);
  }

  #written(batch: readonly Piece[]): void {
    this.#isDirty = true;
    for (const piece of batch) {
      this.rows += piece.rows;
      this.#unsafe.push(piece);
      this.#unsafeLength += piece.text.length;
    }
    while (this.#unsafeLength > MOST_WAITING && this.#unsafe.length > 1) {
      this.#unsafeLength -= this.#unsafe.shift()!.text.length;
    }
    this.#works();
  }

  #works(): void {
    this.#retryMs = RETRY_MS;
    // A disk with a little room takes a row now and then; that is not over yet.
    const isCalm = this.#options.now() - this.#refusedMs >= CALM_MS;
    if (this.#reason === null || !isCalm) return;
    this.#reason = null;
    this.#options.onTrouble(null);
  }

  /** Opens the file; one that is already there is gone on with. */
  async #open(): Promise<RowFile> {
    const { store, path, header } = this.#options;
    await store.makeFolder(path.slice(0, path.lastIndexOf("/")) || "/");
    const file = await store.open(path);
    this.#size = file.startBytes;
    if (header !== "" && file.startBytes === 0) {
      try {
        await file.append(header);
      } catch (error) {
        await file.truncate(0).catch(() => {});
        await file.close().catch(() => {});
        throw error;
      }
      this.#size = new TextEncoder().encode(header).length;
    }
    return file;
  }

  /** Takes away what was written of rows that could not be written whole. */
  async #cutBack(): Promise<void> {
    if (this.#file === null) return;
    try {
      await this.#file.truncate(this.#size);
    } catch {
      await this.#file.close().catch(() => {});
      this.#file = null;
    }
  }

  #refused(error: unknown): void {
    this.#notBeforeMs = this.#options.now() + this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
    this.#refusedMs = this.#options.now();
    const reason = diskReason(error);
    const isNew = reason !== this.#reason;
    this.#reason = reason;
    if (isNew) this.#options.onTrouble(reason);
  }

  /** Makes the file anew: what was not safe in the old one comes first. */
  async #begin(why: Error): Promise<void> {
    await this.#file?.close().catch(() => {});
    this.#file = null;
    const again = this.#unsafe;
    for (const { rows } of again) this.rows -= rows;
    this.#waiting.unshift(...again);
    this.#waitingLength += lengthOf(again);
    this.#forgetUnsafe();
    this.#isDirty = false;
    this.#reason = why.message;
    this.#options.onTrouble(why.message);
    await this.#write();
  }

  #forgetUnsafe(): void {
    this.#unsafe = [];
    this.#unsafeLength = 0;
  }
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((length, { text }) => length + text.length, 0);
}
