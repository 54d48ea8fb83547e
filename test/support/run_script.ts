/** Runs a script in the runtime the test runs in, as a process of its own. */
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** How a run ended. */
export interface ScriptEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** Options of one run. */
export interface ScriptOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of `deno run`. */
  readonly denoFlags?: readonly string[];
  /** The run is ended after this time; its signal then is SIGKILL. */
  readonly timeoutMs?: number;
  readonly input?: string;
}

/** The runtime of this test. */
export const RUNTIME: "bun" | "deno" = "Bun" in globalThis ? "bun" : "deno";

/** What {@linkcode scriptCommand} needs in the environment. */
export const SCRIPT_ENV = { HMN_TEST_RUNTIME: process.execPath };

/** The path of a file of the repository. */
export function repositoryFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url).href);
}

/**
 * The command line that runs `script` here, with {@linkcode SCRIPT_ENV} in its environment. Deno's
 * `node:child_process` adds `-A` wherever it sees Deno's own path, so the path goes through the environment.
 */
export function scriptCommand(script: string, options: ScriptOptions = {}): string[] {
  const args = [script, ...options.args ?? []];
  return RUNTIME === "bun"
    ? [process.execPath, ...args]
    : ["/bin/sh", "-c", 'exec "$HMN_TEST_RUNTIME" "$@"', "sh", "run", "--quiet"]
      .concat(options.denoFlags ?? ["-A"], args);
}

/** Runs `script` to its end. */
export function runScript(script: string, options: ScriptOptions = {}): Promise<ScriptEnd> {
  const [program, ...args] = scriptCommand(script, options);
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const child = spawn(program!, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...SCRIPT_ENV, ...options.env },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? 60_000);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr, ms: performance.now() - startMs });
    });
  });
}
