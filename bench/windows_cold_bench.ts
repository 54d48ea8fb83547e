/**
 * The whole of a cold `hmn` on Windows (under Wine, on the fake drivers of the tests) against a runtime's program that
 * starts another one, which is the least that a prober in a process of its own can cost. Needs the build, root, and
 * what test/windows/set_up.mjs sets up.
 */
import { readFileSync } from "node:fs";
import { configureNvml, installFake } from "../test/support/windows_fakes.ts";
import {
  skipWine,
  WINDOWS_RUNTIMES,
  type WindowsRuntime,
  WineSession,
} from "../test/support/wine.ts";
import { median, row, RUNTIME, two } from "./support.ts";

const CLI = "Z:\\hmn\\dist\\cli.js";
const ROUNDS = 15;

if (RUNTIME === "bun") await main();

async function main(): Promise<void> {
  const reason = await skipWine();
  if (reason !== false) return console.log(`cold hmn on Windows: not measured, ${reason}`);
  await using session = await WineSession.open();
  for (const runtime of WINDOWS_RUNTIMES) {
    await measure(session, runtime, "Wine's own dxgi.dll", "");
  }
  for (const name of ["nvml.dll", "dxgi.dll", "pdh.dll"] as const) await installFake(session, name);
  configureNvml(session, { gpus: 2 });
  const gpus = new URL("../test/windows/cases/two_cards.conf", import.meta.url);
  session.install("fake_gpu.conf", readFileSync(gpus.pathname));
  for (const runtime of WINDOWS_RUNTIMES) {
    await measure(session, runtime, "fake drivers", "dxgi,pdh");
  }
}

async function measure(
  session: WineSession,
  runtime: WindowsRuntime,
  machine: string,
  overrides: string,
): Promise<void> {
  const hello = session.write("hello.js", "console.log('hello');\n");
  const words = JSON.stringify(session.script(runtime, hello));
  const starts = session.write(
    "starts.js",
    runtime === "bun"
      ? `console.log(Bun.spawnSync(${words}).stdout.toString());\n`
      : `const [program, ...args] = ${words};\n` +
        "const { stdout } = new Deno.Command(program, { args }).outputSync();\n" +
        "console.log(new TextDecoder().decode(stdout));\n",
  );
  const time = async (file: string, expected: RegExp) => {
    const startMs = performance.now();
    const end = await session.run(session.script(runtime, file), { overrides });
    const ms = performance.now() - startMs;
    if (expected.test(end.stdout)) return ms;
    throw new Error(`Cannot measure: ${file}: ${end.stdout}${end.stderr}`);
  };
  const twiceMs: number[] = [];
  const hmnMs: number[] = [];
  for (let round = -2; round < ROUNDS; round++) {
    const twice = await time(starts, /hello/);
    const hmn = await time(CLI, /^GPU 0 [^]*^RAM: used \d/m);
    if (round < 0) continue; // The first ones fill the caches.
    twiceMs.push(twice);
    hmnMs.push(hmn);
  }
  const ratio = median(hmnMs) / median(twiceMs);
  row(
    `cold hmn under Wine, ${machine} / a ${runtime}.exe that starts a ${runtime}.exe`,
    `${two(ratio)} (${two(median(hmnMs))} ms / ${two(median(twiceMs))} ms)`,
    runtime === "bun" ? "<= 1.5" : "-",
    runtime !== "bun" || ratio <= 1.5,
  );
}
