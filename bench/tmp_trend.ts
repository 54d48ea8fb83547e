import { fiftySleepers, hmnCommand, pssMb, sleep, start, treeOf } from "./processes.ts";
const { pids, env, end } = fiftySleepers();
const child = start([...hmnCommand(), "watch", ...pids, "--interval", "1ms", "--json"], env, "pipe");
let samples = 0, seq = "";
child.stdout!.setEncoding("utf8").on("data", (text: string) => { for (const [, f] of text.matchAll(/"seq":(\d+)/g)) if (f !== seq) { seq = f!; samples++; } });
for (let n = 10_000; n <= 170_000; n += 20_000) {
  while (samples < n) await sleep(50);
  const low = new Map<number, number>();
  for (let i = 0; i < 20; i++) { await sleep(100); for (const p of treeOf(child.pid!)) low.set(p, Math.min(low.get(p) ?? 1e9, pssMb([p]))); }
  console.log(n, [...low.values()].map((v) => v.toFixed(1)).join(" "));
}
child.kill("SIGINT"); end();
