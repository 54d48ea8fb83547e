/** The highest RAM of this process while it works, sampled beside the work. */
import { openMeter, PeakTracker } from "../mod.ts";

await using meter = openMeter();
const peak = new PeakTracker();
const done = new AbortController();
const watching = (async () => {
  for await (const { elapsedMs, snapshot } of meter.watch({ intervalMs: 20 })) {
    peak.observe(snapshot.process?.rssBytes ?? null, elapsedMs);
    if (done.signal.aborted) break;
  }
})();

const blocks: Uint8Array[] = [];
for (let i = 0; i < 8; i++) {
  blocks.push(new Uint8Array(8 << 20).fill(i));
  await new Promise((resolve) => setTimeout(resolve, 40));
}
done.abort();
await watching;
console.log(
  `${blocks.length} blocks: peak RSS ${peak.peakBytes} bytes at ${peak.peakAtMs?.toFixed(0)} ms`,
);
