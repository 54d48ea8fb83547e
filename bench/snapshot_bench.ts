/**
 * Warm `snapshot` (own RSS, the machine's RAM, 2 devices, 4 process rows on the fake NVML) against an
 * empty round trip of the same isolation, and against one run of a fake nvidia-smi.
 */
import { openMeter } from "../mod.ts";
import { fakeMachine } from "../test/support/native.ts";
import { median, row, RUNTIME, time, two } from "./support.ts";
import { fakeSmiForBench, runOnce } from "./fake_smi.ts";

const machine = await fakeMachine([
  "gpus=2",
  // The fake reads its configuration once, as a driver has none to read.
  "reload=0",
  "process=0,101,1073741824",
  "process=0,102,2147483648",
  "process=1,103,1073741824",
  "process=1,104,536870912",
].join("\n"));
const smi = await fakeSmiForBench();
const instantMs = await time(30, () => runOnce(smi.instant));
const realisticMs = await time(30, () => runOnce(smi.realistic));
const least = RUNTIME === "bun" ? [5, 50] : [3, 30];

for (const isolation of ["worker", "process"] as const) {
  const meter = openMeter({
    isolation,
    nvmlPath: machine.nvmlPath,
    sources: ["proc", "proc_mm", "nvml"],
  });
  const snapshot = await meter.ask({ kind: "snapshot", pid: process.pid });
  if (
    snapshot.devices.length !== 2 || snapshot.processes.length !== 4 || !snapshot.process?.rssBytes
  ) {
    throw new Error(`Cannot measure: the snapshot is not whole: ${JSON.stringify(snapshot)}`);
  }
  // One after the other in turn, so that both meet the same clock speeds and the same sleeping cores.
  const pings: number[] = [];
  const snapshots: number[] = [];
  for (let round = 0; round < 7_000; round++) {
    pings.push(await time(1, () => meter.ask({ kind: "ping" })));
    snapshots.push(await time(1, () => meter.ask({ kind: "snapshot", pid: process.pid })));
  }
  const ping = median(pings.slice(2_000));
  const warm = median(snapshots.slice(2_000));
  const ratio = warm / ping;
  row(
    `${isolation}: warm snapshot / empty round trip`,
    `${two(ratio)} (${two(warm * 1000)} us / ${two(ping * 1000)} us)`,
    "<= 4",
    ratio <= 4,
  );
  row(
    `${isolation}: nvidia-smi that prints at once / warm snapshot`,
    `${two(instantMs / warm)} (${two(instantMs)} ms)`,
    `>= ${least[0]}`,
    instantMs / warm >= least[0]!,
  );
  row(
    `${isolation}: nvidia-smi as slow as the real one / warm snapshot`,
    `${two(realisticMs / warm)} (${two(realisticMs)} ms)`,
    `>= ${least[1]}`,
    realisticMs / warm >= least[1]!,
  );
  await meter.close();
}
smi.cleanup();
await machine.cleanup();
