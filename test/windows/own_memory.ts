/**
 * Asks a meter in the isolation of the first argument what this very process uses of GPU 0, in both ways there are, and
 * prints that with its own PID as one line of JSON.
 */
import process from "node:process";
import { type Isolation, openMeter } from "../../mod.ts";
import { ownPid } from "../../lib/own_process.ts";

const isolation = ("Bun" in globalThis ? process.argv[2] : Deno.args[0]) as Isolation;
const meter = openMeter({ isolation, startBudgetMs: 20_000 });
const { gpu } = await meter.snapshot(0);
const info = await meter.processGpuInfo(0);
console.log(JSON.stringify({ pid: ownPid(), snapshot: gpu?.videoMemory, info: info.videoMemory }));
await meter.close();
