/** Reads the session file. Pure. */
import { HypomnesisError } from "../../errors.ts";
import { toCamelCase } from "../../json_case.ts";
import { escapeText } from "../../text.ts";
import { DEFAULT_SETTINGS, type SessionSettings } from "../config/settings.ts";
import { type MetaDevice, SESSION_FORMAT, type SessionMeta } from "../session_meta.ts";

type Json = { readonly [key: string]: unknown };

/**
 * The contents of a session file; `null`: it is broken (cut off, or no session file).
 *
 * @throws {HypomnesisError} where it was written in another format
 */
export function parseSessionMeta(text: string, path: string): SessionMeta | null {
  let value: unknown;
  try {
    value = toCamelCase(JSON.parse(text));
  } catch {
    return null;
  }
  if (!isObject(value) || typeof value.format !== "number") return null;
  if (value.format !== SESSION_FORMAT) {
    const writer = typeof value.version === "string" ? `hmn ${value.version}` : "another hmn";
    throw new HypomnesisError(
      "bad_value",
      `Cannot read ${escapeText(path)}: ${escapeText(writer)} wrote it in format ` +
        `${value.format}, and this hmn reads format ${SESSION_FORMAT}; use that hmn to analyze it`,
    );
  }
  if (typeof value.startedAtMs !== "number" || typeof value.name !== "string") return null;
  return {
    format: SESSION_FORMAT,
    name: value.name,
    stamp: textOr(value.stamp) ?? "",
    startedAtMs: value.startedAtMs,
    host: textOr(value.host),
    pid: numberOr(value.pid) ?? 0,
    version: textOr(value.version) ?? "",
    runtime: textOr(value.runtime) ?? "",
    platform: textOr(value.platform) ?? "",
    devices: objectsOf(value.devices).flatMap(deviceOf),
    ramTotalBytes: numberOr(value.ramTotalBytes),
    command: Array.isArray(value.command) ? value.command.map(String) : null,
    settings: settingsOf(value.settings),
    failures: objectsOf(value.failures) as unknown as SessionMeta["failures"],
    end: isObject(value.end) ? endOf(value.end) : null,
  };
}

function deviceOf(device: Json): MetaDevice[] {
  const index = numberOr(device.index);
  return index === null ? [] : [{
    index,
    uuid: textOr(device.uuid),
    name: textOr(device.name),
    pciBusId: textOr(device.pciBusId),
    totalBytes: numberOr(device.totalBytes),
    driverVersion: textOr(device.driverVersion),
  }];
}

function endOf(end: Json): SessionMeta["end"] {
  return {
    atMs: numberOr(end.atMs) ?? 0,
    elapsedMs: numberOr(end.elapsedMs) ?? 0,
    reason: textOr(end.reason) ?? "not told",
    ticks: numberOr(end.ticks) ?? 0,
    rows: numberOr(end.rows) ?? 0,
    lostRows: numberOr(end.lostRows) ?? 0,
  };
}

/** The defaults stand for what is missing or of another type; what is unknown stays. */
function settingsOf(value: unknown): SessionSettings {
  return withDefaults(DEFAULT_SETTINGS as unknown as Json, value) as unknown as SessionSettings;
}

function withDefaults(defaults: Json, value: unknown): Json {
  if (!isObject(value)) return defaults;
  const merged = Object.entries(defaults).map(([key, fallback]) => {
    const stated = value[key];
    if (isObject(fallback)) return [key, withDefaults(fallback, stated)];
    if (stated === undefined) return [key, fallback];
    // Where the default is `null`, anything may be stated.
    const fits = fallback === null || stated === null ||
      (typeof stated === typeof fallback && Array.isArray(stated) === Array.isArray(fallback));
    return [key, fits ? stated : fallback];
  });
  return { ...value, ...Object.fromEntries(merged) };
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectsOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function textOr(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOr(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
