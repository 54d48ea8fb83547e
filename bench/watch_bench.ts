/**
 * What watching costs: `hmn watch` of 50 processes at 10 Hz, `hmn run` of a tree of 20 at 10 Hz, each beside procps'
 * `top` at the same pace.
 */
import process from "node:process";
import { coreShare, hmnCommand, pssMb, sleep, sleepers, start, treeOf } from "./processes.ts";
import { row, RUNTIME } from "./support.ts";

const SECONDS = 20;
const isBun = RUNTIME === "bun";
const hmn = hmnCommand();

async function shareOf(
  command: readonly string[],
  env = {},
): Promise<{ share: number; pss: number }> {
  const child = start(command, env);
  await sleep(2_000);
  const pids = treeOf(child.pid!);
  const share = await coreShare(pids, SECONDS);
  const pss = pssMb(pids);
  child.kill("SIGINT");
  return { share, pss };
}

const percent = (share: number) => `${(share * 100).toFixed(2)} %`;

const { pids, env, end } = sleepers(50, 2);
try {
  const top = await shareOf(["top", "-b", "-d", "0.1"]);
  const watch = await shareOf([...hmn, "watch", ...pids, "--interval", "100ms", "--json"], env);
  const cpu = isBun ? 0.03 : 0.06;
  const memory = isBun ? 95 : 110;
  const ratio = (share: number) => `${(share / top.share).toFixed(2)} × top`;
  row(
    "watch of 50 processes and 2 GPUs at 10 Hz, share of one core",
    `${percent(watch.share)} (${ratio(watch.share)}, which takes ${percent(top.share)})`,
    `<= ${percent(cpu)}`,
    watch.share <= cpu,
  );
  row("its summed PSS", `${watch.pss.toFixed(0)} MB`, `<= ${memory} MB`, watch.pss <= memory);

  const script = `${"sleep 3600 & ".repeat(18)} sleep 3600; wait`;
  const child = start([...hmn, "run", "--interval", "100ms", "sh", "-c", script], env);
  await sleep(2_000);
  const all = treeOf(child.pid!);
  const command = treeOf(all.find((pid) => treeOf(pid).length >= 20 && pid !== child.pid)!);
  const own = all.filter((pid) => !command.includes(pid));
  const share = await coreShare(own, SECONDS);
  process.kill(command[0]!, "SIGTERM");
  for (const pid of command.slice(1)) process.kill(pid, "SIGTERM");
  const most = isBun ? 0.01 : 0.02;
  row(
    `run of a tree of ${command.length} at 10 Hz, share of one core`,
    `${percent(share)} (${ratio(share)})`,
    `<= ${percent(most)}`,
    share <= most,
  );
} finally {
  end();
}
