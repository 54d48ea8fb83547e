/** Finds processes of the machine by name and size. */
import { fitsName } from "../../lib/name_match.ts";
import type { Failure } from "../../lib/errors.ts";
import type { FindReply, FindRequest } from "../../lib/protocol.ts";
import type { ProcessMemory } from "../../lib/records.ts";
import type { Host } from "../host/host.ts";
import type { ProcessReader } from "./process.ts";

/** The whole of `/proc` is read at most this often, and repeated in between. */
const EVERY_MS = 1_000;

/** Finds processes; keeps those it found last. */
export class ProcessFinder {
  readonly #host: Host;
  readonly #processes: ProcessReader;
  #last: {
    readonly atMs: number;
    readonly processes: readonly ProcessMemory[];
    readonly failures: readonly Failure[];
  } | null = null;

  constructor(host: Host, processes: ProcessReader) {
    this.#host = host;
    this.#processes = processes;
  }

  /** The largest processes whose name fits. Equal ones stand in the order of their PIDs. */
  find({ name, top }: FindRequest): FindReply {
    const { processes, failures } = this.#scan();
    const fitting = processes.filter((process) =>
      process.rssBytes !== null &&
      (name === null || (process.name !== null && fitsName(process.name, name)))
    ).sort((a, b) => b.rssBytes! - a.rssBytes! || a.pid - b.pid);
    return { kind: "find", processes: fitting.slice(0, top), count: fitting.length, failures };
  }

  #scan() {
    const atMs = this.#host.now();
    if (this.#last === null || atMs - this.#last.atMs >= EVERY_MS) {
      const failures: Failure[] = [];
      this.#last = { atMs, processes: this.#processes.readAll(failures), failures };
    }
    return this.#last;
  }
}
