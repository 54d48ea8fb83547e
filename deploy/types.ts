/**
 * Declaration files for TypeScript users, from `deno pack`: it writes those of the public modules alone,
 * with their docstrings, and refuses a public name whose type has to be guessed.
 */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";

/** Not part of any public type; left out, they need not be read. */
const NOT_NEEDED = [
  "bench",
  "deploy",
  "dist",
  "docs",
  "examples",
  "node_modules",
  "test",
  "types",
  "workers",
];

/** Packages that an application brings, with their types. */
const BROUGHT = /^(?:hono(?:\/|$)|@opentelemetry\/)/;

/** Writes the declaration files below `outdir`, laid out as the sources are. */
export async function emitTypes(root: string, scratch: string, outdir: string): Promise<void> {
  const tarball = join(scratch, "types.tgz");
  await packWithDeno(root, tarball);
  const files = await new Bun.Archive(await Bun.file(tarball).bytes()).files("**/*.d.ts");
  const written = new Map<string, string>();
  for (const [path, file] of files) {
    written.set(join(outdir, path.replace(/^package\//, "")), await file.text());
  }
  if (written.size === 0) throw new Error("deno pack wrote no declaration files");
  for (const [path, text] of written) {
    for (const target of importedBy(text)) {
      if (BROUGHT.test(target)) continue;
      const wanted = join(dirname(path), target.replace(/\.js$/, ".d.ts"));
      if (!written.has(wanted)) throw new Error(`${path} imports ${target}, which has no types`);
    }
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

function importedBy(declarations: string): string[] {
  const withoutComments = declarations.replace(/\/\*[\s\S]*?\*\//g, "");
  return [...withoutComments.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(([, path]) => path!);
}

async function packWithDeno(root: string, tarball: string): Promise<void> {
  const PATH = [join(root, "node_modules/.bin"), process.env.PATH ?? ""].join(delimiter);
  const deno = Bun.which("deno", { PATH });
  if (deno === null) throw new Error("deno is missing: run npm install");
  const child = Bun.spawn([
    deno,
    "pack",
    "--quiet",
    "--allow-dirty",
    "--no-source-maps",
    `--ignore=${NOT_NEEDED.filter((path) => existsSync(join(root, path))).join(",")}`,
    `--output=${tarball}`,
  ], { cwd: root, env: { ...process.env, NO_COLOR: "1" }, stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if (await child.exited !== 0 || !existsSync(tarball)) {
    throw new Error(`deno pack failed:\n${out}${err}`);
  }
}
