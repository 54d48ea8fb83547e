/**
 * What the endpoint costs a request: `/v1/snapshot` and `/metrics` against Hono routes of the same process that give a
 * constant of the same size with the same headers, under wrk; and what a driver that hangs costs other requests.
 */
import process from "node:process";
import { Hono } from "hono";
import { createApp } from "../lib/http/create_app.ts";
import { serveApp } from "../lib/http/serve.ts";
import { openMeter } from "../mod.ts";
import { sleep } from "./processes.ts";
import { median, row, RUNTIME, two } from "./support.ts";
import {
  benchCommand,
  busyMachine,
  type Load,
  openWrk,
  startServer,
  type Wrk,
} from "./support_serve.ts";

const PATHS = ["/v1/snapshot", "/metrics"] as const;
const LOAD = { seconds: 1, connections: 32 };
/** Short turns, and many: others use this machine too. */
const ROUNDS = 25;
const HANGING_ROUNDS = 12;
/** A meter's own deadline where none is given. */
const DEADLINE_MS = 18_000;

/** The child: the endpoint, and constants like its answers, each on a port of its own. */
async function serve(): Promise<void> {
  const app = createApp(openMeter());
  const endpoint = await serveApp((request, env) => app.fetch(request, env as never), { port: 0 });
  const constants = new Hono();
  if (process.argv[3] !== "alone") {
    for (const path of PATHS) {
      const { text, headers } = await plain(endpoint.url + path);
      // The server adds these itself.
      const own = ["date", "content-length", "connection", "keep-alive"];
      own.forEach((name) => headers.delete(name));
      const kept = { headers: Object.fromEntries(headers) };
      constants.get(path, () => new Response(text, kept));
    }
  }
  const constant = (request: Request) => constants.fetch(request);
  const same = await serveApp(constant, { port: 0 });
  const bare = RUNTIME === "bun"
    ? Bun.serve({ port: 0, hostname: "127.0.0.1", development: false, fetch: constant }).port
    : Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, constant).addr.port;
  process.on("SIGTERM", () => process.exit(0));
  console.log(JSON.stringify({
    endpoint: endpoint.url,
    same: same.url,
    bare: `http://127.0.0.1:${bare}`,
  }));
}

/** An answer as wrk gets it, which can't decompress. */
async function plain(url: string) {
  const answer = await fetch(url, { headers: { "accept-encoding": "identity" } });
  if (!answer.ok) throw new Error(`Cannot measure: ${url} answered ${answer.status}`);
  return { text: await answer.text(), headers: new Headers(answer.headers) };
}

/** Loads addresses in turns; the order changes, for what runs behind wakes up one of them. */
async function inTurns(wrk: Wrk, urls: readonly string[], rounds: number, load = LOAD) {
  const found: Load[][] = [];
  for (let round = 0; round < rounds + 2; round++) {
    const turn: Load[] = [];
    for (let i = 0; i < urls.length; i++) {
      const which = (round + i) % urls.length;
      turn[which] = await wrk(urls[which]!, load);
    }
    found.push(turn);
  }
  // Compilers and caches need the first ones.
  const kept = found.slice(2);
  return {
    ratio: (of: keyof Load, which: number, to: number) =>
      median(kept.map((turn) => turn[which]![of] / turn[to]![of])),
    middle: (of: keyof Load, which: number) => median(kept.map((turn) => turn[which]![of])),
  };
}

async function againstConstants(wrk: Wrk): Promise<void> {
  const machine = busyMachine();
  const server = await startServer(benchCommand("serve_bench.ts", "serve"), machine.env);
  const { endpoint, same, bare } = server.told;
  try {
    for (const path of PATHS) {
      const answers = await Promise.all([endpoint, same].map((url) => plain(url + path)));
      const [size, sizeOfConstant] = answers.map(({ text }) => text.length);
      const [count, countOfConstant] = answers.map(({ headers }) => [...headers].length);
      if (count !== countOfConstant || Math.abs(size! / sizeOfConstant! - 1) > 0.01) {
        throw new Error("Cannot measure: the constant is not like the answer");
      }
      const urls = [endpoint, same, bare].map((url) => url + path);
      const { ratio, middle } = await inTurns(wrk, urls, ROUNDS);
      const share = ratio("perSecond", 0, 1);
      const late = ratio("p99Us", 0, 1);
      const [own, constant, other] = [0, 1, 2].map((i) => middle("perSecond", i).toFixed(0));
      row(
        `${path} of 8 GPUs (${size} bytes), throughput / a constant's`,
        `${two(share)} (${own} / ${constant} a second)`,
        ">= 0.9",
        share >= 0.9,
      );
      row(
        `${path}, p99 / a constant's`,
        `${two(late)} (${two(middle("p99Us", 0) / 1000)} / ${two(middle("p99Us", 1) / 1000)} ms)`,
        "<= 2",
        late <= 2,
      );
      const far = two(ratio("perSecond", 0, 2));
      console.log(
        `      ${RUNTIME}  ${path} / a constant on the runtime's own server: ${far} (${other})`,
      );
    }
  } finally {
    await server.end();
    machine.end();
  }
}

async function whileTheDriverHangs(wrk: Wrk): Promise<void> {
  const machines = [busyMachine({ isFaulty: true }), busyMachine({ isFaulty: true })];
  const command = benchCommand("serve_bench.ts", "serve", "alone");
  const servers = await Promise.all(machines.map(({ env }) => startServer(command, env)));
  const [hanging, well] = servers.map(({ told }) => told.endpoint!);
  try {
    await Promise.all([hanging!, well!].map((url) => plain(`${url}/v1/snapshot`)));
    machines[0]!.fault({ "hang.*": "sleep" });
    const asking = new AbortController();
    const [worst, usual] = await Promise.all([
      longest(`${hanging}/v1/snapshot`, asking.signal),
      longest(`${well}/v1/snapshot`, asking.signal),
      (async () => {
        const urls = [hanging!, well!].map((url) => `${url}/-/healthy`);
        const load = { seconds: 1, connections: 4 };
        const { ratio, middle } = await inTurns(wrk, urls, HANGING_ROUNDS, load);
        asking.abort();
        const late = ratio("p99Us", 0, 1);
        row(
          "/-/healthy while the driver hangs, p99 / that of a server whose driver works",
          `${two(late)} (${two(middle("p99Us", 0) / 1000)} / ${two(middle("p99Us", 1) / 1000)} ms)`,
          "<= 1.5",
          late <= 1.5,
        );
      })(),
    ]);
    row(
      "/v1/snapshot meanwhile, the longest, with RAM and without GPUs and why",
      `${(worst.ms / 1000).toFixed(1)} s, so in ${worst.failed} of ${worst.asked}`,
      `<= ${DEADLINE_MS / 1000} s, so in all`,
      worst.ms <= DEADLINE_MS && worst.failed === worst.asked && usual.failed === 0,
    );
  } finally {
    await Promise.all(servers.map((server) => server.end()));
    machines.forEach((machine) => machine.end());
  }
}

/** Asks again and again; how long it took at most, and how many answers said why there are no GPUs. */
async function longest(url: string, signal: AbortSignal) {
  let [ms, asked, failed] = [0, 0, 0];
  // What the driver told before it hung is given again for a moment.
  await sleep(1_200);
  while (!signal.aborted) {
    const startMs = performance.now();
    const answer = JSON.parse((await plain(url)).text);
    ms = Math.max(ms, performance.now() - startMs);
    asked += 1;
    const isWithoutGpus = answer.devices.length === 0 && answer.failures.length > 0;
    if (isWithoutGpus && answer.process?.rss_bytes > 0) failed += 1;
    await sleep(100);
  }
  return { ms, asked, failed };
}

if (process.argv[2] === "serve") await serve();
else {
  const { wrk, end } = openWrk();
  try {
    await againstConstants(wrk);
    await whileTheDriverHangs(wrk);
  } finally {
    end();
  }
}
