/**
 * A program that uses the library under Wine, for the tests of how it bears drivers that hang and crash.
 *
 * Argument: JSON of {@linkcode IsolationPlan}. Prints one line of JSON: an {@linkcode IsolationReport}.
 */
import process from "node:process";
import type { Failure } from "../../lib/errors.ts";
import type { SourceName } from "../../lib/sources.ts";
import { type Isolation, openMeter } from "../../mod.ts";

/** What it shall do. */
export interface IsolationPlan {
  /**
   * `"ask"`: asks for the devices and, when the worker is given up, again; `"own"`: asks for a snapshot; `"stay"`:
   * asks once and waits, whether or not the answer comes, until it is killed.
   */
  readonly what: "ask" | "own" | "stay";
  readonly isolation: Isolation;
  readonly sources: readonly SourceName[];
}

/** What it found. */
export interface IsolationReport {
  /** How long the first answer took. */
  readonly ms: number;
  /** Its own RAM before, after and at the end. */
  readonly rss: readonly number[];
  readonly failures: readonly Failure[];
  /** Failures of the second answer. */
  readonly later: readonly Failure[];
}

const plan = JSON.parse("Bun" in globalThis ? process.argv[2]! : Deno.args[0]!) as IsolationPlan;
const patienceMs = plan.what === "stay" ? 60_000 : 700;
const HARD_MS = 1_000;
const meter = openMeter({
  isolation: plan.isolation,
  sources: plan.sources,
  softBudgetMs: patienceMs,
  hardBudgetMs: Math.max(patienceMs, HARD_MS),
  startBudgetMs: 20_000,
  deadlineMs: 90_000,
});
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const ask = async () =>
  (plan.what === "own" ? await meter.snapshot() : await meter.ask({ kind: "devices" })).failures;

const rss = [await meter.processRss()];
if (plan.what === "stay") {
  ask().catch(() => {});
  await sleep(1_500);
  console.log("up");
  await sleep(60_000);
}
const startMs = performance.now();
const failures = await ask();
const ms = performance.now() - startMs;
rss.push(await meter.processRss());
// Past the hard budget: the worker is given up.
await sleep(HARD_MS);
const later = await ask();
rss.push(await meter.processRss());
console.log(JSON.stringify({ ms, rss, failures, later } satisfies IsolationReport));
await meter.close();
