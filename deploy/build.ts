/**
 * Builds `dist/`: what the npm package runs. Run it with Bun: `npm run build`.
 *
 * The worker comes first, as one file. It is put in the place of `lib/isolation/program.ts`, so that
 * the library carries its worker wherever somebody bundles or compiles it.
 */
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { emitTypes } from "./types.ts";
import { licencesOf } from "./licences.ts";
import { livePageText } from "../lib/http/live_page_text.ts";
import { pageText } from "../lib/session/report/page_text.ts";
import { uplotText } from "../lib/session/report/uplot_text.ts";

const root = join(import.meta.dirname!, "..");
const dist = join(root, "dist");
const WORKER = "hypomnesis_worker.js";

/** What every bundle has in common: ESM that Bun and Deno run, whole but for what the runtime brings. */
const common = {
  root,
  format: "esm",
  target: "bun",
  external: ["bun:*", "node:*"] as string[],
  metafile: true,
  throw: true,
} satisfies Partial<Bun.BuildConfig>;

/** Bundles the worker. Nobody reads its stack, and what is smaller starts sooner. */
async function buildWorker(outdir: string): Promise<string[]> {
  const result = await Bun.build({
    ...common,
    entrypoints: [join(root, "workers/main.ts")],
    outdir,
    naming: WORKER,
    minify: true,
  });
  return inputsOf(result);
}

/** The public modules beside the library itself. */
const BESIDE = ["client", "http", "otel", "session"];

/**
 * Bundles what a user starts or imports. The public modules are one file each: with shared chunks, Bun
 * gives exported classes new names, and users see those. Only the command line is split, where a command
 * is loaded when it is called.
 */
async function buildModules(outdir: string, program: string): Promise<string[]> {
  const plugins = [embed(program), embedPage()];
  const library = await Bun.build({
    ...common,
    entrypoints: [join(root, "mod.ts"), join(root, "lib/testing.ts")],
    outdir,
    naming: "[name].[ext]",
    plugins,
  });
  const beside = await Promise.all(BESIDE.map((name) =>
    Bun.build({
      ...common,
      external: [...common.external, "hono", "hono/*"],
      entrypoints: [join(root, `lib/${name}/mod.ts`)],
      outdir,
      naming: `${name}.[ext]`,
      plugins: [shared(), embedPage()],
    })
  ));
  const commandLine = await Bun.build({
    ...common,
    external: [...common.external, "hono", "hono/*"],
    entrypoints: [join(root, "cli.ts")],
    outdir,
    splitting: true,
    naming: { entry: "[name].[ext]", chunk: "cli/[name]-[hash].[ext]" },
    plugins,
  });
  return [library, ...beside, commandLine].flatMap(inputsOf);
}

/** What a program must have once, it takes from the library: the meter with its worker, and the class of errors. */
function shared(): Bun.BunPlugin {
  return {
    name: "share the library",
    setup(build) {
      build.onResolve({ filter: /\/(?:meter|hypomnesis_error)\.ts$/ }, () => ({
        path: "./mod.js",
        external: true,
      }));
    },
  };
}

/** Puts the worker, as base64, in the place of `null`. */
function embed(program: string): Bun.BunPlugin {
  return {
    name: "embed the worker",
    setup(build) {
      build.onLoad({ filter: /[\\/]lib[\\/]isolation[\\/]program\.ts$/ }, () => ({
        contents: `export const PROGRAM = ${JSON.stringify(program)};`,
        loader: "ts",
      }));
    },
  };
}

/** Puts the texts of the page in the place of the modules that read them from the sources. */
function embedPage(): Bun.BunPlugin {
  const texts = {
    uplot_text: { uplotText },
    page_text: { pageText },
    live_page_text: { livePageText },
  };
  return {
    name: "embed the page",
    setup(build) {
      for (const [module, functions] of Object.entries(texts)) {
        const contents = Object.entries(functions).map(([name, read]) =>
          `const TEXT = ${JSON.stringify(read())};\nexport const ${name} = () => TEXT;`
        ).join("\n");
        const filter = new RegExp(
          `[\\\\/]lib[\\\\/](?:session[\\\\/]report|http)[\\\\/]${module}\\.ts$`,
        );
        build.onLoad({ filter }, () => ({ contents, loader: "ts" }));
      }
    },
  };
}

/** A file of each package whose text is embedded. */
const EMBEDDED = [join(root, "node_modules/uplot/dist/uPlot.iife.min.js")];

function inputsOf(result: Bun.BuildOutput): string[] {
  return Object.keys(result.metafile?.inputs ?? {}).map((path) => join(process.cwd(), path));
}

/** Stops the build where a bundle would not run in both runtimes, or not by itself. */
async function checkBundles(outdir: string, program: string): Promise<void> {
  const names = (await readdir(outdir, { recursive: true })).filter((name) => name.endsWith(".js"));
  const carriers = [];
  for (const name of names) {
    const text = await readFile(join(outdir, name), "utf8");
    if (text.includes("import.meta.require")) throw new Error(`${name} can't run in Deno: require`);
    if (text.includes(program)) carriers.push(name);
    const { imports } = new Bun.Transpiler({ loader: "js" }).scan(text);
    for (const { path } of imports) {
      const isOwn = path.startsWith(".") && name.startsWith("cli");
      const isBeside = BESIDE.includes(name.replace(/\.js$/, ""));
      const isShared = isBeside && path === "./mod.js";
      const isServing = name.startsWith("cli") || name === "http.js" || name === "client.js";
      const isDependency = isServing && /^hono(?:\/|$)/.test(path);
      if (!isOwn && !isShared && !isDependency && !/^(bun|node):/.test(path)) {
        throw new Error(`${name} imports ${path}`);
      }
    }
  }
  const onePerProgram = carriers.length === 2 && carriers.includes("mod.js");
  if (!onePerProgram) {
    throw new Error(`The worker is in ${carriers.join(", ") || "no bundle"}`);
  }
  const classes = await readFile(join(outdir, "testing.js"), "utf8");
  // Two copies of one class would not know each other's instances.
  if (/^class /m.test(classes)) throw new Error("testing.js has copies of the library's classes");
}

async function build(): Promise<void> {
  // Built aside, where no tool looks, and moved at once: a failed build leaves the last one standing.
  const scratch = await mkdtemp(join(tmpdir(), "hypomnesis-build-"));
  const fresh = join(root, "node_modules", `.hypomnesis-dist-${process.pid}`);
  try {
    await mkdir(fresh, { recursive: true });
    const inputs = [...EMBEDDED, ...await buildWorker(fresh)];
    const program = await readFile(join(fresh, WORKER), "base64");
    inputs.push(...await buildModules(fresh, program));
    await checkBundles(fresh, program);
    await chmod(join(fresh, "cli.js"), 0o755);
    await emitTypes(root, scratch, join(fresh, "types"));
    await writeFile(join(fresh, "LICENSES-THIRD-PARTY.txt"), await licencesOf(inputs));
    await rm(dist, { recursive: true, force: true });
    await rename(fresh, dist);
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await rm(fresh, { recursive: true, force: true });
  }
  for (const name of (await readdir(dist, { recursive: true })).sort()) {
    const { size } = Bun.file(join(dist, name));
    if (name.endsWith(".js")) console.log(`${relative(root, join(dist, name))}  ${size} bytes`);
  }
}

await build();
