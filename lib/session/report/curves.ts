/**
 * What the page draws: curves over one axis of time, phases, alerts and gaps. Pure.
 *
 * In the values `null` is a gap, and `false` a place at which this curve has no sample of its own (another one has):
 * the line goes on over it.
 *
 * Over 200 lines because each part of what is drawn has its definition beside it.
 */
import { alertSpans } from "../analysis/alerts.ts";
import type { AlertSpan } from "../analysis/records.ts";
import { type Series, seriesOf } from "../analysis/series.ts";
import { gpuLimits, ramLimits } from "../alerts/limits.ts";
import { DEFAULT_SETTINGS, type SessionSettings } from "../config/settings.ts";
import type { Gap, SessionData } from "../load/data.ts";
import type { PhaseSpan } from "../phase_span.ts";
import { lastKnown } from "../analysis/samples.ts";
import { type Course, onOneAxis } from "./decimate.ts";

/** A number of a curve; see above. */
export type Point = number | null | false;

/** One curve. */
export interface Curve {
  readonly id: string;
  readonly label: string;
  /** Bytes, a ratio, °C or W. */
  readonly unit: "bytes" | "ratio" | "celsius" | "watts";
  /** It is drawn from the beginning; else its entry of the legend brings it. */
  readonly isShown: boolean;
  readonly values: readonly Point[];
}

/** A line across a plot, and the band above it. */
export interface Level {
  readonly label: string;
  readonly tone: "caution" | "critical" | "limit";
  readonly bytes: number;
}

/** One plot. */
export interface Panel {
  readonly id: "gpu" | "ram" | "activity";
  readonly title: string;
  readonly curves: readonly Curve[];
  readonly levels: readonly Level[];
  /** Gaps of what is drawn here. */
  readonly gaps: readonly Gap[];
}

/** Everything that is drawn. */
export interface Curves {
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Milliseconds since the beginning. */
  readonly timesMs: readonly number[];
  /** Time that one point stands for at most; `null`: every sample is there. */
  readonly bucketMs: number | null;
  readonly panels: readonly Panel[];
  readonly phases: readonly Pick<PhaseSpan, "path" | "name" | "depth" | "startMs" | "endMs">[];
  readonly alerts: readonly AlertSpan[];
}

/** So many watched groups and processes are drawn from the beginning. */
const MOST_SHOWN = 6;

/** The curves of a session, thinned out to at most `mostPoints` each, in which every peak survives. */
export function curvesOf(data: SessionData, mostPoints = 4_000): Curves {
  const settings = data.meta?.settings ?? DEFAULT_SETTINGS;
  const drafts = draftsOf(data, seriesOf(data, settings));
  const { timesMs, bucketMs, values } = onOneAxis(
    drafts.map(({ course }) => course),
    data.durationMs,
    mostPoints,
  );
  const panel = (id: Panel["id"], title: string, levels: readonly Level[]): Panel => ({
    id,
    title,
    levels,
    gaps: data.gaps.filter(({ subject }) =>
      subject === "all" || (id === "activity" ? subject !== "system" : isOf(id, subject))
    ),
    curves: drafts.flatMap(({ course: _, panel, ...draft }, i) =>
      panel === id ? [{ ...draft, values: values[i]! }] : []
    ),
  });
  return {
    startedAtMs: data.startedAtMs,
    durationMs: data.durationMs,
    timesMs,
    bucketMs,
    panels: [
      panel("gpu", "GPU memory", gpuLevels(data, settings)),
      panel("ram", "RAM", ramLevels(data, settings)),
      panel("activity", "Utilisation, temperature and power", []),
    ].filter(({ curves }) => curves.length > 0),
    phases: data.phases.map(({ path, name, depth, startMs, endMs }) => ({
      path,
      name,
      depth,
      startMs,
      endMs,
    })),
    alerts: alertSpans(data.events),
  };
}

function isOf(panel: "gpu" | "ram", subject: string): boolean {
  return /^gpu \d+$/.test(subject) === (panel === "gpu");
}

interface Draft extends Omit<Curve, "values"> {
  readonly panel: Panel["id"];
  readonly course: Course;
}

function draftsOf(data: SessionData, all: readonly Series[]): readonly Draft[] {
  const largest = new Set(
    all.filter(({ kind }) => kind === "target_rss" || kind === "target_vram")
      .map(({ id, values }) => ({ id: id.id, peak: highest(values) }))
      .filter(({ peak }) => peak > 0)
      .sort((a, b) => b.peak - a.peak).slice(0, MOST_SHOWN).map(({ id }) => id),
  );
  const holdMs = 1.5 * data.intervalMs;
  return [
    ...all.map(({ id, kind, timesMs, values, holdMs }): Draft => ({
      id: id.id,
      label: id.label,
      unit: id.unit,
      panel: PANEL_OF[kind],
      isShown: kind === "swap"
        ? highest(values) > 0
        : kind.startsWith("target") || kind === "vram_all"
        ? largest.has(id.id)
        : true,
      course: { timesMs, values, holdMs },
    })),
    ...data.gpus.flatMap(({ gpu, timesMs, columns }): readonly Draft[] =>
      ([
        ["celsius", "temperature", columns.temperatureCelsius],
        ["watts", "power", columns.powerWatts],
      ] as const).filter(([, , values]) => lastKnown(values) !== null)
        .map(([unit, what, values]) => ({
          id: `${what}:gpu${gpu}`,
          label: `GPU ${gpu} ${what}`,
          unit,
          panel: "activity",
          isShown: true,
          course: { timesMs, values, holdMs },
        }))
    ),
  ];
}

const PANEL_OF: Readonly<Record<Series["kind"], Panel["id"]>> = {
  vram: "gpu",
  vram_all: "gpu",
  target_vram: "gpu",
  allocated: "gpu",
  reserved: "gpu",
  ram: "ram",
  swap: "ram",
  cgroup: "ram",
  target_rss: "ram",
  utilization: "activity",
  cpu: "activity",
};

function highest(values: Float64Array): number {
  return values.reduce((most, value) => value > most ? value : most, -1);
}

/** The zones of a GPU's memory; of several, each limit once. */
function gpuLevels({ gpus }: SessionData, settings: SessionSettings): readonly Level[] {
  const levels = gpus.flatMap(({ columns }) => {
    const totalBytes = lastKnown(columns.totalBytes);
    const { warning, critical } = gpuLimits({ totalBytes }, settings.gpu);
    return [
      ...level("caution", "caution", warning),
      ...level("critical", "critical", critical),
      ...level("all of it", "limit", totalBytes),
    ];
  });
  return unique(levels);
}

function ramLevels({ system }: SessionData, settings: SessionSettings): readonly Level[] {
  if (system === null) return [];
  const totalBytes = lastKnown(system.columns.totalBytes);
  const { warning, critical } = ramLimits({ totalBytes }, settings.ram);
  return unique([
    ...level("warning", "caution", warning),
    ...level("critical", "critical", critical),
    ...level("all of it", "limit", totalBytes),
  ]);
}

function level(label: string, tone: Level["tone"], bytes: number | null): readonly Level[] {
  return bytes === null ? [] : [{ label, tone, bytes }];
}

function unique(levels: readonly Level[]): readonly Level[] {
  const seen = new Map(levels.map((one) => [`${one.label} ${one.bytes}`, one]));
  return [...seen.values()];
}
