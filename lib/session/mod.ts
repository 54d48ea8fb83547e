/**
 * Sessions: recording memory beside a long job, and reading such recordings.
 *
 * @example Record what this program does
 * ```ts
 * import { openRecorder } from "hypomnesis/session";
 *
 * const recorder = await openRecorder({ name: "training", intervalMs: 1000 });
 * const ended = recorder.run();
 * using _loading = recorder.phase("Model-Loading");
 * recorder.stop("done");
 * console.log((await ended).rows);
 * ```
 *
 * @module
 */
export { openRecorder, type OpenRecorderOptions } from "./open_recorder.ts";
export type { PhaseHandle, RecordedFiles, Recorder } from "./recorder.ts";
export type { PhaseOptions } from "./session_writer.ts";
export type { RecorderStatus } from "./recorder_status.ts";
export type { SessionEnd, SessionMeta } from "./session_meta.ts";
export type { GpuSample, OwnCost, SessionTick, WatchedSample } from "./tick.ts";
export type { Alert, AlertChange, AlertKind } from "./alerts/alert.ts";
export { DEFAULT_SETTINGS, type SessionSettings, type SettingsPatch } from "./config/settings.ts";
export { type AllocatorReport, parseReport } from "../telemetry/report.ts";
export { type Column, COLUMNS, type Table, TABLES } from "./columns.ts";
export { loadRecording } from "./load/load.ts";
export type { SessionData } from "./load/data.ts";
export { type AnalyzeOptions, analyzeSession } from "./analysis/analyze.ts";
export type { Analysis } from "./analysis/records.ts";
export { check } from "./check/check.ts";
export type { CheckReport, CheckResult, Limit, Rule } from "./check/rules.ts";
export {
  type Growth,
  type GrowthOptions,
  type GrowthSeries,
  type GrowthVerdict,
  judgeGrowth,
} from "./stats/growth.ts";
