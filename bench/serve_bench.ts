/**
 * What the endpoint costs a request: `/v1/snapshot` and `/metrics` against Hono routes of the same process that give a
 * constant of the same size with the same headers, under wrk; and what a driver that hangs costs the others.
 */
import process from "node:process";
import { Hono } from "hono";
import { createApp } from "../lib/http/create_app.ts";
import { serveApp } from "../lib/http/serve.ts";
import { openMeter } from "../mod.ts";
import { cpuSeconds } from "./processes.ts";
import { median, row, two } from "./support.ts";
import { benchCommand, busyMachine, type Load, openWrk, startServer } from "./support_serve.ts";

const PATHS = ["/v1/snapshot", "/metrics"] as const;
const LOAD = { seconds: 1, connections: 32 };
const ROUNDS = 18;

/** The child: the endpoint, and constants like its answers, each on a port of its own. */
async function serve(): Promise<void> {
  const app = createApp(openMeter());
  const endpoint = await serveApp((request, env) => app.fetch(request, env as never), { port: 0 });
  const constants = new Hono();
  for (const path of PATHS) {
    const answer = await fetch(endpoint.url + path, { headers: { "accept-encoding": "identity" } });
    const body = new Uint8Array(await answer.arrayBuffer());
    const headers = Object.fromEntries(answer.headers);
    // The server adds these itself.
    delete headers.date;
    delete headers["content-length"];
    constants.get(path, () => new Response(body, { headers }));
  }
  const fetchConstant = (request: Request) => constants.fetch(request);
  const same = await serveApp(fetchConstant, { port: 0 });
  const bare = "Bun" in globalThis
    ? Bun.serve({ port: 0, hostname: "127.0.0.1", development: false, fetch: fetchConstant }).port
    : Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, fetchConstant).addr.port;
  console.log(JSON.stringify({
    endpoint: endpoint.url,
    same: same.url,
    bare: `http://127.0.0.1:${bare}`,
  }));
}

async function measure(): Promise<void> {
  const { wrk, end } = openWrk();
  const machine = busyMachine();
  const server = await startServer(benchCommand("serve_bench.ts", "serve"), machine.env);
  try {
    const { endpoint, same, bare } = server.told;
    for (const path of PATHS) {
      const sizes = await Promise.all([endpoint, same, bare].map(async (u) => { const r = await fetch(u + path, { headers: { "accept-encoding": "identity" } }); return [(await r.text()).length, [...r.headers].length]; }));
      console.log(path, JSON.stringify(sizes));
      const rounds: (Load & { cpu: number })[][] = [];
      for (let i = 0; i < ROUNDS; i++) {
        const turn: (Load & { cpu: number })[] = [];
        const urls = [bare, same, endpoint];
        for (let k = 0; k < 3; k++) {
          const j = (k + i) % 3;
          const c = cpuSeconds([server.pid]);
          const l = await wrk(urls[j] + path, LOAD);
          turn[j] = { ...l, cpu: (cpuSeconds([server.pid]) - c) / (l.perSecond * LOAD.seconds) * 1e6 };
        }
        rounds.push(turn);
      }
      for (const j of [0, 1, 2]) console.log(j, median(rounds.map((t) => t[j]!.perSecond)), median(rounds.map((t) => t[j]!.p50Us)), median(rounds.map((t) => t[j]!.p99Us)), "cpu us", median(rounds.map((t) => t[j]!.cpu)));
      for (const i of [0, 1]) console.log("cpu ratio", median(rounds.map((t) => t[i]!.cpu / t[2]!.cpu)));
      for (const i of [0, 1]) {
      const r = median(rounds.slice(1).map((t) => t[2]!.perSecond / t[i]!.perSecond));
      const p = median(rounds.slice(1).map((t) => t[2]!.p99Us / t[i]!.p99Us));
      row(path + i, two(r), ">= 0.9", r >= 0.9);
      row(path + i, two(p), "<= 2", p <= 2);
      }
    }
  } finally {
    await server.end();
    machine.end();
    end();
  }
}

await (process.argv[2] === "serve" ? serve() : measure());
