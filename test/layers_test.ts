import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { breaches, SHARED } from "./support/layers.ts";
import { scanSource } from "./support/scan_source.ts";

const root = join(import.meta.dirname!, "..");

function readSources(): Map<string, string> {
  const inside = (folder: string) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`);
  const paths = ["mod.ts", "cli.ts", ...inside("lib"), ...inside("workers")]
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"));
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

test("imports go only where the layers allow", () => {
  const files = readSources();
  assert.ok(files.size > 40, `only ${files.size} files were read`);
  for (const path of SHARED) assert.ok(files.has(path), `${path} is shared but is not there`);
  assert.deepEqual(breaches(files), []);
});

test("the public modules reach the worker by its URL alone", () => {
  const { strings } = scanSource(readSources().get("lib/isolation/launch.ts")!);
  assert.ok(strings.some((string) => string.endsWith("workers/main.ts")));
});

/** A small tree in which everything is as it should be. */
const SOUND: Readonly<Record<string, string>> = {
  "mod.ts":
    `export { openMeter } from "./lib/meter.ts";\nexport type { A } from "./lib/records.ts";`,
  "cli.ts": `import { run } from "./lib/cli/dispatch.ts";\nawait run(Deno.args);`,
  "lib/cli/dispatch.ts":
    `import { parseArgs } from "@std/cli/parse-args";\nimport { openMeter } from "../meter.ts";
const { open } = await import("node:fs/promises"); const { serve } = await import("../http/serve.ts");`,
  "lib/http/serve.ts":
    `import { Hono } from "hono";\nimport { z } from "zod";\nimport { record } from "../session/record.ts";`,
  "lib/session/record.ts":
    `import { stringify } from "@std/csv/stringify";\nimport { read } from "./config/read.ts";
import { Pattern } from "./look/pattern.ts";\nimport { store } from "./files/store.ts";`,
  "lib/session/files/store.ts": `export const open = () => import("node:fs/promises");`,
  "lib/session/config/read.ts":
    `import { parse } from "smol-toml";\nimport { z } from "zod";\nimport { parseTree } from "jsonc-parser";`,
  "lib/session/look/pattern.ts": `import { RE2JS } from "re2js";`,
  "lib/meter.ts":
    `import { start } from "./isolation/child.ts";\nimport type { A } from "./records.ts";`,
  "lib/isolation/child.ts":
    `export const url = new URL("../../workers/main.ts", import.meta.url); Bun.spawn(["x"]);`,
  "lib/errors.ts": "export class Oops extends Error {}",
  "lib/records.ts": "export interface A { readonly process: string; readonly Deno?: 1 }",
  "workers/main.ts":
    `import { realHost } from "./host/real_host.ts";\nimport { read } from "./proc/read.ts";`,
  "workers/host/real_host.ts":
    `import { readFileSync } from "node:fs";\nimport { open } from "../ffi/bun.ts"; Deno.exit(0);`,
  "workers/ffi/bun.ts": `export const open = () => import("bun:ffi");`,
  "workers/proc/read.ts": `import { Oops } from "../../lib/errors.ts";
// Deno.readTextFile is what the host calls; import { x } from "zod";
export const read = (row) => "Bun.spawn" + \`dlopen \${row.process.env} fetch\` + row.Deno;`,
};

function planted(path: string, line: string): string[] {
  return breaches(new Map(Object.entries({ ...SOUND, [path]: `${SOUND[path] ?? ""}\n${line}` })));
}

test("a sound tree has no breach", () => {
  assert.deepEqual(breaches(new Map(Object.entries(SOUND))), []);
});

const PLANTED: readonly [path: string, line: string, breach: RegExp][] = [
  ["lib/meter.ts", `import "../workers/main.ts";`, /^lib\/meter.ts imports workers\/main.ts$/],
  ["lib/meter.ts", `import type { R } from "../workers/proc/read.ts";`, /imports workers\/proc/],
  ["lib/meter.ts", `const m = import("../workers/main.ts");`, /imports workers\/main.ts$/],
  ["lib/meter.ts", `const u = "../workers/main.ts";`, /knows where the workers are/],
  ["lib/meter.ts", "const u = `${base}/workers/main.ts`;", /knows where the workers are/],
  ["lib/meter.ts", `import { run } from "./cli/run.ts";`, /^lib\/meter.ts imports lib\/cli/],
  ["mod.ts", `export * from "./lib/cli/dispatch.ts";`, /^mod.ts imports lib\/cli\/dispatch.ts$/],
  ["mod.ts", `export { run } from "./cli.ts";`, /^mod.ts imports cli.ts$/],
  [
    "mod.ts",
    `export * from "./lib/session/record.ts";`,
    /^mod.ts imports lib\/session\/record.ts$/,
  ],
  ["mod.ts", `export * from "./lib/http/serve.ts";`, /^mod.ts imports lib\/http\/serve.ts$/],
  ["lib/meter.ts", `import "./session/record.ts";`, /^lib\/meter.ts imports lib\/session\/record/],
  ["lib/meter.ts", `import "./http/serve.ts";`, /^lib\/meter.ts imports lib\/http\/serve.ts$/],
  [
    "lib/meter.ts",
    `import "./session/record.ts";`,
    /^mod.ts loads zod through lib\/session\/config/,
  ],
  ["lib/session/record.ts", `import "../http/serve.ts";`, /record.ts imports lib\/http\/serve.ts$/],
  ["lib/session/record.ts", `import "../cli/dispatch.ts";`, /record.ts imports lib\/cli\/dispatch/],
  ["lib/http/serve.ts", `import "../cli/dispatch.ts";`, /serve.ts imports lib\/cli\/dispatch.ts$/],
  ["lib/session/record.ts", `import { Hono } from "hono";`, /record.ts imports hono \(static\)$/],
  ["lib/cli/dispatch.ts", `await import("hono/cors");`, /imports hono\/cors \(dynamic\)$/],
  ["lib/session/record.ts", `import { z } from "zod";`, /record.ts imports zod \(static\)$/],
  ["lib/session/load/load.ts", `import "smol-toml";`, /load.ts imports smol-toml \(static\)$/],
  ["lib/session/record.ts", `import "jsonc-parser";`, /record.ts imports jsonc-parser/],
  ["lib/session/record.ts", `import "re2js";`, /record.ts imports re2js \(static\)$/],
  ["lib/session/record.ts", `await import("node:fs");`, /record.ts imports node:fs \(dynamic\)$/],
  [
    "lib/session/files/store.ts",
    `import fs from "node:fs";`,
    /store.ts imports node:fs \(static\)$/,
  ],
  ["lib/session/record.ts", `import "@std/cli/parse-args";`, /imports @std\/cli\/parse-args/],
  ["lib/cli/dispatch.ts", `import "@std/csv/stringify";`, /imports @std\/csv\/stringify/],
  ["lib/http/serve.ts", `import fs from "node:fs";`, /serve.ts imports node:fs \(static\)$/],
  ["workers/main.ts", `import { start } from "../lib/meter.ts";`, /imports lib\/meter.ts$/],
  ["lib/errors.ts", `import { start } from "./meter.ts";`, /^lib\/errors.ts imports lib\/meter/],
  ["lib/errors.ts", `import { start } from "./gone.ts";`, /lib\/gone.ts, which is not there/],
  ["lib/meter.ts", `import { z } from "zod";`, /^lib\/meter.ts imports zod \(static\)$/],
  ["lib/meter.ts", `const z = await import("hono");`, /mod.ts may load hono through lib\/meter.ts/],
  [
    "lib/meter.ts",
    `import { parse } from "@std/csv";`,
    /mod.ts loads @std\/csv through lib\/meter/,
  ],
  ["lib/meter.ts", `import fs from "node:fs";`, /mod.ts loads node:fs through lib\/meter.ts/],
  [
    "lib/cli/dispatch.ts",
    `import fs from "node:fs";`,
    /lib\/cli\/dispatch.ts imports node:fs \(static\)/,
  ],
  ["lib/cli/dispatch.ts", `import * as ffi from "bun:ffi";`, /imports bun:ffi/],
  ["lib/cli/dispatch.ts", `await import(name);`, /imports something computed/],
  ["lib/cli/dispatch.ts", `new Deno.Command("ls");`, /starts a process: Deno.Command/],
  ["lib/meter.ts", `Bun.spawnSync(["ls"]);`, /starts a process: Bun.spawn/],
  ["lib/meter.ts", "`${Bun.spawn(['ls'])}`;", /starts a process: Bun.spawn/],
  ["lib/meter.ts", `Deno.dlopen("libc.so.6", {});`, /loads native code/],
  ["workers/host/real_host.ts", `Deno.dlopen("libc.so.6", {});`, /loads native code/],
  ["workers/proc/read.ts", `Deno.readTextFileSync("/proc/stat");`, /past the host: Deno/],
  ["workers/proc/read.ts", `const home = process.env.HOME;`, /past the host: process.env/],
  ["workers/proc/read.ts", `import fs from "node:fs";`, /read.ts imports node:fs/],
  ["workers/proc/read.ts", `const half = a / b; Bun.file("/x"); // a / b`, /past the host: Bun/],
  ["workers/proc/read.ts", `const q = /["'\`]/; Bun.file("/x");`, /past the host: Bun/],
  [
    "workers/proc/read.ts",
    `export { x } from "../main.ts";`,
    /^Cycle: workers\/main.ts -> workers\/proc\/read.ts -> workers\/main.ts$/,
  ],
];

for (const [path, line, breach] of PLANTED) {
  test(`found in ${path}: ${line}`, () => {
    const found = planted(path, line);
    assert.ok(found.some((text) => breach.test(text)), `${breach} not in ${JSON.stringify(found)}`);
  });
}

test("the scanner tells types, static and dynamic imports apart", () => {
  const { imports } = scanSource(`
import type { A } from "./a.ts";
import { type B, type C } from "./b.ts";
import { type D, e } from "./c.ts";
import f, * as g from "./d.ts";
import "./e.ts"; export * from "./f.ts";
const h = await import("./g.ts"), i = "import './not.ts'";
/* import "./not.ts" */ // import("./not.ts")
`);
  assert.deepEqual(imports.map(({ specifier, kind }) => `${kind} ${specifier}`).sort(), [
    "dynamic ./g.ts",
    "static ./c.ts",
    "static ./d.ts",
    "static ./e.ts",
    "static ./f.ts",
    "type ./a.ts",
    "type ./b.ts",
  ]);
});
