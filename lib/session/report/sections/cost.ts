/** What the recording itself cost. Pure. */
import type { Analysis } from "../../analysis/records.ts";
import { decimal, size, UNKNOWN } from "../amount_text.ts";
import { type Block, paragraph, table } from "../document.ts";

/** The section. */
export function cost({ cost }: Analysis): readonly Block[] {
  if (cost === null) return [paragraph("The recording does not tell what it cost.")];
  const { meanCpuRatio, maxRssBytes, p95GpuProbeMs, p95SystemProbeMs } = cost;
  const ms = (value: number | null) => value === null ? UNKNOWN : `${decimal(value, 1)} ms`;
  return table("Cost of the recording", ["", "Recorder #"], [
    [
      "CPU, mean",
      meanCpuRatio === null ? UNKNOWN : `${decimal(meanCpuRatio * 100, 2)} % of a core`,
    ],
    ["Memory, at most", size(maxRssBytes)],
    ["Time to ask the GPUs, 95 % of the samples", ms(p95GpuProbeMs)],
    ["Time to ask the system, 95 % of the samples", ms(p95SystemProbeMs)],
  ]);
}
