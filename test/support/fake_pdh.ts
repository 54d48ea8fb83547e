/**
 * Pdh.dll in memory: counter sets with instances, and every fault as a switch. Offsets and statuses stand here as
 * numbers, after pdh.h and pdhmsg.h, and are not taken from the code under test.
 */
import { type FakeHeap, put32, put64, readUtf16, utf16 } from "./fake_windows.ts";

/** A value: a number, or the `CStatus` that says that it is none. */
export type FakeValue = bigint | { readonly status: number; readonly value?: bigint };

/** The library, and its switches. */
export interface FakePdh {
  readonly functions: Record<string, (...args: never[]) => number>;
  /** Path of a counter to its instances, in order; a counter that is not here does not exist. */
  readonly counters: Map<string, (readonly [name: string, value: FakeValue])[]>;
  /** Names of the calls so far. */
  readonly calls: string[];
  /** What a function answers instead, by its name or by its name and a path. */
  readonly codes: Map<string, number>;
  /** What `PdhAddEnglishCounterW` answers where there is no such counter. */
  missingStatus: number;
  /** Queries opened so far are dead: what `PdhCollectQueryData` and the arrays answer in them. */
  reset(status: number, where: "collect" | "array"): void;
  /** Queries that are open. */
  readonly open: Set<bigint>;
  /** Bytes that each array needs besides its items. */
  padding: number;
  /** Answers `PDH_MORE_DATA` whatever the room, with this size. */
  alwaysMore: number | null;
  /** Has the pointer of each name point elsewhere. */
  movePointers: bigint;
}

interface Query {
  dead: { status: number; where: "collect" | "array" } | null;
  collected: boolean;
}

/** Makes the library. */
export function fakePdh(heap: FakeHeap, counters: FakePdh["counters"]): FakePdh {
  const queries = new Map<bigint, Query>();
  const handles = new Map<bigint, { path: string; query: Query }>();
  let next = 0x1000n;
  const fake: FakePdh = {
    functions: {},
    counters,
    calls: [],
    codes: new Map(),
    missingStatus: 0xc0000bb8,
    reset: (status, where) => {
      for (const query of queries.values()) query.dead = { status, where };
    },
    open: new Set(),
    padding: 0,
    alwaysMore: null,
    movePointers: 0n,
  };
  const enter = (name: string, path: string | null = null): number => {
    fake.calls.push(path === null ? name : `${name} ${path}`);
    return (fake.codes.get(`${name} ${path}`) ?? fake.codes.get(name) ?? 0) | 0;
  };
  const { functions } = fake;

  functions["PdhOpenQueryW"] = (source: null, user: bigint, out: BigUint64Array) => {
    const code = enter("PdhOpenQueryW");
    if (code !== 0) return code;
    if (source !== null || user !== 0n) throw new Error("Not as it is called");
    const handle = next += 8n;
    queries.set(handle, { dead: null, collected: false });
    fake.open.add(handle);
    put64(out, 0, handle);
    return 0;
  };
  functions["PdhAddEnglishCounterW"] = (
    handle: bigint,
    text: Uint8Array,
    _user: bigint,
    out: BigUint64Array,
  ) => {
    const path = readUtf16(text);
    const code = enter("PdhAddEnglishCounterW", path);
    if (code !== 0) return code;
    if (!counters.has(path)) return fake.missingStatus | 0;
    const counter = next += 8n;
    handles.set(counter, { path, query: queries.get(handle)! });
    put64(out, 0, counter);
    return 0;
  };
  functions["PdhCollectQueryData"] = (handle: bigint) => {
    const code = enter("PdhCollectQueryData");
    const query = queries.get(handle);
    if (query === undefined || !fake.open.has(handle)) return 0xc0000bbc | 0;
    if (query.dead?.where === "collect") return query.dead.status | 0;
    if (code !== 0) return code;
    query.collected = true;
    const mine = [...handles.values()].filter((counter) => counter.query === query);
    const isEmpty = mine.every(({ path }) => counters.get(path)!.length === 0);
    return isEmpty ? 0x800007d5 | 0 : 0;
  };
  functions["PdhGetFormattedCounterArrayW"] = (
    handle: bigint,
    format: number,
    size: Uint32Array,
    count: Uint32Array,
    buffer: bigint,
  ) => {
    const { path, query } = handles.get(handle)!;
    const code = enter("PdhGetFormattedCounterArrayW", path);
    if (query.dead?.where === "array") return query.dead.status | 0;
    if (code !== 0) return code;
    if (format !== 0x1400 || !query.collected) return 0xc0000bbd | 0;
    const items = counters.get(path)!;
    if (items.length === 0) return 0x800007d1 | 0;
    const texts = items.map(([name]) => utf16(name));
    const needed = items.length * 24 + fake.padding + texts.reduce((sum, t) => sum + t.length, 0);
    const room = size[0]!;
    size[0] = fake.alwaysMore ?? needed;
    if (fake.alwaysMore !== null || room < needed) return 0x800007d2 | 0;
    const bytes = heap.at(buffer, room);
    let at = items.length * 24 + fake.padding;
    for (const [i, [, value]] of items.entries()) {
      put64(bytes, i * 24, buffer + BigInt(at) + fake.movePointers);
      put32(bytes, i * 24 + 8, typeof value === "bigint" ? i % 2 : value.status);
      put64(bytes, i * 24 + 16, typeof value === "bigint" ? value : value.value ?? 77n);
      bytes.set(texts[i]!, at);
      at += texts[i]!.length;
    }
    count[0] = items.length;
    return 0;
  };
  functions["PdhCloseQuery"] = (handle: bigint) => {
    enter("PdhCloseQuery");
    return fake.open.delete(handle) ? 0 : 0xc0000bbc | 0;
  };
  return fake;
}

/** The names of the counters' values, in the order of the records. */
const VALUES = ["Dedicated Usage", "Shared Usage", "Total Committed", "Local Usage"]
  .concat("Non Local Usage");

/**
 * Counters of GPUs and processes from rows of five values each: dedicated, shared, committed, local, non-local. As on
 * Windows, local and non-local memory of a GPU is told in parts; several values are those of several parts.
 */
export function gpuCounters(
  adapters: Readonly<Record<string, readonly (FakeValue | readonly FakeValue[])[]>>,
  processes: Readonly<Record<string, readonly FakeValue[]>> = {},
): FakePdh["counters"] {
  const sets = ["GPU Adapter Memory", "GPU Adapter Memory", "GPU Adapter Memory"]
    .concat("GPU Local Adapter Memory", "GPU Non Local Adapter Memory");
  const counters: FakePdh["counters"] = new Map();
  for (const [i, value] of VALUES.entries()) {
    const column = (rows: typeof adapters) =>
      Object.entries(rows).flatMap(([name, values]) =>
        [values[i]!].flat().map((value, part) =>
          [rows === adapters && i >= 3 ? partName(name, part) : name, value] as const
        )
      );
    counters.set(`\\${sets[i]}(*)\\${value}`, column(adapters));
    counters.set(`\\GPU Process Memory(*)\\${value}`, column(processes));
  }
  return counters;
}

/** The sum of all has no parts. */
function partName(name: string, part: number): string {
  return name.startsWith("luid_") ? `${name}_part_${part}` : name;
}
