/** The operating system, as far as the library has to know it. */
import { SOURCE_NAMES, type SourceInfo, type SourceName, SOURCES } from "./sources.ts";

/** This is Windows. */
export function isWindows(): boolean {
  return "Deno" in globalThis ? Deno.build.os === "windows" : process.platform === "win32";
}

/** The source of RAM on this system. */
export function ramSource(): "win32" | "proc" {
  return isWindows() ? "win32" : "proc";
}

/** The names of the sources that are for this system, in order of priority. */
export function sourcesHere(): SourceName[] {
  const elsewhere = isWindows() ? "others" : "windows";
  return SOURCE_NAMES.filter((name) => (SOURCES[name] as SourceInfo).only !== elsewhere);
}
