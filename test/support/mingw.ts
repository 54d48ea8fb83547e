/** Compiles C for Windows with mingw: what the tests check their numbers against, and the fakes that run under Wine. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";

const COMPILER = "x86_64-w64-mingw32-gcc";
const WARNINGS = ["-std=c11", "-Wall", "-Wextra"];

/** What the compiler said of a file. */
export interface Checked {
  /** It compiles: each `_Static_assert` in it holds. */
  readonly ok: boolean;
  readonly output: string;
}

/**
 * Why a test that compiles for Windows is skipped, for `test(name, { skip }, …)`; `false` where it runs. In CI of this
 * project (`HMN_CI=1`) it runs in any case, and fails for want of a compiler.
 */
export function skipMingw(): string | false {
  if (process.env["HMN_CI"] === "1" || isInPath(COMPILER)) return false;
  return "mingw is not installed (apt-get install gcc-mingw-w64-x86-64)";
}

/** Compiles a file without keeping anything of it; `flags` such as `-I` and `-D` come before it. */
export function checkAsserts(cFile: string, flags: readonly string[] = []): Promise<Checked> {
  return compile(["-fsyntax-only", ...WARNINGS, ...flags, cFile]);
}

/** Compiles a program (`.exe`) or a library (`-shared` among the flags) for Windows; rejects with what is wrong. */
export async function buildWindows(
  sources: readonly string[],
  output: string,
  flags: readonly string[] = [],
): Promise<void> {
  fs.mkdirSync(path.dirname(output), { recursive: true });
  // Libraries stand behind what needs them, so the flags come last.
  const arguments_ = [...WARNINGS, "-Werror", "-O1", "-s", "-o", output, ...sources, ...flags];
  const { ok, output: said } = await compile(arguments_);
  if (!ok) throw new Error(`Cannot compile ${sources.join(", ")} for Windows: ${said}`);
}

function compile(arguments_: readonly string[]): Promise<Checked> {
  return new Promise((resolve) => {
    execFile(COMPILER, [...arguments_], (error, stdout, stderr) => {
      const isMissing = error?.code === "ENOENT";
      resolve({
        ok: error === null,
        output: isMissing ? `${COMPILER} is not installed` : stdout + stderr,
      });
    });
  });
}

function isInPath(program: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  return folders.some((folder) => folder !== "" && fs.existsSync(path.join(folder, program)));
}
