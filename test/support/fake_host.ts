/**
 * A machine in memory: files, folders, links, libraries and programs as plain values. It throws the same
 * `HostError`s as the real host, so a reader can't tell the difference.
 */
import type { Library, Signatures } from "../../workers/ffi/library.ts";
import { type Host, HostError, type HostErrorCode } from "../../workers/host/host.ts";
import type { RunLimits, RunOutcome } from "../../workers/host/host.ts";

/** A file: its text, what reading it throws, or a function of the moment. */
export type FakeFile = string | HostErrorCode | (() => string);

/** Answers a run: throw a `HostError` for a program that can't be started. */
export type FakeProgram = (
  program: string,
  args: readonly string[],
  limits: RunLimits,
) => RunOutcome | Promise<RunOutcome>;

/** What a fake machine has. */
export interface FakeMachine {
  /** Path to text. Folders are implied. A bare code such as `"EACCES"` is thrown when the file is read. */
  readonly files?: Readonly<Record<string, FakeFile>>;
  /** Path of a symbolic link to its target. */
  readonly links?: Readonly<Record<string, string>>;
  /** Folders that no file implies; a code is thrown when the folder is listed. */
  readonly folders?: readonly string[] | Readonly<Record<string, HostErrorCode | null>>;
  /** Path of a library to its functions by C name. */
  readonly libraries?: Readonly<
    Record<string, Readonly<Record<string, (...args: never[]) => unknown>>>
  >;
  readonly programs?: FakeProgram;
  /** Environment variables. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly platform?: Host["platform"];
  /** Called before each change; what it throws is the answer. */
  readonly onChange?: (what: "write" | "mkdir" | "rmdir", path: string) => void;
  /** Kept and read at each call: move it on to let time pass. */
  readonly clock?: FakeClock;
}

/** Time on the fake machine, in milliseconds; a test moves it on by assignment. */
export interface FakeClock {
  now: number;
  wall: number;
}

/** A host that remembers what was done to it. */
export interface FakeHost extends Host {
  /** Each run: the program followed by its arguments. */
  readonly runs: string[][];
  /** Each path read or listed, in order. */
  readonly reads: string[];
  /** What was written, made and removed, in order: `write PATH TEXT`, `mkdir PATH`, `rmdir PATH`. */
  readonly changes: string[];
  /** Each library opened, and closed with a `-` in front. */
  readonly libraryLog: string[];
  readonly debugLines: string[];
  readonly clock: FakeClock;
}

const CODES = new Set<string>(["ENOENT", "ESRCH", "EACCES", "ENOTCAPABLE", "EIO"]);

/** Makes a host for a machine that has exactly what is given. */
export function fakeHost(machine: FakeMachine = {}): FakeHost {
  const files = machine.files ?? {};
  const links = machine.links ?? {};
  const given = machine.folders ?? {};
  const folders: Record<string, HostErrorCode | null> = {};
  for (const path of ["/", ...Object.keys(files), ...Object.keys(links)]) {
    for (let p = parent(path); p !== "/"; p = parent(p)) folders[p] = null;
  }
  folders["/"] = null;
  if (Array.isArray(given)) { for (const path of given) folders[path] = null; }
  else Object.assign(folders, given);
  for (const path of Object.keys(folders)) {
    for (let p = parent(path); p !== "/"; p = parent(p)) folders[p] ??= null;
  }
  const clock = machine.clock ?? { now: 1000, wall: 1_700_000_000_000 };
  const runs: string[][] = [];
  const reads: string[] = [];
  const changes: string[] = [];
  const libraryLog: string[] = [];
  const debugLines: string[] = [];

  function resolve(path: string, depth = 0): string {
    if (depth > 40) throw fail("EIO", path);
    let at = "";
    const names = path.split("/").filter((n) => n !== "" && n !== ".");
    for (const [i, name] of names.entries()) {
      if (name === "..") {
        at = at.slice(0, at.lastIndexOf("/"));
        continue;
      }
      at += `/${name}`;
      const target = links[at];
      if (target === undefined) continue;
      const base = target.startsWith("/") ? target : `${parent(at)}/${target}`;
      return resolve([base, ...names.slice(i + 1)].join("/"), depth + 1);
    }
    return at === "" ? "/" : at;
  }

  return {
    platform: machine.platform ?? "linux",
    runs,
    reads,
    changes,
    libraryLog,
    debugLines,
    clock,
    functionAt: () => {
      throw fail("ENOTCAPABLE", "");
    },
    variable: (name) => machine.variables?.[name] ?? null,
    readText(path) {
      reads.push(path);
      const real = resolve(path);
      const file = Object.hasOwn(files, real) ? files[real] : undefined;
      if (file === undefined) throw fail(Object.hasOwn(folders, real) ? "EIO" : "ENOENT", path);
      if (typeof file === "function") return file();
      if (CODES.has(file)) throw fail(file as HostErrorCode, path);
      return file;
    },
    list(path) {
      reads.push(path);
      const real = resolve(path);
      if (!Object.hasOwn(folders, real)) {
        throw fail(Object.hasOwn(files, real) ? "EIO" : "ENOENT", path);
      }
      const refused = folders[real];
      if (refused) throw fail(refused, path);
      const inside = [...Object.keys(files), ...Object.keys(links), ...Object.keys(folders)]
        .filter((p) => p !== "/" && parent(p) === real);
      return [...new Set(inside.map((p) => p.slice(p.lastIndexOf("/") + 1)))];
    },
    readLink(path) {
      const at = resolve(parent(path)).replace(/\/$/, "") + path.slice(path.lastIndexOf("/"));
      const target = Object.hasOwn(links, at) ? links[at] : undefined;
      if (target !== undefined) return target;
      throw fail(Object.hasOwn(files, at) || Object.hasOwn(folders, at) ? "EIO" : "ENOENT", path);
    },
    writeText(path, text) {
      machine.onChange?.("write", path);
      if (!Object.hasOwn(files, resolve(path))) throw fail("ENOENT", path);
      changes.push(`write ${path} ${text}`);
    },
    makeFolder(path) {
      machine.onChange?.("mkdir", path);
      folders[resolve(path)] = null;
      changes.push(`mkdir ${path}`);
    },
    removeFolder(path) {
      machine.onChange?.("rmdir", path);
      delete folders[resolve(path)];
      changes.push(`rmdir ${path}`);
    },
    openLibrary<S extends Signatures>(paths: readonly string[], signatures: S): Library<S> {
      const path = paths.find((p) => Object.hasOwn(machine.libraries ?? {}, p));
      if (path === undefined) {
        const first = paths[0] ?? "";
        throw new HostError("ENOENT", first, `${first}: cannot open shared object file`);
      }
      libraryLog.push(path);
      const all = machine.libraries![path]!;
      const functions = Object.fromEntries(
        Object.keys(signatures).map((name) => [name, Object.hasOwn(all, name) ? all[name]! : null]),
      );
      return {
        path,
        functions: functions as Library<S>["functions"],
        close: () => void libraryLog.push(`-${path}`),
      };
    },
    run(program, args, limits) {
      runs.push([program, ...args]);
      const programs = machine.programs;
      return new Promise((settle) => {
        if (programs === undefined) throw fail("ENOENT", program);
        settle(programs(program, args, limits));
      });
    },
    now: () => clock.now,
    wallClock: () => clock.wall,
    debug: (line) => void debugLines.push(line()),
  };
}

/** How a fake program ended; all is well unless said otherwise. */
export function outcome(stdout: string, more: Partial<RunOutcome> = {}): RunOutcome {
  return {
    ended: "exited",
    exitCode: 0,
    signal: null,
    stdout,
    stderr: "",
    durationMs: 7,
    ...more,
  };
}

/**
 * Reads a machine from its text. A section starts with `-- /path --` and holds the file's text up to the
 * next header line; `-- /path -> target --` is a symbolic link, `-- /path !EACCES --` a file that can't be
 * read, `-- /path/ --` an empty folder. `␀` (U+2400) stands for a NUL. What comes before the first section
 * is a comment.
 */
export function loadMachine(text: string): Required<Pick<FakeMachine, "files" | "links">> & {
  readonly folders: readonly string[];
} {
  const files: Record<string, FakeFile> = {};
  const links: Record<string, string> = {};
  const folders: string[] = [];
  const header = /^-- (\/.*?)(?: -> (.+)| !([A-Z]+))? --$/;
  let path: string | null = null;
  for (const line of text.split(/(?<=\n)/)) {
    const found = header.exec(line.replace(/\r?\n$/, ""));
    if (found === null) {
      if (path !== null) files[path] += line.replaceAll("␀", "\0");
      continue;
    }
    const [, name, target, code] = found;
    path = null;
    if (target !== undefined) links[name!] = target;
    else if (code !== undefined) files[name!] = hostErrorCode(code);
    else if (name!.endsWith("/")) folders.push(name!.slice(0, -1));
    else files[path = name!] = "";
  }
  return { files, links, folders };
}

function hostErrorCode(code: string): HostErrorCode {
  if (!CODES.has(code)) throw new RangeError(`Not a HostErrorCode: ${code}`);
  return code as HostErrorCode;
}

function parent(path: string): string {
  const cut = path.lastIndexOf("/");
  return cut <= 0 ? "/" : path.slice(0, cut);
}

function fail(code: HostErrorCode, path: string): HostError {
  return new HostError(code, path, `${code}: ${path}`);
}
