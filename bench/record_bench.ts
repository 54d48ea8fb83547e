/** What recording costs: `hmn record` of 8 GPUs and 20 watched processes at 10 Hz, beside procps' `top` at that pace. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { coreShare, hmnCommand, pssMb, sleep, sleepers, start, treeOf } from "./processes.ts";
import { row, RUNTIME } from "./support.ts";

const SECONDS = 20;
const isBun = RUNTIME === "bun";

const { pids, env, end } = sleepers(20, 8);
const folder = mkdtempSync(join(tmpdir(), "hypomnesis-bench-"));
try {
  const top = start(["top", "-b", "-d", "0.1"]);
  await sleep(2_000);
  const topShare = await coreShare(treeOf(top.pid!), SECONDS);
  top.kill("SIGINT");

  const watched = pids.flatMap((pid) => ["--watch", pid]);
  const command = [...hmnCommand(), "record", "--interval", "100ms", "--out", folder, ...watched];
  const child = start(command, env);
  await sleep(3_000);
  const tree = treeOf(child.pid!);
  const share = await coreShare(tree, SECONDS);
  const pss = pssMb(tree);
  child.kill("SIGINT");
  await new Promise((resolve) => child.on("exit", resolve));
  const [cpu, memory] = isBun ? [0.04, 95] : [0.08, 110];
  row(
    "record of 8 GPUs and 20 processes at 10 Hz, share of one core",
    `${(share * 100).toFixed(2)} % (${(share / topShare).toFixed(2)} x top, ` +
      `which takes ${(topShare * 100).toFixed(2)} %)`,
    `<= ${cpu * 100} %`,
    share <= cpu,
  );
  row("its summed PSS", `${pss.toFixed(0)} MB`, `<= ${memory} MB`, pss <= memory);
} finally {
  rmSync(folder, { recursive: true, force: true });
  end();
}
