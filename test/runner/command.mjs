// Runs a command in a process group of its own, and sees that nothing of it stays.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const MOST_CHARACTERS = 1 << 20;
const groups = new Set();

/** Ends everything that runs, for when the runner itself is ended. */
export function killAll() {
  for (const group of groups) kill(group);
}

function kill(group) {
  try {
    process.kill(-group, "SIGKILL");
  } catch { /* gone */ }
}

/**
 * Runs a command to its end, or to SIGKILL after `timeoutMs`. What it printed is kept, the end of it where
 * it is long. `survivors`: command lines of the processes that it left running and that did not follow it
 * within `patienceMs`; they are killed.
 */
export async function runCommand(command, args, { cwd, env, timeoutMs, patienceMs = 5_000 }) {
  let output = "";
  const child = spawn(command, args, {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const hear = (text) => output = (output + text).slice(-MOST_CHARACTERS);
  child.stdout.setEncoding("utf8").on("data", hear);
  child.stderr.setEncoding("utf8").on("data", hear);
  // A process that was left running may hold the pipes: the end of the command counts, not theirs.
  const ended = new Promise((resolve) => {
    child.on("error", (error) => resolve({ error: error.message }));
    child.on("exit", (code, signal) => resolve({ code, signal }));
  });
  const closed = new Promise((resolve) => child.on("close", resolve));
  const { pid } = child;
  if (pid !== undefined) groups.add(pid);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill(pid);
  }, timeoutMs);
  const { code = null, signal = null, error } = await ended;
  clearTimeout(timer);
  if (error !== undefined) hear(`\n${command}: ${error}\n`);
  if (late) hear(`\nended after ${timeoutMs / 60_000} minutes\n`);
  else if (signal !== null) hear(`\nended by ${signal}\n`);
  const survivors = pid === undefined ? [] : await waitForGroup(pid, patienceMs);
  if (pid !== undefined) {
    kill(pid);
    groups.delete(pid);
    await Promise.race([closed, sleep(1_000, undefined, { ref: false })]);
    child.stdout.destroy();
    child.stderr.destroy();
  }
  return { ok: code === 0, output, survivors: late ? [] : survivors };
}

async function waitForGroup(group, patienceMs) {
  const endMs = performance.now() + patienceMs;
  for (let alive = members(group);; alive = members(group)) {
    if (alive.length === 0 || performance.now() > endMs) return alive;
    await sleep(20);
  }
}

/** Command lines of a process group. Known on Linux only. */
function members(group) {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [state, , processGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(processGroup) !== group || state === "Z" || state === "X") return [];
      return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim()];
    } catch {
      return []; // It ended meanwhile.
    }
  });
}
