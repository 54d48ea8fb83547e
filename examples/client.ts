/**
 * Asks a running `hmn serve` about its machine: once, again and again, and with the types of every address.
 *
 *     HMN_TOKEN=the-token-if-any bun examples/client.ts http://127.0.0.1:9700
 */
import process from "node:process";
import { connect, createClient } from "../lib/client/mod.ts";

const url = process.argv[2] ?? "http://127.0.0.1:9700";
const options = { token: process.env.HMN_TOKEN || undefined };

const meter = connect(url, options);
const { devices } = await meter.ask({ kind: "devices" });
for (const { index, usedBytes, totalBytes } of devices) {
  console.log(`GPU ${index}: ${usedBytes} of ${totalBytes} bytes`);
}

let count = 0;
for await (const { system } of meter.readings({ intervalMs: 200 })) {
  console.log(`RAM: ${system?.usedBytes} of ${system?.totalBytes} bytes`);
  count += 1;
  if (count === 3) break;
}

const client = createClient(url, options);
const { findings } = await (await client.v1.doctor.$get()).json();
for (const { source, present } of findings) {
  console.log(`${source}: ${present ? "there" : "not there"}`);
}
