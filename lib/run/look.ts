/** One look at a run: its processes and the GPUs, each on its own time. */
import { type Failure, toFailure } from "../errors.ts";
import { lateFailure } from "../late.ts";
import type { GpuReply, TreeReply, TreeRequest } from "../protocol.ts";
import { baseName } from "../paths.ts";
import type { ProcessMemory } from "../records.ts";
import { isWindows } from "../system.ts";
import type { Ask } from "./ask.ts";
import type { CgroupOfRun } from "./cgroup_of_run.ts";
import type { GpuLook } from "./gpu_look.ts";
import type { Members } from "./members.ts";

/** One look at a run. */
export interface RunSample {
  /** Number of the look, from 0. A gap means that looks were skipped. */
  readonly tick: number;
  /** Milliseconds since the command was started, on a monotonic clock, when the look began. */
  readonly elapsedMs: number;
  /** When that was, milliseconds since the epoch. */
  readonly atMs: number;
  /** The processes of the run; `null` where that could not be read in time. */
  readonly processes: readonly ProcessMemory[] | null;
  /** The GPUs and who uses them; `null` where that could not be read in time, or is not asked this time. */
  readonly gpu: GpuReply | null;
  /** What could not be read of the processes, and why. */
  readonly failures: readonly Failure[];
  /** What could not be read of the GPUs, and why. */
  readonly gpuFailures: readonly Failure[];
}

/** What a run is looked at with. */
export interface Run {
  readonly ask: Ask;
  readonly gpus: GpuLook;
  readonly cgroup: CgroupOfRun;
  readonly members: Members;
  /** The root, and what it may be called while it is not the command yet. */
  readonly launcher: { readonly pid: number; readonly names: readonly string[] };
}

/** The root has become the command by now; a script that a shell runs is called like the shell for ever. */
const LAUNCHED_MS = 200;

function withoutLauncher(
  processes: readonly ProcessMemory[],
  { launcher }: Run,
  elapsedMs: number,
): readonly ProcessMemory[] {
  if (elapsedMs > LAUNCHED_MS) return processes;
  return processes.filter(({ pid, name }) =>
    pid !== launcher.pid || !launcher.names.includes(name ?? "")
  );
}

/** Names of the launcher: the shell that joins the cgroup, or this runtime, of which a new process is a copy at first. */
export function launchersOf(command: readonly string[]): readonly string[] {
  // On Windows nothing stands between, and a new process is itself from the start.
  if (isWindows()) return [];
  const name = baseName(command[0] ?? "");
  return ["sh", "bun", "bun.exe", "deno"].filter((launcher) => launcher !== name);
}

/** The question for its tree. The cgroup knows also those that no process of the tree started, as far as we know. */
export function treeOf({ members, cgroup }: Run): TreeRequest {
  return { kind: "tree", roots: members.roots, cgroup: cgroup.id };
}

/** Looks once; `cutoff` ends the wait for what has not come by then. */
export async function look(
  run: Run,
  cutoff: Promise<void>,
  elapsedMs: number,
): Promise<Pick<RunSample, "processes" | "gpu" | "failures" | "gpuFailures">> {
  const { ask, gpus, members } = run;
  const late = (what: string) => cutoff.then(() => ({ failures: [lateFailure(what)] }));
  const [tree, gpu] = await Promise.all([
    Promise.race([
      ask(treeOf(run)).catch(failed),
      late("the processes"),
    ]),
    Promise.race([gpus.look(), late("the GPUs")]),
  ]);
  const isTold = isTreeTold(tree);
  return {
    processes: isTold
      ? withoutLauncher(members.accept(tree.processes, tree.inCgroup), run, elapsedMs)
      : null,
    gpu: "gpu" in gpu ? gpu.gpu : null,
    failures: tree.failures,
    gpuFailures: gpu.failures,
  };
}

function isTreeTold(tree: TreeReply | { failures: readonly Failure[] }): tree is TreeReply {
  // An empty tree without a failure means that all have ended.
  return "kind" in tree && (tree.processes.length > 0 || tree.failures.length === 0);
}

function failed(error: unknown): { failures: readonly Failure[] } {
  return { failures: [toFailure(error)] };
}
