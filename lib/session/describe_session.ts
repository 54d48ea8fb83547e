/** What a session says of itself: where, with what and how it was recorded. */
import { ownPid, ownRuntime } from "../own_process.ts";
import type { DeviceInfo } from "../records.ts";
import { VERSION } from "../version.ts";
import type { SessionSettings } from "./config/settings.ts";
import type { SessionId } from "./file_names.ts";
import { type MetaDevice, SESSION_FORMAT, type SessionMeta } from "./session_meta.ts";

/** What has to be told. */
export interface SessionFacts {
  readonly settings: SessionSettings;
  readonly command?: readonly string[] | null;
  /** The machine that is recorded, where it is not this one. */
  readonly host?: string;
}

/** The session file at the beginning: the devices are not known yet, and it has no end. */
export function describeSession(id: SessionId, startedAt: Date, facts: SessionFacts): SessionMeta {
  return {
    format: SESSION_FORMAT,
    ...id,
    startedAtMs: startedAt.getTime(),
    host: facts.host ?? hostName(),
    pid: ownPid(),
    version: VERSION,
    runtime: ownRuntime(),
    platform: `${process.platform} ${process.arch}`,
    devices: [],
    ramTotalBytes: null,
    command: facts.command ?? null,
    settings: facts.settings,
    failures: [],
    end: null,
  };
}

/** The part of a GPU that does not change. */
export function describeDevice(device: DeviceInfo): MetaDevice {
  const { index, uuid, name, pciBusId, totalBytes, driverVersion } = device;
  return { index, uuid, name, pciBusId, totalBytes, driverVersion };
}

/** `null` where the runtime does not tell. */
export function hostName(): string | null {
  try {
    return "Deno" in globalThis
      ? Deno.hostname()
      : process.getBuiltinModule("node:os").hostname() || null;
  } catch {
    return null;
  }
}
