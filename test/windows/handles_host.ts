/** Opens and closes meters with children under Wine, and prints how many handles it had before and after. */
import process from "node:process";
import { openMeter } from "../../mod.ts";
import { realHost } from "../../workers/host/real_host.ts";

const ROUNDS = 8;
const host = await realHost(null);
const { functions } = host.openLibrary(["C:\\Windows\\System32\\kernel32.dll"], {
  CreateEventW: { args: ["buffer", "i32", "i32", "buffer"], returns: "u64" },
  CloseHandle: { args: ["u64"], returns: "i32" },
});

/** Wine does not count them, but a new one takes the lowest free number, and they are multiples of 4. */
function countHandles(): number {
  const made = Array.from({ length: 300 }, () => functions.CreateEventW!(null, 0, 0, null));
  for (const handle of made) functions.CloseHandle!(handle);
  return Number(made.reduce((most, handle) => handle > most ? handle : most)) / 4;
}

async function round(): Promise<void> {
  const meter = openMeter({ isolation: "process", sources: ["nvml"], startBudgetMs: 20_000 });
  await meter.ask({ kind: "devices" });
  await meter.close();
  await new Promise((resolve) => setTimeout(resolve, 300));
}

await round();
const before = countHandles();
for (let i = 0; i < ROUNDS; i++) await round();
console.log(JSON.stringify({ rounds: ROUNDS, before, after: countHandles() }));
process.exit(0);
