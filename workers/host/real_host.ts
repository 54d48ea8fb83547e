/** The machine this runs on. */
import { loadFfi, type OpenLibrary } from "../ffi/open.ts";
import { denoFiles } from "./deno_files.ts";
import type { Files } from "./files.ts";
import type { Host } from "./host.ts";
import { makeJob } from "./job_object.ts";
import { LIBC_SIGNATURES, libcFiles } from "./libc_files.ts";
import { nodeFiles } from "./node_files.ts";

/** Names of the C library: glibc's, then musl's. */
export const LIBC = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

const PLATFORMS: Readonly<Record<string, Host["platform"]>> = {
  linux: "linux",
  win32: "windows",
  windows: "windows",
  darwin: "darwin",
};

function filesOfThisRuntime(openLibrary: OpenLibrary): Files {
  if ("Bun" in globalThis) return nodeFiles();
  if (Deno.build.os === "windows") return denoFiles();
  try {
    return libcFiles(openLibrary(LIBC, LIBC_SIGNATURES), denoFiles());
  } catch {
    return denoFiles();
  }
}

/** An environment variable; `null` also where the runtime refuses to tell. */
function readVariable(name: string): string | null {
  try {
    return ("Bun" in globalThis ? process.env[name] : Deno.env.get(name)) ?? null;
  } catch {
    return null;
  }
}

/** The real host. `onDebug` gets raw native values. */
export async function realHost(onDebug: ((line: string) => void) | null): Promise<Host> {
  const { openLibrary, functionAt } = await loadFfi();
  const files = filesOfThisRuntime(openLibrary);
  const platform = "Bun" in globalThis ? process.platform : Deno.build.os;
  const host: Host = {
    platform: PLATFORMS[platform] ?? "unknown",
    readText: files.readText,
    list: files.list,
    readLink: files.readLink,
    writeText: files.writeText,
    makeFolder: files.makeFolder,
    removeFolder: files.removeFolder,
    openLibrary,
    functionAt,
    variable: readVariable,
    async run(program, args, limits) {
      // Most workers never run a program.
      const { runProgram } = await import("./run_program.ts");
      return runProgram(program, args, limits, () => makeJob(host));
    },
    now: () => performance.now(),
    wallClock: () => Date.now(),
    debug: onDebug === null ? () => {} : (line) => onDebug(line()),
  };
  return host;
}
