/**
 * Fake `nvidia-smi` programs: shell scripts in a folder of their own, each with one behaviour.
 *
 * A script notes its arguments in `calls` and its process id in `pids` before it does anything else, and a
 * clean-up kills what is left of them.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";

export { golden, type GoldenMachine, type GoldenVersion } from "./golden_smi.ts";

/** What a fake nvidia-smi does. */
export interface SmiBehaviour {
  /** Shell text; `$dir` is the folder of the program. */
  readonly script: string;
  /** Files beside the program, by name. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** A fake nvidia-smi. */
export interface FakeSmi extends Disposable {
  /** Its folder, for a PATH. */
  readonly dir: string;
  /** The program. */
  readonly path: string;
  /** Changes what it does from the next run on. */
  setBehaviour(behaviour: SmiBehaviour): void;
  /** The arguments of each run so far, joined by spaces. */
  calls(): string[];
  /** Process ids of the runs so far, and of the children that were told to outlive them. */
  pids(): number[];
  /** Kills what still runs and removes the folder. */
  cleanup(): void;
}

/** What it prints and its exit code. */
export interface SmiAnswer {
  readonly stdout: string;
  readonly exitCode?: number;
}

/** The kinds of question, as the keys of {@linkcode answers}. */
export type SmiQuestion =
  | "query-gpu"
  | "query-compute-apps"
  | "list"
  | "q-x"
  | "version"
  | "other";

/** No fake outlives a test run by more than this, even where nothing kills it. */
const LONGEST_SECONDS = 600;

/** Never ends by itself; SIGTERM ends it. */
export function hangs(): SmiBehaviour {
  return { script: `exec sleep ${LONGEST_SECONDS}` };
}

/** Never ends, ignores SIGTERM, and has a child that does the same and holds the same pipes. */
export function hangsStubbornly(): SmiBehaviour {
  return {
    script: [
      "trap '' TERM",
      `sleep ${LONGEST_SECONDS} &`,
      'echo $! >> "$dir/pids"',
      "echo started",
      `exec sleep ${LONGEST_SECONDS}`,
    ].join("\n"),
  };
}

/** Ends at once and leaves a child that holds its pipes. */
export function leavesAChild(stdout = ""): SmiBehaviour {
  return {
    script: [
      `sleep ${LONGEST_SECONDS} &`,
      'echo $! >> "$dir/pids"',
      'cat "$dir/stdout"',
    ].join("\n"),
    files: { stdout },
  };
}

/** Prints lines that look like a device, `bytes` in all. */
export function floods(bytes = 100_000_000): SmiBehaviour {
  return { script: `yes "0, GPU-0, NVIDIA Flood, 40960, 0, 40377, 583" | head -c ${bytes}` };
}

/** Prints bytes that are no text, the same for the same seed, and exits 0. */
export function printsGarbage(bytes = 65536, seed = 1): SmiBehaviour {
  const garbage = new Uint8Array(bytes);
  let state = seed >>> 0;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    garbage[i] = state >>> 24;
  }
  return { script: 'exec cat "$dir/garbage"', files: { garbage } };
}

/** Exits with a code and a message on stdout, where the real one has its messages. */
export function exits(exitCode: number, stdout = ""): SmiBehaviour {
  return { script: `cat "$dir/stdout"\nexit ${exitCode}`, files: { stdout } };
}

/** Dies of SIGSEGV. */
export function segfaults(): SmiBehaviour {
  return { script: "kill -SEGV $$" };
}

/** Does what `then` does, `ms` later. */
export function slow(ms: number, then: SmiBehaviour): SmiBehaviour {
  return { ...then, script: `sleep ${(ms / 1000).toFixed(4)}\n${then.script}` };
}

/** Answers each kind of question with its own text; exits 64 for one that has none. */
export function answers(texts: Partial<Record<SmiQuestion, string | SmiAnswer>>): SmiBehaviour {
  const files: Record<string, string> = {};
  const cases = Object.entries(texts).map(([question, given]) => {
    const answer = typeof given === "string" ? { stdout: given } : given;
    files[`answer-${question}`] = answer.stdout;
    return `  ${question}) cat "$dir/answer-${question}"; exit ${answer.exitCode ?? 0} ;;`;
  });
  return {
    files,
    script: [
      'case " $*" in',
      "  *--query-gpu=*) question=query-gpu ;;",
      "  *--query-compute-apps=*) question=query-compute-apps ;;",
      '  *" -L"* | *--list-gpus*) question=list ;;',
      '  *" -q"*) question=q-x ;;',
      "  *--version*) question=version ;;",
      "  *) question=other ;;",
      "esac",
      "case $question in",
      ...cases,
      "esac",
      'echo "fake nvidia-smi: no answer for: $*" >&2',
      "exit 64",
    ].join("\n"),
  };
}

/** Makes a fake nvidia-smi. Remove it with `cleanup`. */
export function fakeSmi(behaviour: SmiBehaviour): FakeSmi {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-smi-"));
  const program = path.join(dir, "nvidia-smi");
  const lines = (name: string) => {
    const file = path.join(dir, name);
    return fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
  };
  const pids = () => lines("pids").map(Number);
  function setBehaviour(next: SmiBehaviour): void {
    for (const [name, content] of Object.entries(next.files ?? {})) {
      fs.writeFileSync(path.join(dir, name), content);
    }
    const head = `#!/bin/sh\ndir='${dir}'\necho "$*" >> "$dir/calls"\necho $$ >> "$dir/pids"\n`;
    fs.writeFileSync(`${program}.new`, `${head}${next.script}\n`, { mode: 0o755 });
    fs.renameSync(`${program}.new`, program);
  }
  function cleanup(): void {
    for (const pid of pids()) kill(pid, dir);
    fs.rmSync(dir, { recursive: true, force: true });
  }
  setBehaviour(behaviour);
  return {
    dir,
    path: program,
    setBehaviour,
    calls: () => lines("calls"),
    pids,
    cleanup,
    [Symbol.dispose]: cleanup,
  };
}

/** Kills a process and its children where it is still one of ours: a PID may have been given anew. */
function kill(pid: number, dir: string): void {
  try {
    const command = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    if (!command.includes(dir) && !command.startsWith(`sleep ${LONGEST_SECONDS}`)) return;
    const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    process.kill(pid, "SIGKILL");
    for (const child of children.split(" ").filter(Boolean)) kill(Number(child), dir);
  } catch {
    // It is gone.
  }
}
