/** The fake libraries and programs for Windows, built with mingw, each once a test process. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { buildWindows } from "./mingw.ts";
import { type Conf, confText } from "./native.ts";
import { repositoryFile } from "./run_script.ts";
import type { WineSession } from "./wine.ts";

const NATIVE = repositoryFile("test/native");
const FAKES = repositoryFile("test/windows/fakes");

/** How each is built. */
const RECIPES = {
  "nvml.dll": {
    sources: fs.readdirSync(NATIVE).filter((name) => name.endsWith(".c"))
      .map((name) => path.join(NATIVE, name)),
    flags: ["-D_GNU_SOURCE", "-shared", "-Wl,-Bstatic", "-lwinpthread"],
  },
  "press.exe": { sources: [path.join(FAKES, "press.c")], flags: [] },
  "nvidia-smi.exe": { sources: [path.join(FAKES, "nvidia_smi.c")], flags: [] },
  "pdh.dll": { sources: gpuSources("pdh.c"), flags: ["-shared"] },
  "dxgi.dll": { sources: gpuSources("dxgi.c"), flags: ["-shared"] },
} as const satisfies Record<string, { sources: readonly string[]; flags: readonly string[] }>;

function gpuSources(main: string): string[] {
  return [main, "fake_config.c", "d3dkmt_hook.c"].map((name) => path.join(FAKES, name));
}

/** Name of a fake. */
export type WindowsFake = keyof typeof RECIPES;

const built = new Map<WindowsFake, Promise<Uint8Array>>();

/** Builds a fake and puts it into the session's System32, or into a folder that is named from there. */
export async function installFake(
  session: WineSession,
  name: WindowsFake,
  folder = ".",
): Promise<void> {
  let bytes = built.get(name);
  if (bytes === undefined) built.set(name, bytes = build(name));
  session.install(`${folder}/${name}`, await bytes);
}

async function build(name: WindowsFake): Promise<Uint8Array> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-fake-"));
  try {
    const { sources, flags } = RECIPES[name];
    await buildWindows(sources, path.join(folder, name), flags);
    return fs.readFileSync(path.join(folder, name));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** The fakes that stand for Wine's own libraries where a program runs with these overrides. */
export const GPU_OVERRIDES = "dxgi,pdh";

/** Says what the fake `dxgi.dll` and `pdh.dll` tell. Its keys are in `test/windows/fakes/README.md`. */
export function configureGpus(session: WineSession, conf: string): void {
  session.install("fake_gpu.conf", new TextEncoder().encode(conf));
}

/** What the fake nvidia-smi does; its files are in `test/windows/fakes/nvidia_smi.c`. */
export interface WindowsSmi {
  readonly does: "answers" | "hangs" | "spawns" | "rambles";
  readonly "query-gpu"?: string;
  readonly "query-compute-apps"?: string;
  readonly version?: string;
  readonly exit?: number;
}

/** Says what the fake nvidia-smi does, and forgets what was noted of it. */
export function configureSmi(session: WineSession, smi: WindowsSmi): void {
  for (const name of ["does", "query-gpu", "query-compute-apps", "version", "exit"] as const) {
    const value = smi[name];
    const bytes = value === undefined ? null : new TextEncoder().encode(String(value));
    session.install(`nvidia-smi.${name}`, bytes);
  }
  session.install("nvidia-smi.log", null);
}

/** How the fake nvidia-smi was started so far: the question each time, and `console` where it has one. */
export function smiStarts(session: WineSession): string[] {
  const file = path.join(session.system32, "nvidia-smi.log");
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trimEnd().split("\n") : [];
}

/** Says what the fake NVML does, from its next call on. Its keys are in `test/native/README.md`. */
export function configureNvml(session: WineSession, conf: Conf): void {
  const text = `${confText(conf)}reload=1\n`;
  session.install("fake_nvml.conf", new TextEncoder().encode(text));
}
