/**
 * How long the host's event loop is held: while a meter in process isolation is opened and first asked,
 * and while the driver hangs. A timer of 1 ms shows the gaps; what the same timer shows on an idle loop is
 * the timer's own doing and is taken off.
 */
import { openMeter } from "../mod.ts";
import { fakeMachine } from "../test/support/native.ts";
import { median, row, RUNTIME, two } from "./support.ts";

/** The longest time the loop was held beyond the timer's own interval during `action`. */
async function longestGap(action: () => Promise<unknown>): Promise<number> {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 1);
    last = now;
  }, 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  longest = 0;
  last = performance.now();
  await action();
  clearInterval(timer);
  return longest;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const machine = await fakeMachine("gpus=2\nreload=0");
const hanging = await fakeMachine("gpus=2\nhang.nvmlDeviceGetMemoryInfo_v2=sleep");
const idle: number[] = [];
const opening: number[] = [];
const hung: number[] = [];
for (let round = 0; round < 15; round++) {
  idle.push(await longestGap(() => sleep(40)));
  const meter = openMeter({ isolation: "process", nvmlPath: machine.nvmlPath });
  opening.push(await longestGap(() => meter.ask({ kind: "snapshot", pid: process.pid })));
  await meter.close();
  const stuck = openMeter({
    isolation: round % 2 === 0 ? "process" : "worker",
    nvmlPath: hanging.nvmlPath,
    sources: ["proc", "nvml"],
    softBudgetMs: 100,
    hardBudgetMs: 100,
  });
  if (round < 3) {
    hung.push(await longestGap(() => stuck.ask({ kind: "snapshot", pid: process.pid })));
  }
  await stuck.close();
}
const idleMs = median(idle);
const mostHung = RUNTIME === "bun" ? 10 : 15;
for (
  const [what, gaps, most] of [
    ["event loop held by opening a meter (process)", opening, 2],
    ["event loop held while the driver hangs", hung, mostHung],
  ] as const
) {
  const held = Math.max(0, median(gaps) - idleMs);
  row(
    what,
    `${two(held)} ms beyond an idle loop's ${two(idleMs)} ms`,
    `<= ${most} ms`,
    held <= most,
  );
}
await machine.cleanup();
await hanging.cleanup();
process.exit(0);
