/** The licences of the packages whose code is inside a bundle, as they demand. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** One text with the licence of each package that a file of `inputs` belongs to. */
export async function licencesOf(inputs: readonly string[]): Promise<string> {
  const folders = new Map<string, string>();
  for (const input of inputs.filter((path) => path.includes("node_modules"))) {
    const folder = packageOf(input);
    folders.set(folder, folders.get(folder) ?? input);
  }
  const parts = [];
  for (const [folder, file] of [...folders].sort()) parts.push(await licenceOf(folder, file));
  return "Code of these packages is part of the bundles in this folder.\n\n" + parts.join("\n\n");
}

/** The folder of the package; folders within it may have a `package.json` of their own. */
function packageOf(path: string): string {
  const inside = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(path);
  if (inside === null) throw new Error(`${path} is in no package`);
  return inside[1]!;
}

async function licenceOf(folder: string, file: string): Promise<string> {
  const { name, version, license } = JSON.parse(
    await readFile(join(folder, "package.json"), "utf8"),
  ) as { name: string; version: string; license: string };
  const title = `==== ${name} ${version} (${license})\n\n`;
  const found = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (found !== undefined) {
    return title + (await readFile(join(folder, found), "utf8")).trim() + "\n";
  }
  // A package without the text: its copyright line stands at the top of its files.
  const copyright = /Copyright[^\n]*/.exec(await readFile(file, "utf8"))?.[0];
  if (license !== "MIT" || copyright === undefined) {
    throw new Error(`${name} is bundled, but the text of its licence is nowhere to be found`);
  }
  const own = await readFile(join(import.meta.dirname!, "../LICENSE-MIT"), "utf8");
  return title + own.replace(/^Copyright.*$/m, copyright).trim() + "\n";
}
