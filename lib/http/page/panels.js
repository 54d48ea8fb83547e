/** What each plot shows, from what is known. No drawing. */
import { GIB } from "../../session/report/page/numbers.js";
import { CAUTION, CRITICAL } from "./bars.js";
import { columnsOf, gapsOf } from "./ring.js";
import { safe } from "./text.js";

/** Each plot and its unit; the headings stand in the page. */
export const PANELS = [
  { id: "gpu", unit: "GiB" },
  { id: "ram", unit: "GiB" },
  { id: "utilization", unit: "%" },
  { id: "allocator", unit: "%" },
];

const inGib = (bytes) => typeof bytes === "number" ? bytes / GIB : null;
const inPercent = (ratio) => typeof ratio === "number" ? ratio * 100 : null;

/**
 * By id: `{ curves: [{ key, label }], seconds, columns, levels, gaps, top }`, all in the plot's unit. A plot without
 * curves has nothing to show. Beside them the time in view, the phases and the alerts.
 */
export function panelsOf(known, spanMs) {
  const endMs = known.reading?.at_ms ?? known.ring.samples.at(-1)?.atMs ?? 0;
  const startMs = endMs - spanMs;
  const { samples } = known.ring;
  const { devices, ramTotal } = known;
  const panel = (curves, top, levels, hasGaps) => {
    const shown = columnsOf(samples, startMs, curves.map(({ read }) => read));
    return { curves, ...shown, levels, gaps: hasGaps ? gapsOf(shown) : [], top };
  };
  const ofDevice = (read) =>
    devices.map(({ key, index, name }) => ({
      key,
      label: devices.length > 1 || name === null ? `GPU ${index}` : `GPU ${index} ${safe(name)}`,
      read: (sample) => read(sample.devices.get(key)),
    }));
  const totals = devices.map(({ totalBytes }) => totalBytes);
  const largest = inGib(Math.max(0, ...totals)) || null;
  const isOneSize = totals.length > 0 && new Set(totals).size === 1;
  const utilization = ofDevice((one) => inPercent(one?.utilization));
  const hasPercent = samples.some(({ percent }) => percent !== null);
  return {
    view: { startMs, endMs },
    marks: {
      phases: known.phases.all.map((phase) => phaseMark(phase, endMs)),
      alerts: known.alerts.all.map(({ severity, began_at_ms, ended_at_ms }) => ({
        severity,
        startMs: began_at_ms,
        endMs: ended_at_ms,
      })),
    },
    gpu: panel(
      ofDevice((one) => inGib(one?.used)),
      largest,
      isOneSize ? levelsOf(largest) : [],
      true,
    ),
    ram: panel(
      [{ key: "ram", label: "Used RAM", read: ({ ram }) => inGib(ram) }],
      inGib(ramTotal),
      levelsOf(inGib(ramTotal)),
      true,
    ),
    utilization: panel(utilization, 100, [], true),
    allocator: panel(
      hasPercent ? [{ key: "percent", label: "Fullest", read: ({ percent }) => percent }] : [],
      100,
      levelsOf(100),
      false,
    ),
  };
}

/** The zones of a memory. The report's drawing takes a level in bytes, of which a GiB is 1 on the plot. */
function levelsOf(top) {
  if (top === null) return [];
  return [
    { label: "75 %", tone: "caution", bytes: CAUTION * top * GIB },
    { label: "90 %", tone: "critical", bytes: CRITICAL * top * GIB },
  ];
}

/** The stripe of a phase; one that goes on ends where the time does. */
function phaseMark({ path, began_at_ms, ended_at_ms }, endMs) {
  const names = path.split("/");
  return {
    name: safe(names.at(-1)),
    depth: names.length - 1,
    startMs: began_at_ms,
    endMs: ended_at_ms ?? endMs,
  };
}
