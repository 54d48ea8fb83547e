/** The whole of a cold `hmn`, and of an import, against the runtime's own hello world. Needs the build. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fakeMachine } from "../test/support/native.ts";
import { median, row, RUNTIME, two } from "./support.ts";

const dir = mkdtempSync(join(tmpdir(), "hmn-bench-"));
const machine = await fakeMachine("gpus=2\nreload=0");
const file = (name: string, text: string) => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
const dist = new URL("../dist/", import.meta.url).pathname;
const hello = file("hello.js", "console.log('hello');\n");
const imports = file(
  "import.js",
  `const t = performance.now(); await import(${JSON.stringify(dist + "mod.js")});` +
    "console.log(performance.now() - t);\n",
);
const env = { ...process.env, HMN_NVML_PATH: machine.nvmlPath };

function run(script: string): { ms: number; out: string } {
  const args = RUNTIME === "bun" ? [script] : ["run", "-A", "--no-config", script];
  const executable = RUNTIME === "bun" ? process.execPath : Deno.execPath();
  const startMs = performance.now();
  const out = execFileSync(executable, args, { env, encoding: "utf8" });
  return { ms: performance.now() - startMs, out };
}

const ROUNDS = 25;
for (const script of [hello, dist + "cli.js", imports]) for (let i = 0; i < 3; i++) run(script);
const helloMs: number[] = [];
const cliMs: number[] = [];
const importMs: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  helloMs.push(run(hello).ms);
  const cli = run(dist + "cli.js");
  if (!cli.out.startsWith("GPU 0 ")) throw new Error(`Cannot measure: hmn printed ${cli.out}`);
  cliMs.push(cli.ms);
  importMs.push(Number(run(imports).out));
}
const most = RUNTIME === "bun" ? 5.5 : 3.5;
const ratio = median(cliMs) / median(helloMs);
row(
  "cold hmn / hello world",
  `${two(ratio)} (${two(median(cliMs))} ms / ${two(median(helloMs))} ms)`,
  `<= ${most}`,
  ratio <= most,
);
const mostImport = RUNTIME === "bun" ? 5 : 10;
row(
  "import of the library",
  `${two(median(importMs))} ms`,
  `<= ${mostImport} ms`,
  median(importMs) <= mostImport,
);
rmSync(dir, { recursive: true, force: true });
await machine.cleanup();
