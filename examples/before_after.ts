/** What a piece of work costs: a report of the difference. */
import { MemoryReport, openMeter } from "../mod.ts";

await using meter = openMeter();
const before = await meter.snapshot();
const work = new Uint8Array(64 << 20).fill(1);
const report = new MemoryReport(before, await meter.snapshot());
report.printDelta(`${work.length >> 20} MiB array`);
report.printBeforeAfter("array");
