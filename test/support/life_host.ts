/**
 * A program that uses the library, for the tests of how its children live and die.
 *
 * Argument: JSON of {@linkcode LifePlan}. Prints lines of JSON; `{"up": true, …}` is the first.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { openMeter } from "../../mod.ts";

/** What the host shall do. */
export interface LifePlan {
  readonly what: "stay" | "cycles" | "freeze";
  readonly nvmlPath: string;
  readonly cycles?: number;
  /** A folder of the cgroup v1 freezer. */
  readonly freezer?: string;
}

const text = "Bun" in globalThis ? process.argv[2]! : Deno.args[0]!;
const plan = JSON.parse(text) as LifePlan;
const print = (value: unknown) => console.log(JSON.stringify(value));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Children of this process, whichever thread started them. */
function children(): number[] {
  return readdirSync("/proc/self/task").flatMap((task) => {
    try {
      const pids = readFileSync(`/proc/self/task/${task}/children`, "utf8");
      return pids.split(" ").filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
}

const descriptors = () => readdirSync("/proc/self/fd").length;

const budgets = { softBudgetMs: 300, hardBudgetMs: 600 };
const meter = openMeter({
  isolation: "process",
  nvmlPath: plan.nvmlPath,
  sources: ["proc", "nvml"],
  ...(plan.what === "cycles"
    ? { softBudgetMs: 250, hardBudgetMs: 250, quarantine: { firstMs: 1, maxMs: 1 } }
    : plan.what === "stay"
    ? { softBudgetMs: 60_000, hardBudgetMs: 60_000 }
    : budgets),
});

if (plan.what === "stay") {
  // One child idle, one inside the driver.
  await meter.processRss();
  meter.ask({ kind: "devices" }).catch(() => {});
  await sleep(500);
  print({ up: true, children: children() });
  await sleep(60_000);
}

if (plan.what === "cycles") {
  await meter.processRss();
  await sleep(200);
  const before = { children: children().length, descriptors: descriptors() };
  let lost = 0;
  for (let cycle = 0; cycle < plan.cycles!; cycle++) {
    const { failures } = await meter.ask({ kind: "devices" });
    if (failures.some(({ code }) => code === "crashed" || code === "hung" || code === "slow")) {
      lost++;
    }
    await sleep(2);
  }
  const rss = await meter.processRss();
  await sleep(1_500);
  print({
    up: true,
    lost,
    rss,
    before,
    after: { children: children().length, descriptors: descriptors() },
  });
}

if (plan.what === "freeze") {
  await meter.processRss();
  const system = children();
  await meter.ask({ kind: "devices" });
  const driver = children().filter((pid) => !system.includes(pid));
  for (const pid of driver) writeFileSync(`${plan.freezer}/tasks`, String(pid));
  writeFileSync(`${plan.freezer}/freezer.state`, "FROZEN");
  const startMs = performance.now();
  const { failures } = await meter.ask({ kind: "devices" });
  const ms = performance.now() - startMs;
  const rss = await meter.processRss();
  // Past the hard budget and every step of ending the child.
  await sleep(2_500);
  print({
    up: true,
    ms,
    rss,
    codes: failures.map(({ source, code }) => `${source} ${code}`),
    stillThere: driver.filter((pid) => children().includes(pid)),
    state: /^State:\s+(.)/m.exec(readFileSync(`/proc/${driver[0]}/status`, "utf8"))?.[1],
  });
}
