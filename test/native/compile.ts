/**
 * Compiles the fake `libnvidia-ml.so.1` with gcc.
 *
 * The result is kept in the system's temporary folder by the hash of what it is made of, so only the first
 * test that needs it pays.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL(".", import.meta.url).href);
/** The name of the library. */
export const LIBRARY = "libnvidia-ml.so.1";
const FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror"]
  .concat(["-fvisibility=hidden", "-shared", "-fPIC", "-pthread"]);

/** How to build the library. */
export interface BuildOptions {
  /** C functions that the library shall not have. */
  readonly missing?: readonly string[];
}

let gcc: boolean | null = null;

/** Tells whether C can be compiled here. As root on Debian it installs the compiler, once. */
export function hasGcc(): boolean {
  if (gcc !== null) return gcc;
  if (process.platform !== "linux") return gcc = false;
  if (compiles()) return gcc = true;
  if (process.getuid?.() === 0 && fs.existsSync("/usr/bin/apt-get")) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const install = ["install", "-y", "-qq", "--no-install-recommends", "gcc", "libc6-dev"];
    for (const args of [install, ["update", "-qq"], install]) {
      try {
        execFileSync("apt-get", args, { stdio: "ignore", env });
      } catch {
        continue;
      }
      if (args === install) break;
    }
  }
  return gcc = compiles();
}

function compiles(): boolean {
  try {
    execFileSync("gcc", ["-E", "-x", "c", "-include", "pthread.h", "/dev/null"], {
      stdio: "ignore",
    });
    return true;
  } catch {
    return false;
  }
}

/**
 * Why a test of native code is skipped, for `test(name, { skip }, …)`; `false` where it runs. In CI
 * (`CI=1` or `HMN_CI=1`) it runs on Linux in any case, and fails for want of a compiler.
 */
export function skipNative(): string | false {
  if (process.platform !== "linux") return "the fake libraries are for Linux";
  if (process.env["CI"] === "1" || process.env["HMN_CI"] === "1") return false;
  return hasGcc() ? false : "gcc is not installed (apt-get install gcc libc6-dev)";
}

/** The path of the library that lacks the functions in `missing`, compiled where it is not yet. */
export function compileNvml({ missing = [] }: BuildOptions): string {
  const files = fs.readdirSync(SOURCES).filter((name) => /\.[ch]$/.test(name)).sort();
  const hidden = [...missing].sort().map((name) => `${name}; `).join("");
  const map = `{ global: nvml*; local: ${hidden}*; };\n`;
  const hash = createHash("sha256").update(JSON.stringify([process.arch, FLAGS, map]));
  for (const name of files) hash.update(name).update(fs.readFileSync(path.join(SOURCES, name)));
  const cache = path.join(os.tmpdir(), `hypomnesis-test-native-${process.getuid?.() ?? 0}`);
  const folder = path.join(cache, hash.digest("hex").slice(0, 20));
  const library = path.join(folder, LIBRARY);
  if (fs.existsSync(library)) return library;

  if (!hasGcc()) throw new Error("Cannot compile the fake NVML: install gcc and libc6-dev");
  for (const name of missing) requireExport(name, files);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Compiled in a folder of its own and renamed, as another test runner may be doing the same.
  const work = fs.mkdtempSync(path.join(folder, "work-"));
  try {
    fs.writeFileSync(path.join(work, "exports.map"), map);
    const sources = files.filter((name) => name.endsWith(".c"));
    const links = ["-ldl", `-Wl,--version-script=${path.join(work, "exports.map")}`];
    const output = path.join(work, LIBRARY);
    execFileSync("gcc", [...FLAGS, "-o", output, ...sources, ...links], { cwd: SOURCES });
    fs.renameSync(output, library);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  return library;
}

/** A name that the library never had would be "missing" by a slip of the pen. */
function requireExport(name: string, files: readonly string[]): void {
  const bare = name.replace(/_v[23]$/, "");
  const source = files.map((file) => fs.readFileSync(path.join(SOURCES, file), "utf8")).join("");
  if (!source.includes(` ${name}(`) && !source.includes(`LIST(${bare},`)) {
    throw new RangeError(`The fake NVML has no function ${name}`);
  }
}
