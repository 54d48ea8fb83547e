/** Runs `hmn record` as a process of its own, in a folder of its own, and reads what it wrote. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { textOf } from "../../lib/session/csv_cells.ts";
import { repositoryFile, SCRIPT_ENV, scriptCommand } from "./run_script.ts";

const CLI = repositoryFile("cli.ts");

/** A recorder that runs. */
export interface Recording {
  readonly pid: number;
  /** What it wrote to stderr so far. */
  stderr(): string;
  stdout(): string;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

/** A folder for recordings, removed at the end of its scope. */
export class LogFolder implements Disposable {
  readonly #base = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-record-"));
  readonly path = path.join(this.#base, "memory-logs");

  [Symbol.dispose](): void {
    fs.rmSync(this.#base, { recursive: true, force: true });
  }

  /** The files in it, without the time stamps. */
  names(): string[] {
    if (!fs.existsSync(this.path)) return [];
    return fs.readdirSync(this.path).sort().map((name) =>
      name.replace(/-\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d/, "")
    );
  }

  /** The whole text of the file whose name begins so; `""` where there is none. */
  text(prefix: string, suffix = ""): string {
    if (!fs.existsSync(this.path)) return "";
    const name = fs.readdirSync(this.path).sort().find((name) =>
      name.startsWith(prefix) && name.endsWith(suffix)
    );
    return name === undefined ? "" : fs.readFileSync(path.join(this.path, name), "utf8");
  }

  /** The rows of a CSV file of ours, by their headers. None of our cells has a line break in it. */
  rows(prefix: string): Record<string, string | null>[] {
    const [header, ...lines] = this.text(prefix).split("\r\n");
    const keys = (header ?? "").split(",");
    return lines.filter((line) => line !== "").map((line) => {
      const cells = splitLine(line);
      return Object.fromEntries(keys.map((key, i) => [key, textOf(cells[i])]));
    });
  }
}

function splitLine(line: string): string[] {
  const cells = line.match(/(?<=^|,)(?:"(?:[^"]|"")*"|[^",]*)(?=,|$)/g) ?? [];
  return cells.map((cell) => cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
}

/** Starts it. */
export function startRecording(
  folder: LogFolder,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly input?: "pipe" } = {},
): Recording & { readonly stdin: NodeJS.WritableStream | null } {
  const [program, ...rest] = scriptCommand(CLI, {
    args: ["record", "--out", folder.path, ...args],
  });
  const child = spawn(program!, rest, {
    stdio: [options.input ?? "ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      ...SCRIPT_ENV,
      HMN_NVML_PATH: "/nonexistent",
      HMN_NVIDIA_SMI_PATH: "/nonexistent",
      ...options.env,
    },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout!.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr!.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal }))
  );
  const timer = setTimeout(() => process.kill(child.pid!, "SIGKILL"), 90_000);
  ended.then(() => clearTimeout(timer));
  return {
    pid: child.pid!,
    stderr: () => stderr,
    stdout: () => stdout,
    stdin: child.stdin,
    kill: (signal) => void process.kill(child.pid!, signal),
    ended,
  };
}

/** Runs another command of `hmn`. */
export async function runHmn(
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const [program, ...rest] = scriptCommand(CLI, { args });
  const child = spawn(program!, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...SCRIPT_ENV },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout!.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr!.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

/** Waits until something holds. */
export async function until(what: string, holds: () => boolean, forMs = 30_000): Promise<void> {
  const startMs = performance.now();
  while (!holds()) {
    if (performance.now() - startMs > forMs) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
