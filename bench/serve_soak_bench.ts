/**
 * Does the built `hmn serve` grow, or leak descriptors, under a mixed load and abuse: `bun bench/serve_soak_bench.ts 600`
 * for ten minutes, a minute where no seconds are given.
 */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { sleep } from "./processes.ts";
import { median, row } from "./support.ts";
import { busyMachine, descriptors, startHmn } from "./support_serve.ts";

const SECONDS = Number(process.argv[2] ?? 60);
/** The collectors' and compilers' share. */
const WARM_UP = SECONDS / 3;
const MOST_MB = 10;

const machine = busyMachine();
const server = await startHmn(machine);
const url = server.told.url!;
const port = Number(new URL(url).port);
let asked = 0;
let isOver = false;

/** Does something again and again; what a client of it suffers is no matter here. */
async function again(pauseMs: number, action: (round: number) => unknown): Promise<void> {
  for (let round = 0; !isOver; round++) {
    asked += 1;
    await Promise.resolve(action(round)).catch(() => {});
    await sleep(pauseMs);
  }
}

async function get(path: string, init: RequestInit = {}): Promise<void> {
  const answer = await fetch(url + path, init);
  await answer.arrayBuffer();
}

function post(path: string, body: string | Uint8Array<ArrayBuffer>): Promise<void> {
  return get(path, { method: "POST", headers: { "content-type": "application/json" }, body });
}

/** Opens a connection, sends something, reads what comes where it shall, and goes without a word. */
async function raw(text: string, forMs: number, { reads = true } = {}): Promise<void> {
  const socket: Socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  if (reads) socket.resume();
  else socket.pause();
  socket.write(text);
  await sleep(forMs);
  socket.destroy();
}

const HOST = `host: 127.0.0.1:${port}\r\n`;
const LARGE = new Uint8Array(200_000).fill(32);

const load = [
  () => again(2, () => get("/v1/snapshot")),
  // Each is a question of its own.
  () => again(20, (i) => get(`/v1/snapshot?pid=${1 + i % 4_000}`)),
  () => again(5, () => get("/metrics")),
  () => again(50, () => get("/v1/history")),
  () => again(20, () => get("/")),
  () => again(10, (i) => post("/v1/phase", JSON.stringify(i % 2 ? { end: true } : { name: "a" }))),
  () =>
    again(10, (i) =>
      post(
        "/v1/telemetry",
        JSON.stringify({ allocated_bytes: i, reserved_bytes: 2 * i, pid: 1 + i % 100_000 }),
      )),
  // Abuse: what is no request, what never ends, what is too large, and clients that vanish.
  () => again(10, (i) => get(`/nothing/${i}`)),
  () =>
    again(10, (i) => get("/v1/snapshot", { headers: { accept: `a/${i}`, origin: `http://${i}` } })),
  () => again(20, (i) => raw(`GET /v1/snapshot HTTP/1.1\r\nhost: name${i}\r\n\r\n`, 20)),
  () => again(20, () => post("/v1/telemetry", LARGE)),
  () => again(20, () => post("/v1/ask", "{")),
  () => again(20, () => raw("\x00\x01\x02 garbage\r\n\r\n", 10)),
  () => again(50, () => raw(`GET /v1/snapshot HTTP/1.1\r\n${HOST}`, 500)),
  () => again(50, () => raw(`POST /v1/ask HTTP/1.1\r\n${HOST}content-length: 99\r\n\r\n{`, 500)),
  () => again(10, () => raw(`GET /metrics HTTP/1.1\r\n${HOST}\r\n`, 0)),
  () => again(10, () => raw(`GET /v1/stream?interval=0.5s HTTP/1.1\r\n${HOST}\r\n`, 700)),
  () => again(10, () => raw(`GET /v1/stream HTTP/1.1\r\n${HOST}\r\n`, 3_000)),
  // Takes nothing of what is sent.
  () => again(10, () => raw(`GET /v1/stream HTTP/1.1\r\n${HOST}\r\n`, 5_000, { reads: false })),
];

/** Resident memory of the server and its workers. */
function rssMb(): number {
  let kib = 0;
  for (const pid of server.tree()) {
    kib += Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);
  }
  return kib / 1024;
}

/** Least squares, in what `values` are counted in per second. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [above, below] = [0, 0];
  values.forEach((value, i) => {
    above += (i - middle) * (value - mean);
    below += (i - middle) ** 2;
  });
  return above / below;
}

try {
  await Promise.all(["/v1/snapshot", "/metrics", "/"].map((path) => get(path)));
  // Until the connections of these are dropped as idle ones are.
  await sleep(15_000);
  const openAtFirst = descriptors(server.pid);
  const running = load.map((begin) => begin());
  const seen: number[] = [];
  for (let second = 0; second < SECONDS; second++) {
    await sleep(1_000);
    if (second >= WARM_UP) seen.push(rssMb());
  }
  isOver = true;
  await Promise.all(running);
  const fifth = Math.ceil(seen.length / 5);
  const [first, last] = [median(seen.slice(0, fifth)), median(seen.slice(-fifth))];
  const grown = last - first;
  row(
    `growth of the RSS in ${SECONDS - Math.ceil(WARM_UP)} s behind ${
      Math.ceil(WARM_UP)
    } s of warm-up, ${asked} requests`,
    `${grown.toFixed(1)} MB (${first.toFixed(0)} to ${last.toFixed(0)} MB, most ${
      Math.max(...seen).toFixed(0)
    }; ${(slope(seen) * 60).toFixed(1)} MB a minute)`,
    `<= ${MOST_MB} MB`,
    grown <= MOST_MB,
  );
  // Ours are dropped as idle ones, and the stream's ticker waits for those who come back.
  let open = Infinity;
  for (let waited = 0; waited < 40 && open > openAtFirst; waited++) {
    await sleep(1_000);
    open = descriptors(server.pid);
  }
  row(
    "descriptors it has open behind it",
    `${open} of ${openAtFirst}`,
    "no more",
    open <= openAtFirst,
  );
} finally {
  isOver = true;
  await server.end();
  machine.end();
}
