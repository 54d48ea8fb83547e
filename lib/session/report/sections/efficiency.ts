/** Memory efficiency: how much was used, for how long, in which zone. Pure. */
import type { Analysis, RamTimes, SeriesStats, ZoneTimes } from "../../analysis/records.ts";
import { amount, moment, share, size, span } from "../amount_text.ts";
import { type Block, type Inline, paragraph, table, type Tone } from "../document.ts";

/** The section. */
export function efficiency({ series, zones, ram, durationMs }: Analysis): readonly Block[] {
  const memory = series.filter(({ series }) => series.unit === "bytes");
  const load = series.filter(({ series }) => series.unit === "ratio");
  if (series.length === 0) return [paragraph("Nothing was measured.")];
  return [
    ...table(
      "Memory",
      [
        "Series",
        "Peak #",
        "at #",
        "Mean #",
        "p50 #",
        "p95 #",
        "p99 #",
        "Lowest #",
        "Limit #",
        "Peak of limit #",
        "Mean of limit #",
      ],
      memory.map((one) => [
        ...usual(one),
        size(one.limit),
        share(one.peakRatio),
        share(one.meanRatio),
      ]),
    ),
    ...unknownNote(series),
    ...(load.length === 0 ? [] : table(
      "Utilisation",
      ["Series", "Peak #", "at #", "Mean #", "p50 #", "p95 #", "p99 #", "Lowest #"],
      load.map(usual),
    )),
    ...zoneTable(zones, durationMs),
    ...ramTable(ram, durationMs),
  ];
}

function usual({ series, ...one }: SeriesStats): string[] {
  const text = (value: number | null) => amount(value, series.unit);
  return [
    series.label,
    text(one.peak),
    moment(one.peakAtMs),
    ...[one.mean, one.p50, one.p95, one.p99, one.minimum].map(text),
  ];
}

/** Of which series samples are missing. */
function unknownNote(all: readonly SeriesStats[]): readonly Block[] {
  const lacking = all.filter(({ unknown }) => unknown > 0).map(({ series, samples, unknown }) =>
    `${series.label} ${share(unknown / (samples + unknown))}`
  );
  return lacking.length === 0
    ? []
    : [paragraph(`Samples that are not known: ${lacking.join(", ")}.`)];
}

function zoneTable(zones: readonly ZoneTimes[], durationMs: number): readonly Block[] {
  return zones.length === 0 ? [] : table(
    "Time in each zone of GPU memory",
    ["GPU memory", "Safe #", "Caution #", "Critical #", "Not known #"],
    zones.map(({ series, ms }) => [
      series.label,
      part(ms.safe, durationMs),
      part(ms.caution, durationMs, "caution"),
      part(ms.critical, durationMs, "critical"),
      part(ms.unknown, durationMs),
    ]),
  );
}

function ramTable(ram: RamTimes | null, durationMs: number): readonly Block[] {
  return ram === null ? [] : table(
    "Time at each level of RAM",
    ["", "Normal #", "Elevated #", "Warning #", "Critical #", "Not known #"],
    [[
      "RAM",
      part(ram.ms.normal, durationMs),
      part(ram.ms.elevated, durationMs),
      part(ram.ms.warning, durationMs, "caution"),
      part(ram.ms.critical, durationMs, "critical"),
      part(ram.ms.unknown, durationMs),
    ]],
  );
}

function part(ms: number, durationMs: number, tone?: Tone): Inline {
  if (ms === 0) return "0 s";
  const text = durationMs > 0 ? `${span(ms)} (${share(ms / durationMs)})` : span(ms);
  return tone === undefined ? text : { text, tone };
}
