/** What this process uses, now: RAM, and its share of GPU 0. */
import { snapshot } from "../mod.ts";

const now = await snapshot(0);
console.log(`RAM: ${now.ramBytes} bytes`);
if (now.gpu !== null) {
  const { usedBytes, deviceUsedBytes, isPerProcess } = now.gpu;
  console.log(isPerProcess ? `GPU 0: ${usedBytes} bytes` : `GPU 0, all: ${deviceUsedBytes} bytes`);
}
for (const { source, message } of now.failures) console.log(`${source}: ${message}`);
