/** Small programs in C that tests run, compiled with gcc where they are not yet. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { hasGcc } from "../native/compile.ts";
import { repositoryFile } from "./run_script.ts";

const FLAGS = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror"];

/** The path of `test/programs/NAME.c`, compiled. It is kept in the system's temporary folder by its hash. */
export function compileProgram(name: string): string {
  const source = repositoryFile(`test/programs/${name}.c`);
  const hash = createHash("sha256").update(JSON.stringify([process.arch, FLAGS]))
    .update(fs.readFileSync(source)).digest("hex").slice(0, 20);
  const cache = path.join(os.tmpdir(), `hypomnesis-test-native-${process.getuid?.() ?? 0}`);
  const program = path.join(cache, hash, name);
  if (fs.existsSync(program)) return program;
  if (!hasGcc()) throw new Error(`Cannot compile ${name}: install gcc and libc6-dev`);
  fs.mkdirSync(path.dirname(program), { recursive: true, mode: 0o700 });
  // Renamed when it is whole, as another test runner may be doing the same.
  const fresh = `${program}.${process.pid}`;
  execFileSync("gcc", [...FLAGS, "-o", fresh, source]);
  fs.renameSync(fresh, program);
  return program;
}
