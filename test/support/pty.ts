/** A program on a pseudo-terminal, and the screen that a person would see. `script` of util-linux makes the terminal. */
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import type { Terminal as XtermTerminal } from "@xterm/headless";
import { SCRIPT_ENV } from "./run_script.ts";

// It is CommonJS, which Deno gives a default export and Bun does not.
const { Terminal } = createRequire(import.meta.url)("@xterm/headless") as {
  Terminal: typeof XtermTerminal;
};

/** Why there is no pseudo-terminal; `false`: there is one. */
export function skipPty(): string | false {
  try {
    execFileSync("script", ["--version"], { stdio: "ignore" });
    return process.platform === "linux" ? false : "script has other options here";
  } catch {
    return "script of util-linux is not here";
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Size of a terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A program on a terminal of its own. */
export class Pty {
  readonly #terminal: XtermTerminal;
  readonly #child: ReturnType<typeof spawn>;
  readonly #dir = fs.mkdtempSync(path.join(os.tmpdir(), "hmn-pty-"));
  /** Everything the program wrote. */
  output = "";
  /** Its exit code; 128 and more where a signal ended it. */
  readonly ended: Promise<number | null>;

  constructor(
    command: readonly string[],
    { columns, rows }: Size,
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#terminal = new Terminal({ cols: columns, rows, allowProposedApi: true });
    const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const facts = `tty > '${this.#dir}/tty'; echo $$ > '${this.#dir}/pid'`;
    const line = `stty cols ${columns} rows ${rows}; ${facts}; exec ${quoted}`;
    this.#child = spawn("script", ["-qfec", line, "/dev/null"], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...SCRIPT_ENV, TERM: "xterm-256color", SHELL: "/bin/sh", ...env },
    });
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
      this.#terminal.write(text);
    });
    this.ended = new Promise((resolve) => this.#child.on("close", resolve));
  }

  /** The program's process id. */
  get pid(): number {
    return Number(fs.readFileSync(`${this.#dir}/pid`, "utf8"));
  }

  /** The lines on the screen, without the spaces at their ends. */
  async screen(): Promise<string[]> {
    await new Promise<void>((resolve) => this.#terminal.write("", resolve));
    const { buffer: { active }, cols } = this.#terminal;
    return Array.from(
      { length: this.#terminal.rows },
      (_, row) => active.getLine(active.viewportY + row)?.translateToString(true, 0, cols) ?? "",
    );
  }

  /** The program has taken the alternate screen. */
  async isAlternate(): Promise<boolean> {
    await this.screen();
    return this.#terminal.buffer.active.type === "alternate";
  }

  /** Resolves with the screen once it fits; throws with the screen where that takes too long. */
  async until(
    what: string,
    fits: (lines: readonly string[]) => boolean | Promise<boolean>,
    withinMs = 30_000,
  ): Promise<string[]> {
    const endMs = performance.now() + withinMs;
    for (;;) {
      const lines = await this.screen();
      if (await fits(lines)) return lines;
      if (performance.now() > endMs) {
        throw new Error(`The screen never showed ${what}:\n${lines.join("\n")}`);
      }
      await sleep(20);
    }
  }

  /** Types at the terminal. */
  type(text: string): void {
    this.#child.stdin!.write(text);
  }

  /** Changes the size of the window; the kernel tells the program. */
  resize({ columns, rows }: Size): void {
    this.#terminal.resize(columns, rows);
    const tty = fs.readFileSync(`${this.#dir}/tty`, "utf8").trim();
    execFileSync("stty", ["-F", tty, "cols", String(columns), "rows", String(rows)]);
  }

  /** What a shell's `fg` does: `script` stops when its program does. */
  resume(): void {
    process.kill(this.#child.pid!, "SIGCONT");
  }

  /** Closes the window: the program is told by SIGHUP, and its terminal is dead. */
  vanish(): void {
    process.kill(this.#child.pid!, "SIGKILL");
  }

  /** Ends whatever is left. */
  async close(): Promise<void> {
    this.#child.stdin!.end();
    for (const pid of [this.#child.pid!, this.pid]) {
      try {
        process.kill(pid, "SIGKILL");
      } catch { /* It has ended. */ }
    }
    await this.ended;
    fs.rmSync(this.#dir, { recursive: true, force: true });
  }
}
