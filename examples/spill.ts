/** Does a GPU spill into the system's memory? Fed with whatever tells both numbers. */
import { openMeter, spillSampleOf, SpillTracker } from "../mod.ts";

await using meter = openMeter();
const tracker = new SpillTracker({ dedicatedThreshold: { percent: 90 } });
for await (const { elapsedMs, snapshot } of meter.watch({ intervalMs: 100, durationMs: 300 })) {
  const device = snapshot.devices[0];
  const sample = device === undefined ? null : spillSampleOf(device);
  tracker.observe(`+${(elapsedMs / 1000).toFixed(1)}s`, sample, elapsedMs);
}
const report = tracker.report();
console.log(
  report.measurable ? `${report.episodes.length} episodes` : "spill is not measurable here",
);
