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

const machine = await fakeMachine(
  "gpus=2\nreload=0\nprocess=0,101,1073741824\nprocess=1,102,1073741824",
);
for (const isolation of ["process", "worker"] as const) {
  const meter = openMeter({ isolation, nvmlPath: machine.nvmlPath });
  let at30k = 0;
  for (let sample = 1; sample <= 130_000; sample++) {
    await meter.ask({ kind: "snapshot", pid: process.pid });
    if (sample === 30_000) at30k = pssOfTree(process.pid);
  }
  const grown = pssOfTree(process.pid) - at30k;
  row(
    `${isolation}: growth of summed PSS, samples 30,000 to 130,000`,
    `${grown.toFixed(1)} MB (from ${at30k.toFixed(1)} MB)`,
    "<= 5 MB",
    grown <= 5,
  );
  await meter.close();
}
await machine.cleanup();
