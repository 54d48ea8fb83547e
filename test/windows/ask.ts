/**
 * Asks a meter under Wine. Argument: JSON of {@linkcode AskPlan}; prints the replies as one line of JSON.
 */
import process from "node:process";
import { type MeterOptions, openMeter } from "../../mod.ts";
import type { Request } from "../../lib/protocol.ts";

/** What is asked. */
export interface AskPlan {
  readonly options: MeterOptions;
  readonly questions: readonly Request[];
}

const plan = JSON.parse("Bun" in globalThis ? process.argv[2]! : Deno.args[0]!) as AskPlan;
const meter = openMeter({ startBudgetMs: 20_000, ...plan.options });
const replies: unknown[] = [];
for (const question of plan.questions) replies.push(await meter.ask(question));
console.log(JSON.stringify(replies));
await meter.close();
