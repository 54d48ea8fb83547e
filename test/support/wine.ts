/**
 * Windows programs in the tests: Wine on Linux, with the Bun and the Deno for Windows in it.
 *
 * `test/windows/set_up.mjs` makes what is needed, once a run. A session is a place of its own where programs run: when
 * it is closed, or the test dies, the system ends and unmounts all of it.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import fs from "node:fs";

import path from "node:path";
import process from "node:process";
import { repositoryFile } from "./run_script.ts";
import { WINE_FOLDER } from "./wine_set_up.ts";

export { skipWine } from "./wine_set_up.ts";

/** The runtimes of Windows. */
export const WINDOWS_RUNTIMES = ["bun", "deno"] as const;
/** A runtime of Windows. */
export type WindowsRuntime = (typeof WINDOWS_RUNTIMES)[number];

/** How a program is run. */
export interface WineOptions {
  /** Environment variables of the program. */
  readonly env?: Readonly<Record<string, string>>;
  /** The session's DLLs that stand for Wine's own, as in `pdh,dxgi`. */
  readonly overrides?: string;
  /** It is killed after this time. @default 60_000 */
  readonly timeoutMs?: number;
  /** Its working directory, as Linux writes it inside. @default "/scratch" */
  readonly cwd?: string;
  /** What it reads. @default nothing */
  readonly stdin?: string;
}

/** How a program ended. */
export interface WineEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of a session, as Linux sees it. */
export interface WineProcess {
  readonly pid: number;
  /** Its command line, as Windows writes it. */
  readonly command: string;
}

const LOADER = "/usr/lib/wine/wine64";
const SCRIPT = repositoryFile("test/windows/session.sh");
let sessions = 0;

/** A place where Windows programs run, with a Windows of its own that may be changed. */
export class WineSession implements AsyncDisposable {
  /** Its folder for files, which programs see as `Z:\scratch`. */
  readonly scratch: string;
  /** `C:\Windows\System32`, as Linux writes it. */
  readonly system32: string;
  readonly #folder: string;
  readonly #prefix: string;
  readonly #keeper: ChildProcess;
  /** The first process of the session. */
  readonly #init: number;
  readonly #namespace: string;

  private constructor(
    folder: string,
    prefix: string,
    scratch: string,
    keeper: ChildProcess,
    init: number,
  ) {
    this.#folder = folder;
    this.#prefix = prefix;
    this.scratch = scratch;
    this.#keeper = keeper;
    this.#init = init;
    this.#namespace = fs.readlinkSync(`/proc/${init}/ns/pid`);
    this.system32 = path.join(folder, "root", prefix, "drive_c/windows/system32");
  }

  /** Opens one. Close it at the end. */
  static async open(): Promise<WineSession> {
    const folder = WINE_FOLDER;
    removeDead(folder);
    const name = `-${process.pid}-${sessions++}`;
    const prefix = `/prefix${name}`;
    // Hard links: nothing is written into a file of a prefix, it is replaced.
    execFileSync("cp", [
      "-al",
      path.join(folder, "root/prefix"),
      path.join(folder, "root", prefix),
    ]);
    const scratch = path.join(folder, `scratch${name}`);
    fs.mkdirSync(scratch);
    const keeper = spawn("bash", [SCRIPT, "stay", folder, prefix, repositoryFile(""), scratch], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await new Promise<void>((up, refuse) => {
      keeper.stdout!.once("data", up);
      keeper.once("exit", (code) => refuse(new Error(`the session ended with code ${code}`)));
    });
    const children = fs.readFileSync(`/proc/${keeper.pid}/task/${keeper.pid}/children`, "utf8");
    return new WineSession(folder, prefix, scratch, keeper, Number(children));
  }

  /** The path of a file of the session's folder as Windows writes it. */
  inScratch(name: string): string {
    return `Z:\\scratch\\${name.replaceAll("/", "\\")}`;
  }

  /** Writes a file into the session's folder; its path as Windows writes it. */
  write(name: string, content: string | Uint8Array): string {
    const file = path.join(this.scratch, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
    return this.inScratch(name);
  }

  /** The text of a file of the session's folder. */
  read(name: string): string {
    return fs.readFileSync(path.join(this.scratch, name), "utf8");
  }

  /** Puts a file into System32, in the place of one of that name; `null`: as it was. */
  install(name: string, content: Uint8Array | null): void {
    const target = path.join(this.system32, name);
    fs.rmSync(target, { force: true });
    fs.mkdirSync(path.dirname(target), { recursive: true });
    const original = path.join(this.#folder, "root/prefix/drive_c/windows/system32", name);
    if (content !== null) fs.writeFileSync(target, content, { mode: 0o755 });
    else if (fs.existsSync(original)) fs.linkSync(original, target);
  }

  /** The command line of a script. */
  script(runtime: WindowsRuntime, file: string, args: readonly string[] = []): string[] {
    return runtime === "bun"
      ? ["Z:\\exe\\bun.exe", file, ...args]
      : ["Z:\\exe\\deno.exe", "run", "-A", "--no-check", "--quiet", file, ...args];
  }

  /** Starts a program. It ends with the session. */
  spawn(command: readonly string[], options: WineOptions = {}): ChildProcess {
    const seconds = Math.ceil((options.timeoutMs ?? 60_000) / 1000);
    const inside = [
      SCRIPT,
      "run",
      this.#folder,
      this.#prefix,
      options.cwd ?? "/scratch",
      String(seconds),
    ];
    const variables = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`);
    const entering = ["--target", String(this.#init), "--mount", "--pid", "bash"];
    return spawn("nsenter", [...entering, ...inside, ...command], {
      stdio: [options.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"]!,
        WINE_ENV: variables.join("\n"),
        WINE_OVERRIDES: options.overrides === undefined ? "" : `${options.overrides}=n,b`,
      },
    });
  }

  /** Runs a program to its end. */
  async run(command: readonly string[], options: WineOptions = {}): Promise<WineEnd> {
    const child = this.spawn(command, options);
    child.stdin?.end(options.stdin);
    return await ended(child);
  }

  /** The session's processes whose command line fits. */
  processes(fits: RegExp): WineProcess[] {
    return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
      try {
        if (fs.readlinkSync(`/proc/${pid}/ns/pid`) !== this.#namespace) return [];
        if (/^State:\s+[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"))) return [];
        const words = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        // Wine's loader stands before the first program's own words; `timeout` waits for it.
        const command = (words[0] === LOADER ? words.slice(1) : words).join(" ").trim();
        const isIt = fits.test(command) && words[0] !== "timeout";
        return isIt ? [{ pid: Number(pid), command }] : [];
      } catch {
        return []; // It ended meanwhile.
      }
    });
  }

  /** Waits until no such process is left; those that are after `ms`. */
  async leftOf(fits: RegExp, ms = 5_000): Promise<WineProcess[]> {
    const endMs = Date.now() + ms;
    for (;;) {
      const left = this.processes(fits);
      if (left.length === 0 || Date.now() > endMs) return left;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends all of it and removes its files. */
  async close(): Promise<void> {
    if (this.#keeper.exitCode === null) {
      const gone = new Promise((resolve) => this.#keeper.once("exit", resolve));
      this.#keeper.stdin!.end();
      await gone;
    }
    fs.rmSync(path.join(this.#folder, "root", this.#prefix), { recursive: true, force: true });
    fs.rmSync(this.scratch, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Removes the files of sessions whose test was killed. */
function removeDead(folder: string): void {
  for (const place of [folder, path.join(folder, "root")]) {
    for (const name of fs.readdirSync(place)) {
      const pid = /^(?:prefix|scratch)-(\d+)-\d+$/.exec(name)?.[1];
      if (pid === undefined || fs.existsSync(`/proc/${pid}`)) continue;
      fs.rmSync(path.join(place, name), { recursive: true, force: true });
    }
  }
}

/** Bun says this of each folder with a package.json, here and not on Windows. */
const NOISE = /^Internal error: directory mismatch for directory .*\r?\n/gm;

/** What a started program prints, and how it ends. */
export async function ended(child: ChildProcess): Promise<WineEnd> {
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]!.setEncoding("utf8").on("data", (text: string) => said[name] += text);
  }
  const closed = new Promise((resolve) => child.once("close", resolve));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  // A process that it left running may hold the pipes for ever.
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1_000))]);
  return { code, stdout: said.stdout, stderr: said.stderr.replace(NOISE, "") };
}
