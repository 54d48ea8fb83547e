/**
 * The files of one session being recorded: which there are, their names, syncing, rotation and the end.
 *
 * Over 200 lines because the files of a session have one keeper, and what it does to them is one life.
 */
import { HypomnesisError } from "../../errors.ts";
import type { RowOf, Table } from "../columns.ts";
import { fileName, partName, type SessionId, stampOf } from "../file_names.ts";
import type { SessionMeta } from "../session_meta.ts";
import { Appender } from "./appender.ts";
import { claimSession, metaText } from "./claim_session.ts";
import { diskReason } from "./disk_reason.ts";
import { headerText, rowText } from "./csv_text.ts";
import type { Store } from "./store.ts";

/** The tables that grow with time; what happens now and then stays in one file. */
const ROTATED: readonly Table[] = ["gpu", "system", "process", "allocator"];
/** Recorders that begin in the same second take the next free one. */
const MOST_STAMPS = 120;

/** How the files are kept. */
export interface FilesOptions {
  readonly store: Store;
  readonly folder: string;
  readonly name: string;
  readonly startedAt: Date;
  readonly rotateBytes: number | null;
  readonly rotateMs: number | null;
  /** Monotonic time. */
  readonly now: () => number;
  /** Told when a file begins to fail, works again, or something else is worth a line. */
  readonly onTrouble: (file: string, reason: string | null) => void;
}

/** The files of one session. */
export class SessionFiles {
  readonly id: SessionId;
  readonly folder: string;
  readonly #options: FilesOptions;
  readonly #tables = new Map<Table, Appender>();
  readonly #log: Appender;
  /** Parts so far, by table. */
  readonly #parts = new Map<Table, number>();
  #rotatedAtMs: number;
  #compressing: Promise<void> = Promise.resolve();

  #meta: SessionMeta;

  private constructor(options: FilesOptions, id: SessionId, meta: SessionMeta) {
    this.#options = options;
    this.#meta = meta;
    this.id = id;
    this.folder = options.folder;
    this.#log = this.#appender(fileName("log", id), "");
    this.#rotatedAtMs = options.now();
  }

  /**
   * Makes the folder and claims a name in it that no other recorder has.
   *
   * @throws {HypomnesisError} `output_failed` where nothing can be written there
   */
  static async create(
    options: FilesOptions,
    meta: (id: SessionId) => SessionMeta,
  ): Promise<SessionFiles> {
    const { store, folder, name, startedAt } = options;
    try {
      await store.makeFolder(folder);
      for (let second = 0; second < MOST_STAMPS; second++) {
        const id = { name, stamp: stampOf(new Date(startedAt.getTime() + second * 1000)) };
        const described = meta(id);
        const claimed = await claimSession(
          store,
          `${folder}/${fileName("session", id)}`,
          described,
        );
        if (!claimed) continue;
        await store.put(`${folder}/${fileName("control", id)}`, "");
        return new SessionFiles(options, id, described);
      }
    } catch (error) {
      throw new HypomnesisError(
        "output_failed",
        `Cannot record into ${JSON.stringify(folder)}: ${diskReason(error)}; ` +
          "give another folder with --out",
        { cause: error },
      );
    }
    throw new HypomnesisError(
      "output_failed",
      `Cannot record into ${JSON.stringify(folder)}: ` +
        `${MOST_STAMPS} sessions named ${JSON.stringify(name)} began there just now; give a --name`,
    );
  }

  #appender(file: string, header: string): Appender {
    return new Appender({
      store: this.#options.store,
      path: `${this.folder}/${file}`,
      header,
      onTrouble: (reason) => this.#options.onTrouble(file, reason),
      now: this.#options.now,
    });
  }

  /** Adds rows to a table, whose file is made with the first of them. */
  add<T extends Table>(table: T, rows: readonly RowOf[T][]): void {
    if (rows.length === 0) return;
    let appender = this.#tables.get(table);
    if (appender === undefined) {
      appender = this.#appender(fileName(table, this.id), headerText(table));
      this.#tables.set(table, appender);
    }
    appender.add(rowText(table, rows), rows.length);
  }

  /** Adds lines to the execution log. */
  log(text: string): void {
    this.#log.add(text, 0);
  }

  /** The path of a file of this session. */
  pathOf(file: Parameters<typeof fileName>[0]): string {
    return `${this.folder}/${fileName(file, this.id)}`;
  }

  get #all(): readonly Appender[] {
    return [...this.#tables.values(), this.#log];
  }

  /** Rows written, waiting and lost, of all tables. */
  get counts(): { readonly written: number; readonly waiting: number; readonly lost: number } {
    const sum = (of: (appender: Appender) => number) =>
      this.#all.reduce((total, appender) => total + of(appender), 0);
    return {
      written: sum((one) => one.rows),
      waiting: sum((one) => one.waiting),
      lost: sum((one) => one.lost),
    };
  }

  /** Why something can't be written at the moment; `null`: all is well. */
  get trouble(): string | null {
    return this.#all.find(({ reason }) => reason !== null)?.reason ?? null;
  }

  /** What is known of the next rotation; `null`: none is wanted. */
  get nextRotation(): { readonly inMs: number } | { readonly inBytes: number } | null {
    const { rotateMs, rotateBytes, now } = this.#options;
    if (rotateMs !== null) return { inMs: Math.max(0, this.#rotatedAtMs + rotateMs - now()) };
    if (rotateBytes === null) return null;
    const largest = Math.max(0, ...ROTATED.map((table) => this.#tables.get(table)?.size ?? 0));
    return { inBytes: Math.max(0, rotateBytes - largest) };
  }

  /** Resolves when what was added is written, or could not be. */
  async flush(): Promise<void> {
    await Promise.all(this.#all.map((appender) => appender.flush()));
  }

  /** Puts everything on the disk, and rotates what is due. */
  async sync(): Promise<void> {
    await Promise.all(this.#all.map((appender) => appender.sync()));
    await this.#restore();
    const { rotateMs, rotateBytes, now } = this.#options;
    const isTime = rotateMs !== null && now() - this.#rotatedAtMs >= rotateMs;
    if (isTime) this.#rotatedAtMs = now();
    for (const table of ROTATED) {
      const appender = this.#tables.get(table);
      if (appender === undefined || appender.size === 0) continue;
      const isLarge = rotateBytes !== null && appender.size >= rotateBytes;
      if (isTime || isLarge) await this.#rotate(table, appender);
    }
  }

  async #rotate(table: Table, appender: Appender): Promise<void> {
    const part = (this.#parts.get(table) ?? 0) + 1;
    const path = `${this.folder}/${partName(fileName(table, this.id), part)}`;
    if (!await appender.rotate(path)) return;
    this.#parts.set(table, part);
    // One after the other, and never waited for: the part can be read as it is, too.
    this.#compressing = this.#compressing.then(() => this.#options.store.compress(path)).catch(
      (error) =>
        this.#options.onTrouble(path, `it stays uncompressed: ${String(error?.message ?? error)}`),
    );
  }

  /** Writes the session file anew; a failure is told and is no error. */
  async putMeta(meta: SessionMeta): Promise<void> {
    this.#meta = meta;
    try {
      await this.#options.store.put(this.pathOf("session"), metaText(meta));
    } catch (error) {
      this.#options.onTrouble(fileName("session", this.id), diskReason(error));
    }
  }

  /** Makes anew what others look for, where the folder was removed: the session file and the control file. */
  async #restore(): Promise<void> {
    const { store } = this.#options;
    const isGone = async (file: "session" | "control") =>
      await store.readFrom(this.pathOf(file), Infinity).catch(() => undefined) === null;
    if (await isGone("session")) await this.putMeta(this.#meta);
    if (await isGone("control")) await store.put(this.pathOf("control"), "").catch(() => {});
  }

  /** Puts everything on the disk and closes the files. The log can be written until `closeLog`. */
  async closeTables(): Promise<void> {
    await Promise.all([...this.#tables.values()].map((appender) => appender.close()));
    await this.#compressing;
  }

  /** The last. */
  async closeLog(): Promise<void> {
    await this.#log.close();
  }
}
