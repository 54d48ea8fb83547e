/** A disk in memory that can be full, slow, removed and broken. */
import type { ReadText, RowFile, Store } from "../../lib/session/files/store.ts";

class DiskError extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

interface Entry {
  text: string;
}

/** The disk. */
export class FakeStore implements Store {
  readonly #files = new Map<string, Entry>();
  #awake: Promise<void> = Promise.resolve();
  /** Characters that still fit. */
  room: number;
  failSync = false;
  /** Paths that were synced, in order. */
  readonly synced: string[] = [];
  readonly compressed: string[] = [];

  constructor({ room = Infinity }: { readonly room?: number } = {}) {
    this.room = room;
  }

  /** What stands at a path; `null`: nothing. */
  text(path: string): string | null {
    return this.#files.get(path)?.text ?? null;
  }

  get paths(): readonly string[] {
    return [...this.#files.keys()].sort();
  }

  /** Puts a text at a path, as another program would. */
  plant(path: string, text: string): void {
    this.#files.set(path, { text });
  }

  /** From now on every call waits until the function returned is called. */
  hang(): () => void {
    let wake = () => {};
    this.#awake = new Promise((resolve) => wake = resolve);
    return wake;
  }

  removeFolder(path: string): void {
    for (const file of this.#files.keys()) {
      if (file.startsWith(`${path}/`)) this.#files.delete(file);
    }
  }

  async makeFolder(): Promise<void> {
    await this.#awake;
  }

  async create(path: string): Promise<RowFile> {
    await this.#awake;
    if (this.#files.has(path)) throw new DiskError("EEXIST");
    return this.#row(path, { text: "" });
  }

  async open(path: string): Promise<RowFile> {
    await this.#awake;
    return this.#row(path, this.#files.get(path) ?? { text: "" });
  }

  #row(path: string, entry: Entry): RowFile {
    this.#files.set(path, entry);
    return {
      startBytes: entry.text.length,
      append: async (text) => {
        await this.#awake;
        const fitting = text.slice(0, this.room);
        entry.text += fitting;
        this.room -= fitting.length;
        if (fitting.length < text.length) throw new DiskError("ENOSPC");
      },
      truncate: (bytes) => {
        this.room += Math.max(0, entry.text.length - bytes);
        entry.text = entry.text.slice(0, bytes);
        return Promise.resolve();
      },
      sync: async () => {
        await this.#awake;
        if (this.failSync) throw new DiskError("EIO");
        this.synced.push(path);
      },
      isInPlace: () => Promise.resolve(this.#files.get(path) === entry),
      close: () => Promise.resolve(),
    };
  }

  async put(path: string, text: string): Promise<void> {
    await this.#awake;
    if (text.length > this.room) throw new DiskError("ENOSPC");
    this.#files.set(path, { text });
  }

  async readFrom(path: string, offset: number): Promise<ReadText | null> {
    await this.#awake;
    const entry = this.#files.get(path);
    if (entry === undefined) return null;
    const text = entry.text.slice(offset);
    return { text, bytes: text.length, size: entry.text.length };
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#awake;
    const entry = this.#files.get(from);
    if (entry === undefined) throw new DiskError("ENOENT");
    this.#files.delete(from);
    this.#files.set(to, entry);
  }

  async remove(path: string): Promise<void> {
    await this.#awake;
    this.#files.delete(path);
  }

  async compress(path: string): Promise<void> {
    await this.#awake;
    this.compressed.push(path);
  }
}
