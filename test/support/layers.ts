/**
 * The import directions, as tables, and the check of a set of files against them.
 *
 * Paths are relative to the repository and use `/`. A rule's `in` names files, or folders by a final `/`.
 */
import { type Import, type Scan, scanSource } from "./scan_source.ts";

/** What both sides of the border speak: the worker loads these files of `lib/` and no other. */
export const SHARED = [
  "lib/errors.ts",
  "lib/failures.ts",
  "lib/hypomnesis_error.ts",
  "lib/lines.ts",
  "lib/name_match.ts",
  "lib/protocol.ts",
  "lib/records.ts",
  "lib/sources.ts",
  "lib/vendor.ts",
];

/** Who may import what, first match first. Nothing may import anything else. */
const DIRECTIONS = [
  { from: ["workers/"], to: ["workers/", ...SHARED] },
  { from: SHARED, to: SHARED },
  { from: ["lib/cli/"], to: ["lib/"] },
  { from: ["cli.ts"], to: ["lib/"] },
  { from: ["lib/client/"], to: ["lib/"], not: ["lib/cli/", "lib/session/"] },
  { from: ["lib/http/"], to: ["lib/"], not: ["lib/cli/", "lib/client/"] },
  { from: ["lib/session/"], to: ["lib/"], not: ["lib/cli/", "lib/client/", "lib/http/"] },
  // What the library itself needs loads no package, so it can't reach what does.
  {
    from: ["lib/", "mod.ts"],
    to: ["lib/"],
    not: ["lib/cli/", "lib/client/", "lib/http/", "lib/session/"],
  },
];

/** Modules from outside, and where they may stand. */
const PACKAGES = [
  {
    name: /^@std\/cli\/|^string-width$/,
    in: ["lib/cli/", "cli.ts"],
    kinds: ["static", "dynamic"],
  },
  { name: /^@std\/csv\//, in: ["lib/session/"], kinds: ["static", "dynamic"] },
  { name: /^re2js$/, in: ["lib/session/look/"], kinds: ["static", "dynamic"] },
  {
    name: /^(?:zod|smol-toml|jsonc-parser)$/,
    in: ["lib/session/config/", "lib/http/"],
    kinds: ["static", "dynamic"],
  },
  { name: /^hono(?:\/|$)/, in: ["lib/client/", "lib/http/"], kinds: ["static", "dynamic"] },
  // In one bundle for both runtimes a static import would stand at the top, and Deno refuses it.
  { name: /^bun:ffi$/, in: ["workers/ffi/"], kinds: ["dynamic"] },
  { name: /^node:/, in: ["workers/host/", "workers/ffi/"], kinds: ["static", "dynamic"] },
  // Loaded at start, they would cost more than the library's whole import.
  {
    name: /^node:/,
    in: ["lib/isolation/", "lib/session/files/", "lib/cli/", "cli.ts"],
    kinds: ["dynamic"],
  },
];

const PROCESS_MEMBERS = "argv|binding|cwd|dlopen|env|execPath|exit|getBuiltinModule|kill|" +
  "memoryUsage|off|on|once|resourceUsage|stderr|stdin|stdout";

/** Names that touch the world outside, and where they may stand. */
const NAMES = [
  {
    what: "starts a process",
    in: [
      "lib/isolation/child.ts",
      "lib/run/start_command.ts",
      "lib/run/start_on_windows.ts",
      "workers/host/",
    ],
    pattern: /\b(?:Bun\.(?:spawn|spawnSync|\$)|Deno\.(?:Command|run)|child_process)(?![\w$])/,
  },
  // Killing a process group takes libc where Deno may not kill by itself.
  {
    what: "loads native code",
    in: ["workers/ffi/", "workers/host/start_in_deno.ts"],
    pattern: /\bdlopen\b|\blinkSymbols\b/,
  },
  {
    what: "touches the system past the host",
    in: ["workers/host/", "workers/ffi/", "workers/main.ts", "lib/", "cli.ts"],
    pattern: new RegExp(
      `(?<![.\\w])(?:Bun|Deno|globalThis|require|fetch)\\b(?!\\??:)|(?<![.\\w])process\\.(?:${PROCESS_MEMBERS})\\b`,
    ),
  },
];

/** The one place that knows where the worker's files are. */
const KNOWS_WORKERS = ["lib/isolation/"];

const isIn = (path: string, places: readonly string[]) =>
  places.some((place) => place.endsWith("/") ? path.startsWith(place) : path === place);

/** Every breach of the rules, one sentence each; none is as it should be. `files`: path to text. */
export function breaches(files: ReadonlyMap<string, string>): string[] {
  const scans = new Map([...files].map(([path, text]) => [path, scanSource(text)]));
  const found: string[] = [];
  for (const [path, scan] of scans) {
    for (const item of scan.imports) found.push(...importBreach(path, item, files));
    found.push(...contentBreaches(path, scan));
  }
  return [...found, ...rootBreaches(scans), ...cycles(scans)];
}

function importBreach(
  path: string,
  { specifier, kind }: Import,
  files: ReadonlyMap<string, string>,
): string[] {
  if (!specifier.startsWith(".")) {
    const allowed = PACKAGES.some((rule) =>
      rule.name.test(specifier) && isIn(path, rule.in) && rule.kinds.includes(kind)
    );
    // A type is gone before anything is loaded.
    return allowed || kind === "type" ? [] : [`${path} imports ${specifier} (${kind})`];
  }
  const target = resolve(path, specifier);
  if (!files.has(target)) return [`${path} imports ${target}, which is not there`];
  const rule = DIRECTIONS.find(({ from }) => isIn(path, from));
  const allowed = rule !== undefined && isIn(target, rule.to) && !isIn(target, rule.not ?? []);
  return allowed ? [] : [`${path} imports ${target}`];
}

function contentBreaches(path: string, { code, strings, computedImport }: Scan): string[] {
  const found = NAMES.flatMap(({ what, in: places, pattern }) => {
    const match = isIn(path, places) ? null : pattern.exec(code);
    return match === null ? [] : [`${path} ${what}: ${match[0]}`];
  });
  if (computedImport) found.push(`${path} imports something computed`);
  if (!path.startsWith("workers/") && !isIn(path, KNOWS_WORKERS)) {
    const url = strings.find((string) => /(?:^|\/)workers\//.test(string));
    if (url !== undefined) found.push(`${path} knows where the workers are: ${url}`);
  }
  return found;
}

/** `mod.ts` loads nothing from outside, so that any script can import it with no configuration. */
function rootBreaches(scans: ReadonlyMap<string, Scan>): string[] {
  const found: string[] = [];
  const seen = new Set(["mod.ts"]);
  for (const path of seen) {
    for (const { specifier, kind } of scans.get(path)?.imports ?? []) {
      const loadedAtStart = kind === "static";
      if (specifier.startsWith(".")) {
        if (kind !== "type") seen.add(resolve(path, specifier));
      } else if (loadedAtStart) found.push(`mod.ts loads ${specifier} through ${path}`);
      else if (kind === "dynamic" && !specifier.startsWith("node:")) {
        found.push(`mod.ts may load ${specifier} through ${path}`);
      }
    }
  }
  return found;
}

function cycles(scans: ReadonlyMap<string, Scan>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) {
      found.push(`Cycle: ${[...trail.slice(trail.indexOf(path)), path].join(" -> ")}`);
      return;
    }
    if (done.has(path)) return;
    for (const { specifier } of scans.get(path)?.imports ?? []) {
      if (specifier.startsWith(".")) walk(resolve(path, specifier), [...trail, path]);
    }
    done.add(path);
  };
  for (const path of scans.keys()) walk(path, []);
  return found;
}

function resolve(path: string, specifier: string): string {
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}
