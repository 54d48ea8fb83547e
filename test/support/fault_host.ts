/**
 * A program that uses the library, as a host of its own for the fault tests: a crash may end it, and a
 * thread it leaves behind may trouble its end. Prints one line of JSON about what it saw.
 *
 * Argument: JSON of {@linkcode FaultHostPlan}.
 */
import { openMeter } from "../../mod.ts";
import type { FailureCode } from "../../mod.ts";

/** What the host shall do. */
export interface FaultHostPlan {
  readonly isolation: "worker" | "process";
  readonly nvmlPath: string;
  readonly softBudgetMs: number;
  readonly hardBudgetMs: number;
  readonly quarantineMs: number;
  /** Runs after the first answers, before the last question: writes this text to that file. */
  readonly heal?: { readonly file: string; readonly text: string };
  /** Waits this long before the last question. */
  readonly waitMs: number;
}

/** What one question came to. */
export interface Seen {
  readonly ms: number;
  readonly rss: boolean;
  readonly devices: number;
  readonly failures: readonly string[];
}

/** What the host prints. */
export interface FaultHostReport {
  readonly first: Seen;
  /** A question about RAM alone, asked while the first was open. */
  readonly ramMs: number;
  /** The longest time a 5 ms timer was late while the first question was open. */
  readonly longestGapMs: number;
  readonly second: Seen;
  readonly last: Seen;
}

const text = "Bun" in globalThis ? process.argv[2]! : Deno.args[0]!;
const plan = JSON.parse(text) as FaultHostPlan;
const meter = openMeter({
  isolation: plan.isolation,
  nvmlPath: plan.nvmlPath,
  nvidiaSmiPath: "/nonexistent/nvidia-smi",
  softBudgetMs: plan.softBudgetMs,
  hardBudgetMs: plan.hardBudgetMs,
  quarantine: { firstMs: plan.quarantineMs, maxMs: plan.quarantineMs },
});

async function see(): Promise<Seen> {
  const startMs = performance.now();
  const { process: own, devices, failures } = await meter.ask({
    kind: "snapshot",
    pid: process.pid,
  });
  return {
    ms: performance.now() - startMs,
    rss: (own?.rssBytes ?? 0) > 0,
    devices: devices.filter(({ usedBytes }) => usedBytes !== null).length,
    failures: failures.map(({ source, code }): `${string} ${FailureCode}` => `${source} ${code}`),
  };
}

let longestGapMs = 0;
let lastMs = performance.now();
const timer = setInterval(() => {
  const nowMs = performance.now();
  longestGapMs = Math.max(longestGapMs, nowMs - lastMs - 5);
  lastMs = nowMs;
}, 5);
await meter.processRss(); // The start of a worker is not what is measured here.
longestGapMs = 0;
lastMs = performance.now();
const open = see();
const startMs = performance.now();
await meter.processRss();
const ramMs = performance.now() - startMs;
const first = await open;
clearInterval(timer);
const second = await see();
if (plan.heal !== undefined) {
  if ("Bun" in globalThis) await Bun.write(plan.heal.file, plan.heal.text);
  else Deno.writeTextFileSync(plan.heal.file, plan.heal.text);
}
await new Promise((resolve) => setTimeout(resolve, plan.waitMs));
const last = await see();
const report: FaultHostReport = { first, ramMs, longestGapMs, second, last };
console.log(JSON.stringify(report));
// The meter is not closed: its end must not be needed for the program's.
