/** Everything that can be told about a session, from its columns. Pure. */
import { DEFAULT_SETTINGS, type SessionSettings } from "../config/settings.ts";
import type { SessionData } from "../load/data.ts";
import { alertSpans } from "./alerts.ts";
import { correlations, phaseCorrelations } from "./correlations.ts";
import { costOf } from "./cost.ts";
import { expectationResults } from "./expectations.ts";
import { growthReports } from "./growth.ts";
import { findInsights } from "./insights/find_insights.ts";
import { loadsOf } from "./loads.ts";
import { phaseGroups } from "./phase_groups.ts";
import { phaseReports } from "./phases.ts";
import { Quantiles } from "./quantiles.ts";
import type { Analysis } from "./records.ts";
import { lastKnown } from "./samples.ts";
import { scalingOf } from "./scaling.ts";
import { segmentsOf } from "./segments.ts";
import { seriesOf } from "./series.ts";
import { measure } from "./series_stats.ts";
import { thermalOf } from "./thermal.ts";
import { ramTimes, zoneTimes } from "./zones.ts";

/** Options of {@linkcode analyzeSession}. */
export interface AnalyzeOptions {
  /**
   * Limits, groups and expectations to judge by.
   * @default those the session was recorded with, else the defaults
   */
  readonly settings?: SessionSettings;
  /**
   * Probability of taking a stable series for a leak.
   * @default 0.01
   */
  readonly alpha?: number;
}

/** Analyses a session. The data is not changed. */
export function analyzeSession(data: SessionData, options: AnalyzeOptions = {}): Analysis {
  const settings = options.settings ?? data.meta?.settings ?? DEFAULT_SETTINGS;
  const session = { startMs: 0, endMs: data.durationMs };
  const quantiles = new Quantiles();
  const series = seriesOf(data, settings);
  const measured = series.map((one) => measure(one, session, quantiles));
  const stats = measured.map((one) => one.stats);
  const segments = segmentsOf(data.phases);
  const thermal = data.gpus.map((track) => thermalOf(track, data));
  const { phases, notices: phaseNotices } = phaseReports(data, series, thermal, quantiles);
  const { loads, cycles, overlaps } = loadsOf(series, data.phases, segments);
  const { growth, notices: growthNotices } = growthReports(series, data.phases, session, {
    alpha: options.alpha ?? 0.01,
    intervalMs: data.intervalMs,
    events: data.events,
  });
  const zones = zoneTimes(data, series, settings.gpu);
  const cost = costOf(data, quantiles);
  const insights = findInsights({
    data,
    settings,
    series,
    stats,
    knownMs: measured.map(({ knownMs }) => knownMs),
    zones,
    phases,
    cycles,
    overlaps,
    thermal,
    growth,
    cost,
  });
  return {
    ...head(data),
    series: stats,
    zones,
    ram: ramTimes(data, settings.ram),
    phases,
    groups: phaseGroups(data.phases, series, thermal, quantiles),
    phaseCorrelations: phaseCorrelations(series, segments),
    correlations: correlations(series, data.phases, session),
    loads,
    cycles,
    overlaps,
    thermal: thermal.map((gpu) => gpu.within(session)),
    growth,
    scaling: scalingOf({ series, stats, loads, growth }),
    insights,
    expectations: expectationResults(settings.expect, series, data.phases, session),
    alerts: alertSpans(data.events),
    gaps: data.gaps,
    cost,
    notices: [...data.notices, ...phaseNotices, ...growthNotices],
  };
}

/** What the session was. */
/** The log of another program ends where it ends. */
const LOG_END = "the end of the log";

function head(data: SessionData) {
  const { name, files, startedAtMs, durationMs, intervalMs, meta, gpus, system, format } = data;
  const end = data.events.findLast(({ event }) => event === "end");
  return {
    name,
    files,
    startedAtMs,
    durationMs,
    intervalMs,
    host: meta?.host ?? null,
    command: meta?.command ?? null,
    endedBy: meta?.end?.reason ?? end?.message ?? (format === "session" ? null : LOG_END),
    devices: gpus.map(({ gpu, uuid, name, columns }) => {
      const device = meta?.devices.find((one) =>
        uuid === null ? one.index === gpu : one.uuid === uuid
      );
      return {
        gpu,
        name: name ?? device?.name ?? null,
        uuid: uuid ?? device?.uuid ?? null,
        totalBytes: lastKnown(columns.totalBytes) ?? device?.totalBytes ?? null,
      };
    }),
    ramTotalBytes: (system === null ? null : lastKnown(system.columns.totalBytes)) ??
      meta?.ramTotalBytes ?? null,
  };
}
