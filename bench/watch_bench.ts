/**
 * What watching costs: `hmn watch` of 50 processes at 10 Hz, `hmn run` of a tree of 20 at 10 Hz, each beside procps'
 * `top` at the same pace, and whether a watch of 100,000 samples grows.
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fakeMachine } from "../test/support/native.ts";
import { coreShare, pssMb, sleep, treeOf } from "./processes.ts";
import { row, RUNTIME } from "./support.ts";

const SECONDS = 20;
/** Samples a second at which the long watch goes, as fast as it can. */
const MANY = 100_000;
const isBun = RUNTIME === "bun";
const cli = new URL("../dist/cli.js", import.meta.url).pathname;
const hmn = isBun ? [process.execPath, cli] : [process.execPath, "run", "-A", "--no-check", cli];

function start(command: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const [program, ...args] = command;
  return spawn(program!, args, {
    stdio: ["ignore", "ignore", "ignore"],
    env: { ...process.env, ...env },
  });
}

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

const sleepers = Array.from({ length: 50 }, () => start(["sleep", "3600"]));
const pids = sleepers.map(({ pid }) => String(pid));
const machine = fakeMachine({
  gpus: 2,
  reload: 0,
  process: pids.map((pid, i) => `${i % 2},${pid},1073741824`),
});
const env = { HMN_NVML_PATH: machine.nvmlPath, HMN_NVIDIA_SMI_PATH: "/nonexistent/nvidia-smi" };
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

  const long = start([...hmn, "watch", ...pids, "--interval", "1ms", "--json"], env);
  await sleep(5_000);
  const longPids = treeOf(long.pid!);
  const samplesMs = await timeOfSamples(env);
  const lowest = async () => {
    let mb = Infinity;
    for (let i = 0; i < 20; i++) {
      await sleep(100);
      mb = Math.min(mb, pssMb(longPids));
    }
    return mb;
  };
  await sleep(0.1 * MANY * samplesMs);
  const before = await lowest();
  await sleep(MANY * samplesMs);
  const grown = await lowest() - before;
  long.kill("SIGINT");
  row(
    `growth of its summed PSS over about ${MANY} samples (${samplesMs.toFixed(1)} ms each)`,
    `${grown.toFixed(1)} MB (from ${before.toFixed(0)} MB)`,
    "<= 5 MB",
    grown <= 5,
  );
} finally {
  sleepers.forEach((child) => child.kill());
  machine.cleanup();
}

/** Milliseconds from one sample to the next of a watch that goes as fast as it can. */
async function timeOfSamples(env: Record<string, string>): Promise<number> {
  const [program, ...args] = [
    ...hmn,
    "watch",
    ...pids,
    "--interval",
    "1ms",
    "--duration",
    "3s",
    "--json",
  ];
  const child = spawn(program!, args, {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, ...env },
  });
  let text = "";
  child.stdout!.setEncoding("utf8").on(
    "data",
    (piece: string) => text = (text + piece).slice(-50_000),
  );
  await new Promise((resolve) => child.on("close", resolve));
  const { samples, t_ms } = JSON.parse(text.trim().split("\n").at(-1)!);
  return t_ms / samples;
}
