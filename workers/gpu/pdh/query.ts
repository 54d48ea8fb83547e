/** One query of performance counters, kept open: opening it anew costs a fifth of a second. */
import { FORMAT, isEmpty, isLacking, ITEM, STATUS } from "./abi.ts";
import type { Counter } from "./counters.ts";
import { type Item, parseItems } from "./items.ts";
import type { Pdh } from "./library.ts";

/** What came of one counter: its values, or the status of the call that failed. */
export type Answer =
  | { readonly counter: Counter; readonly items: readonly Item[] }
  | {
    readonly counter: Counter;
    readonly items: null;
    readonly status: number;
    readonly call: string;
  };

/** Counters that are not there are not looked for again for so long: a driver brings them, or an update. */
const REST_MS = 60_000;
/** Room for some 400 instances at first. */
const FIRST_BYTES = 1 << 16;
/** More than this no machine fills. */
const MOST_BYTES = 1 << 24;

const utf16 = (text: string): Uint8Array => {
  const units = Uint16Array.from(`${text}\0`, (char) => char.charCodeAt(0));
  return new Uint8Array(units.buffer);
};

/** A query of some counters. */
export class KeptQuery {
  readonly #pdh: Pdh;
  readonly #counters: readonly Counter[];
  /** `null`: not open. */
  #handle: bigint | null = null;
  /** Handles of those that could be added, and why the others could not. */
  #added = new Map<Counter, bigint>();
  #refused = new Map<Counter, number>();
  /** Those that have had values since the query was opened. */
  #proven = new Set<Counter>();
  /** What was answered where Windows has not one of the counters, until it is looked for them again. */
  #lacking: { readonly answers: Answer[]; readonly untilMs: number } | null = null;
  #buffer: { readonly address: bigint; readonly size: number } | null = null;

  /** It opens nothing before it is read. */
  constructor(pdh: Pdh, counters: readonly Counter[]) {
    this.#pdh = pdh;
    this.#counters = counters;
  }

  /**
   * The values of now, one answer for each counter in order. A query that worked and does not any more, as after a
   * reset of the driver, is opened anew, once. Throws `HostError` where there is no
   * memory left.
   */
  read(): Answer[] {
    const { now } = this.#pdh;
    if (this.#lacking !== null && now() < this.#lacking.untilMs) return this.#lacking.answers;
    const answers = this.#readFresh();
    this.#lacking = hasNone(answers) ? { answers, untilMs: now() + REST_MS } : null;
    return answers;
  }

  #readFresh(): Answer[] {
    const wasOpen = this.#handle !== null;
    const proven = this.#proven;
    const answers = this.#readOnce();
    const isStale = answers.some((answer) => {
      if (answer.items === null) return answer.call === COLLECT || proven.has(answer.counter);
      return answer.items.length === 0 && proven.has(answer.counter);
    });
    if (!wasOpen || !isStale) return answers;
    this.#closeQuery();
    return this.#readOnce();
  }

  close(): void {
    this.#closeQuery();
    if (this.#buffer !== null) this.#pdh.memory.free(this.#buffer.address);
    this.#buffer = null;
  }

  #readOnce(): Answer[] {
    const { functions, call } = this.#pdh;
    const opened = this.#handle === null ? this.#open() : STATUS.ok;
    const fail = (status: number, name: string): Answer[] => {
      this.#closeQuery();
      return this.#counters.map((counter) => ({ counter, items: null, status, call: name }));
    };
    if (opened !== STATUS.ok) return fail(opened, "PdhOpenQueryW");
    const handle = this.#handle!;
    const collected = this.#added.size === 0
      ? STATUS.ok
      : call(COLLECT, () => functions.PdhCollectQueryData(handle));
    if (collected !== STATUS.ok && !isEmpty(collected)) return fail(collected, COLLECT);
    const answers = this.#counters.map((counter): Answer => {
      const added = this.#added.get(counter);
      if (added === undefined) {
        const status = this.#refused.get(counter)!;
        if (isEmpty(status)) return { counter, items: [] };
        return { counter, items: null, status, call: "PdhAddEnglishCounterW" };
      }
      return collected === STATUS.ok ? this.#readArray(counter, added) : { counter, items: [] };
    });
    // A query without a counter that has no instance yet would never have it.
    if (this.#added.size === 0 || [...this.#refused.values()].some(isEmpty)) this.#closeQuery();
    return answers;
  }

  #open(): number {
    const { functions, call } = this.#pdh;
    const out = new BigUint64Array(1);
    const status = call("PdhOpenQueryW", () => functions.PdhOpenQueryW(null, 0n, out));
    if (status !== STATUS.ok) return status;
    const handle = this.#handle = out[0]!;
    for (const counter of this.#counters) {
      const path = utf16(counter.path);
      const status = call(
        `PdhAddEnglishCounterW ${counter.path}`,
        () => functions.PdhAddEnglishCounterW(handle, path, 0n, out),
      );
      if (status === STATUS.ok) this.#added.set(counter, out[0]!);
      else this.#refused.set(counter, status);
    }
    return STATUS.ok;
  }

  #readArray(counter: Counter, handle: bigint): Answer {
    const { functions, call, memory } = this.#pdh;
    const size = new Uint32Array(1);
    const count = new Uint32Array(1);
    let buffer = this.#buffer ??= this.#allocate(FIRST_BYTES);
    for (;;) {
      size[0] = buffer.size;
      count[0] = 0;
      const status = call(
        `${ARRAY} ${counter.path}`,
        () => functions.PdhGetFormattedCounterArrayW(handle, FORMAT, size, count, buffer.address),
      );
      if (status === STATUS.moreData && buffer.size < MOST_BYTES) {
        // The size it says is not to be relied on where the buffer was too small.
        const wanted = Math.min(MOST_BYTES, Math.max(size[0]!, 2 * buffer.size));
        memory.free(buffer.address);
        this.#buffer = null;
        this.#buffer = buffer = this.#allocate(wanted);
        continue;
      }
      if (isEmpty(status)) return { counter, items: [] };
      if (status !== STATUS.ok) return { counter, items: null, status, call: ARRAY };
      const told = size[0]!;
      const isPlausible = told >= count[0]! * ITEM.size && told <= buffer.size;
      const bytes = memory.read(buffer.address, isPlausible ? told : buffer.size);
      const items = parseItems(bytes, buffer.address, count[0]!);
      if (items.length > 0) this.#proven.add(counter);
      return { counter, items };
    }
  }

  #allocate(size: number): { address: bigint; size: number } {
    return { address: this.#pdh.memory.allocate(size), size };
  }

  #closeQuery(): void {
    const handle = this.#handle;
    this.#handle = null;
    this.#added = new Map();
    this.#refused = new Map();
    this.#proven = new Set();
    if (handle !== null) {
      this.#pdh.call("PdhCloseQuery", () => this.#pdh.functions.PdhCloseQuery(handle));
    }
  }
}

const COLLECT = "PdhCollectQueryData";
const ARRAY = "PdhGetFormattedCounterArrayW";

/** Windows has not one of the counters. */
export function hasNone(answers: readonly Answer[]): boolean {
  return answers.every((answer) => answer.items === null && isLacking(answer.status));
}
