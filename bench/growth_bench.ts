/** Growth of the summed PSS of host and child from sample 30,000 to sample 130,000. */
import { readFileSync } from "node:fs";
import { openMeter } from "../mod.ts";
import { fakeMachine } from "../test/support/native.ts";
import { row } from "./support.ts";

function pssOfTree(root: number): number {
  const children = readFileSync(`/proc/${root}/task/${root}/children`, "utf8").trim();
  const pids = [root, ...children.split(" ").filter(Boolean).map(Number)];
  let kib = 0;
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    kib += Number(/^Pss:\s+(\d+)/m.exec(text)![1]);
  }
  return kib / 1024;
}

/**
 * A collector runs when it likes, so one reading says little: the lowest of twenty, a hundred samples apart,
 * is what the program holds.
 */
async function heldAround(ask: () => Promise<unknown>): Promise<number> {
  let lowest = Infinity;
  for (let reading = 0; reading < 20; reading++) {
    for (let sample = 0; sample < 100; sample++) await ask();
    lowest = Math.min(lowest, pssOfTree(process.pid));
  }
  return lowest;
}

const machine = await fakeMachine(
  "gpus=2\nreload=0\nprocess=0,101,1073741824\nprocess=1,102,1073741824",
);
for (const isolation of ["process", "worker"] as const) {
  const meter = openMeter({ isolation, nvmlPath: machine.nvmlPath });
  const ask = () => meter.ask({ kind: "snapshot", pid: process.pid });
  const many = async (samples: number) => {
    for (let sample = 0; sample < samples; sample++) await ask();
  };
  await many(30_000);
  const at30k = await heldAround(ask);
  await many(98_000);
  const grown = await heldAround(ask) - at30k;
  row(
    `${isolation}: growth of summed PSS, samples 30,000 to 130,000`,
    `${grown.toFixed(1)} MB (from ${at30k.toFixed(1)} MB)`,
    "<= 5 MB",
    grown <= 5,
  );
  await meter.close();
}
await machine.cleanup();
