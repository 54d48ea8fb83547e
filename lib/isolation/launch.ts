/**
 * How the worker's program is found, and with which command line a child runs it.
 *
 * From the source tree that is `workers/main.ts`; elsewhere the text built into the library. A child takes
 * the text as its first message on stdin, so that no limit on the length of an argument applies.
 */
import { readEnv } from "../env.ts";
import { PROGRAM } from "./program.ts";

/** What a thread is started from: the URL of a file, or of the text itself. */
export function workerUrl(): URL {
  return PROGRAM === null
    ? new URL("../../workers/main.ts", import.meta.url)
    : new URL("data:text/javascript;base64," + PROGRAM);
}

/**
 * Reads the program from stdin, byte by exact byte, and runs it: ten digits of length, then base64.
 * What follows on stdin is the program's own.
 */
const BOOTSTRAP = `
const deno = globalThis.Deno, fs = deno ? null : process.getBuiltinModule("node:fs");
const read = deno ? (b) => deno.stdin.readSync(b) ?? 0 : (b) => {
  for (;;) try { return fs.readSync(0, b); } catch (e) { if (e.code !== "EAGAIN") throw e; }
};
const take = (length) => {
  const bytes = new Uint8Array(length);
  for (let at = 0, n; at < length; at += n) if (!(n = read(bytes.subarray(at)))) throw "no program";
  return new TextDecoder().decode(bytes);
};
await import("data:text/javascript;base64," + take(Number(take(10))));
`;

/** A command line, its environment, and what to write first. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  /** Goes down stdin before the first message. */
  readonly preamble: string;
}

/** Passed on to a child; everything else of the host's environment stays with the host. */
const PASSED_ON = [
  "PATH",
  "HOME",
  "TMPDIR",
  "LD_LIBRARY_PATH",
  "XDG_CACHE_HOME",
  "DENO_DIR",
  "SystemRoot",
  "SystemDrive",
  "ProgramFiles",
  "ProgramData",
  "TEMP",
  "TMP",
  "USERPROFILE",
  "LOCALAPPDATA",
];

function environment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = readEnv(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

/** The program as the bootstrap takes it. */
function preamble(program: string): string {
  return String(program.length).padStart(10, "0") + program;
}

/** Runs the worker in Bun, also where this process is a compiled program, which is a Bun inside. */
export function launchBun(executable: string): Launch {
  // A process named `bunx` would take the script for a package. With a small heap a worker stays at half the memory,
  // and answers as fast.
  return {
    program: executable,
    args: ["--smol", ...PROGRAM === null ? [Bun.fileURLToPath(workerUrl())] : ["-e", BOOTSTRAP]],
    env: { ...environment(), BUN_BE_BUN: "1" },
    preamble: PROGRAM === null ? "" : preamble(PROGRAM),
  };
}

/**
 * V8 would let the space for new objects grow to 32 MB within a hundred thousand answers. Ours are garbage as soon as
 * they are sent, and are collected from 1 MB as fast.
 */
const YOUNG_GENERATION = "--v8-flags=--max-semi-space-size=1";

/** Runs the worker in Deno, with no configuration and no network. */
export function launchDeno(executable: string): Launch {
  const entry = PROGRAM === null
    ? workerUrl().href
    : "data:application/javascript;base64," + btoa(BOOTSTRAP);
  const flags = [
    YOUNG_GENERATION,
    "--quiet",
    "--no-prompt",
    "--no-config",
    "--no-lock",
    "--no-npm",
    "--no-remote",
  ];
  return {
    program: executable,
    // Deno reads `/proc` for nobody with fewer rights than all.
    args: ["run", ...flags, "--no-check", "--allow-all", entry],
    env: environment(),
    preamble: PROGRAM === null ? "" : preamble(PROGRAM),
  };
}
