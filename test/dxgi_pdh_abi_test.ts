/** The numbers of `dxgi`, `pdh` and the look-up of GPUs, held against the headers of Windows that mingw has. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import * as d3dkmt from "../workers/gpu/adapter_address.ts";
import * as dxgi from "../workers/gpu/dxgi/abi.ts";
import { HRESULT_NAMES } from "../workers/gpu/dxgi/hresult.ts";
import { LMEM_ZEROINIT } from "../workers/gpu/native_memory.ts";
import * as pdh from "../workers/gpu/pdh/abi.ts";
import { checkAsserts, type Checked, skipMingw } from "./support/mingw.ts";

const SOURCE = path.join(import.meta.dirname!, "windows", "dxgi_pdh_abi.c");
const skip = skipMingw();

const GROUPS = {
  SLOT: dxgi.SLOT,
  IID_FACTORY1: dxgi.IID_FACTORY1,
  IID_ADAPTER3: dxgi.IID_ADAPTER3,
  DESC1: dxgi.DESC1,
  FLAG: dxgi.FLAG,
  MEMORY_INFO: dxgi.MEMORY_INFO,
  SEGMENT: dxgi.SEGMENT,
  ITEM: pdh.ITEM,
  STATUS: pdh.STATUS,
  FORMAT: { all: pdh.FORMAT },
  LOCAL_ALLOC: { zeroInit: LMEM_ZEROINIT },
  OPEN_BY_LUID: d3dkmt.OPEN_BY_LUID,
  QUERY_INFO: d3dkmt.QUERY_INFO,
  ADDRESS: d3dkmt.ADDRESS,
  INFO_TYPE: d3dkmt.INFO_TYPE,
  TYPE_BITS: d3dkmt.TYPE_BITS,
};

/** Each number by its group and name. */
const NUMBERS: readonly (readonly [group: string, name: string, value: number])[] = Object
  .entries(GROUPS).flatMap(([group, numbers]) =>
    Object.entries(numbers).map(([name, value]) => [group, name, value] as const)
  );

/** Each name of a status with its number. */
const STATUSES = [HRESULT_NAMES, pdh.STATUS_NAMES].flatMap((names) =>
  Object.entries(names).map(([code, name]) => [name, Number(code)] as const)
);

/** Compiles the checks with each number as `change` makes it. */
async function check(change: (value: number) => number): Promise<Checked> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-dxgi-abi-"));
  try {
    const hex = (value: number) => `0x${change(value).toString(16)}u`;
    const lines = [
      ...NUMBERS.map(([group, name, value]) => `#define HMN_${group}_${name} ${hex(value)}\n`),
      ...STATUSES.map(([name, code]) => `NAMED(${name}, ${hex(code)})\n`),
    ];
    fs.writeFileSync(path.join(folder, "dxgi_pdh_numbers.h"), lines.join(""));
    return await checkAsserts(SOURCE, ["-I", folder]);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

test("every number agrees with the headers of Windows", { skip }, async () => {
  assert.ok(NUMBERS.length > 45 && STATUSES.length > 40);
  const { ok, output } = await check((value) => value);
  assert.equal(output, "");
  assert.ok(ok);
});

test("each number that is wrong is found", { skip }, async () => {
  const { ok, output } = await check((value) => value + 1);
  assert.ok(!ok);
  for (const [group, name] of NUMBERS) {
    assert.ok(output.includes(`"wrong: ${group}.${name}"`), `${group}.${name} is not checked`);
  }
  for (const [name] of STATUSES) assert.ok(output.includes(`"wrong: NAME.${name}"`), name);
});
