/** Loads what `hmn record` wrote. */
import { HypomnesisError } from "../../errors.ts";
import type { ReadFiles } from "../files/read_files.ts";
import type { MetaDevice, SessionMeta } from "../session_meta.ts";
import type { GpuTrack, SessionData } from "./data.ts";
import type { FoundSession } from "./find_sessions.ts";
import { medianInterval } from "./missing_ticks.ts";
import { baseName } from "./notices.ts";
import { phasesFromEvents } from "./phases_from_events.ts";
import { type OnProgress, Progress } from "./progress.ts";
import type { Reading } from "./read_table.ts";
import { readText } from "./read_text.ts";
import type { SessionClock } from "./row_times.ts";
import { parseSessionMeta } from "./session_json.ts";
import { machineTrack, SessionTables } from "./session_tables.ts";

/** Where nothing tells the interval: that of the recorder where nobody gives another. */
const USUAL_INTERVAL_MS = 2_000;

/**
 * Loads all files of a session. What is missing or damaged is said in the notices and leaves the rest standing.
 *
 * @throws {HypomnesisError} where a file is none of ours, was written in another format, or may not be read
 */
export async function loadSession(
  session: FoundSession,
  files: ReadFiles,
  onProgress?: OnProgress,
): Promise<SessionData> {
  const totalBytes = Object.values(session.tables).flat()
    .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const progress = new Progress(totalBytes, onProgress);
  const reading: Reading = { files, progress, notices: [], read: [] };
  const meta = await readMeta(session, reading);
  const clock: SessionClock = { startedAtMs: meta?.startedAtMs ?? null };
  const tables = new SessionTables(reading);
  await tables.read(session, clock);
  return assemble(session, tables, reading, clock, meta);
}

async function readMeta(
  { json }: FoundSession,
  { files, notices, read }: Reading,
): Promise<SessionMeta | null> {
  const without = "so the command, devices' names and settings are not known";
  if (json === null) {
    notices.push(`There is no session file, ${without}`);
    return null;
  }
  const text = await readText(files, json).catch((error) => {
    if (!(error instanceof HypomnesisError) || error.code !== "absent") throw error;
    return null;
  });
  const meta = text === null ? null : parseSessionMeta(text, json);
  if (meta === null) notices.push(`${baseName(json)}: can't be understood, ${without}`);
  else read.push(json);
  return meta;
}

function assemble(
  { name, folder, stamp }: FoundSession,
  tables: SessionTables,
  { read, notices }: Reading,
  { startedAtMs }: SessionClock,
  meta: SessionMeta | null,
): SessionData {
  const { lastMs: durationMs, gaps, hasPhaseEvents } = tables;
  const ticksOf = tables.system.rows > 0 ? "system" : "others";
  const system = machineTrack(tables.system);
  const gpus = tables.gpus.finish().map((gpu) => ({ ...gpu, name: nameOf(gpu, meta?.devices) }));
  const processes = tables.processes.finish();
  const measuredMs = [system, ...processes, ...gpus]
    .map((track) => track === null ? null : medianInterval(track.timesMs))
    .find((interval) => interval !== null) ?? null;
  const intervalMs = meta?.settings.intervalMs ?? measuredMs ?? USUAL_INTERVAL_MS;
  // Other tables may have a row at every fifth tick only, by intention.
  const tickMs = ticksOf === "system" ? intervalMs : Math.max(intervalMs, measuredMs ?? 0);
  return {
    name,
    folder,
    files: read,
    format: "session",
    meta,
    startedAtMs: startedAtMs ?? timeOfStamp(stamp),
    durationMs,
    intervalMs,
    gpus,
    system,
    processes,
    allocators: tables.allocators.finish(),
    phases: hasPhaseEvents
      ? phasesFromEvents(tables.events, durationMs)
      : tables.phaseColumn.finish(durationMs),
    events: tables.events.filter(({ event }) => event !== "phase_begin" && event !== "phase_end"),
    gaps: [...gaps, ...tables.missingTicks.gaps(tickMs)].sort((a, b) => a.startMs - b.startMs),
    notices,
  };
}

function nameOf(
  { uuid, gpu }: Pick<GpuTrack, "uuid" | "gpu">,
  devices: readonly MetaDevice[] = [],
): string | null {
  const known = devices.find((device) => uuid !== null && device.uuid === uuid) ??
    devices.find((device) => device.index === gpu && (uuid === null || device.uuid === null));
  return known?.name ?? null;
}

/** A session's stamp is the local time of its beginning. */
function timeOfStamp(stamp: string): number {
  const [year, month, day, hour, minute, second] = stamp.split(/[-_]/).map(Number);
  const timeMs = new Date(year!, month! - 1, day, hour, minute, second).getTime();
  return Number.isNaN(timeMs) ? 0 : timeMs;
}
