/** What 200 clients of the stream cost the built `hmn serve`: 8 GPUs and 20 processes on them, once a second. */
import { connect, type Socket } from "node:net";
import { coreShare, pssMb, sleep } from "./processes.ts";
import { median, row } from "./support.ts";
import { busyMachine, startHmn } from "./support_serve.ts";

const CLIENTS = 200;
const SECONDS = 20;
const EVENT = "event: reading";

/** Reads a stream as it comes; what is counted are events. */
function listen(port: number): { readonly socket: Socket; events: number; bytes: number } {
  const socket = connect(port, "127.0.0.1");
  const client = { socket, events: 0, bytes: 0 };
  socket.on("error", () => {});
  socket.write(`GET /v1/stream HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
  socket.on("data", (bytes) => {
    client.bytes += bytes.length;
    if (bytes.includes(EVENT)) client.events += 1;
  });
  return client;
}

const machine = busyMachine();
const server = await startHmn(machine);
try {
  const port = Number(new URL(server.told.url!).port);
  await sleep(3_000);
  const alone = await coreShare(server.tree(), SECONDS / 2);
  const clients = Array.from({ length: CLIENTS }, () => listen(port));
  await sleep(5_000);
  const before = clients.map(({ events, bytes }) => ({ events, bytes }));
  const tree = server.tree();
  const share = await coreShare(tree, SECONDS);
  const pss = pssMb(tree);
  const events = clients.map((client, i) => client.events - before[i]!.events);
  const bytes = median(clients.map((client, i) => client.bytes - before[i]!.bytes));
  if (Math.min(...events) < SECONDS - 2) {
    throw new Error(`Cannot measure: a client got ${Math.min(...events)} events`);
  }
  row(
    `${CLIENTS} streams of 8 GPUs and 20 processes at 1 Hz, share of one core`,
    `${(share * 100).toFixed(1)} % (${(alone * 100).toFixed(1)} % without clients; ` +
      `${(bytes / SECONDS / 1024).toFixed(0)} KiB an event)`,
    "<= 10 %",
    share <= 0.1,
  );
  row("its summed PSS", `${pss.toFixed(0)} MB`, "<= 150 MB", pss <= 150);
  clients.forEach(({ socket }) => socket.destroy());
} finally {
  await server.end();
  machine.end();
}
