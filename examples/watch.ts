/** Three measurements, one every 500 ms, whatever the driver does meanwhile. */
import { openMeter } from "../mod.ts";

await using meter = openMeter({ isolation: "process" });
for await (const { tick, elapsedMs, snapshot } of meter.watch({ intervalMs: 500 })) {
  const used = snapshot.devices.map(({ usedBytes }) => usedBytes ?? "?");
  console.log(
    `+${elapsedMs.toFixed(0)} ms: RSS ${snapshot.process?.rssBytes}, GPUs ${used.join(", ")}`,
  );
  for (const { source, code } of snapshot.failures) console.log(`  ${source}: ${code}`);
  if (tick >= 2) break;
}
