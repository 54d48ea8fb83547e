/** Does `hmn watch` grow: the summed PSS of it and its workers from sample 10,000 to sample 110,000, as fast as it can. */
import { hmnCommand, pssMb, sleep, sleepers, start, treeOf } from "./processes.ts";
import { row } from "./support.ts";

const FIRST = 10_000;
const SAMPLES = 100_000;

const { pids, env, end } = sleepers(50, 2);
try {
  const command = [...hmnCommand(), "watch", ...pids, "--interval", "1ms", "--json"];
  const child = start(command, env, "pipe");
  let samples = 0;
  let seq = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    for (const [, found] of text.matchAll(/"seq":(\d+)/g)) {
      if (found === seq) continue;
      seq = found!;
      samples += 1;
    }
  });
  const until = async (count: number) => {
    while (samples < count) await sleep(50);
  };
  /** A collector runs when it likes: the lowest of twenty readings is what the program holds. */
  const held = async () => {
    let lowest = Infinity;
    for (let reading = 0; reading < 20; reading++) {
      await sleep(100);
      lowest = Math.min(lowest, pssMb(treeOf(child.pid!)));
    }
    return lowest;
  };
  await until(FIRST);
  const before = await held();
  await until(FIRST + SAMPLES);
  const grown = await held() - before;
  child.kill("SIGINT");
  row(
    `growth of a watch's summed PSS over ${SAMPLES} samples`,
    `${grown.toFixed(1)} MB (from ${before.toFixed(0)} MB)`,
    "<= 5 MB",
    grown <= 5,
  );
} finally {
  end();
}
