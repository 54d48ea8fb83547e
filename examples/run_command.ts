/** What a command takes at most: RAM of all its processes, and memory on each GPU. */
import { runCommand } from "../mod.ts";

const report = await runCommand(["sh", "-c", "sleep 0.3 & sleep 0.3; wait"], { intervalMs: 50 });
console.log(`exit code ${report.exitCode} after ${report.durationMs.toFixed(0)} ms`);
console.log(`peak RAM ${report.peakRamBytes} bytes (${report.peakRamSource})`);
for (const { pid, name, peakRssBytes } of report.processes) console.log(pid, name, peakRssBytes);
for (const { deviceIndex, peakVramBytes } of report.gpus) {
  console.log(`GPU ${deviceIndex}: ${peakVramBytes ?? "?"} bytes`);
}
for (const { source, code } of report.failures) console.log(`not measured: ${source}: ${code}`);
