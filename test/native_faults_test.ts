/** The faults of the fake NVML that end or hold a process, each in a child. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { fakeMachine, type FakeNvmlMachine, skipNative } from "./support/native.ts";

const skip = skipNative();
/** How long a child is watched that should do nothing more. */
const WATCHED_MS = 300;
const LIMIT_MS = 20_000;

interface Child {
  readonly lines: string[];
  readonly end: "ended" | "failed" | "hung";
}

/** Runs a program; killed a while after it has printed `lastLine`, where it should hang then. */
function run(
  program: string,
  args: string[],
  lastLine: string | null,
  env: Record<string, string> = {},
): Promise<Child> {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, ...env },
  });
  let text = "";
  let hung = false;
  const stop = () => {
    hung = true;
    child.kill("SIGKILL");
  };
  const timers = [setTimeout(stop, lastLine === "" ? WATCHED_MS : LIMIT_MS)];
  child.stdout.on("data", (chunk) => {
    text += chunk;
    if (lastLine && text.endsWith(`${lastLine}\n`)) timers.push(setTimeout(stop, WATCHED_MS));
  });
  return new Promise((resolve) => {
    child.on("close", (code) => {
      timers.forEach(clearTimeout);
      const lines = text.split("\n").slice(0, -1);
      resolve({ lines, end: hung ? "hung" : code === 0 ? "ended" : "failed" });
    });
  });
}

/** Calls functions in a child, as `call_nvml.ts` says. */
function calls(
  machine: FakeNvmlMachine,
  steps: string[],
  lastLine: string | null = null,
  env: Record<string, string> = {},
): Promise<Child> {
  const program = fileURLToPath(new URL("native/call_nvml.ts", import.meta.url).href);
  const runtime = "Bun" in globalThis ? [] : ["run", "-A", "--no-check"];
  return run(process.execPath, [...runtime, program, machine.nvmlPath, ...steps], lastLine, env);
}

test("a healthy library lets the child end", { skip }, async () => {
  using machine = fakeMachine({});
  const steps = ["nvmlInit_v2", "nvmlDeviceGetUUID:0", "exit"];
  assert.deepEqual(await calls(machine, steps), {
    lines: ["nvmlInit_v2 0", "nvmlDeviceGetUUID 0", "exit"],
    end: "ended",
  });
});

for (const how of ["sleep", "busy", "lock"]) {
  test(`a call hangs (${how})`, { skip }, async () => {
    using machine = fakeMachine({ "hang.nvmlDeviceGetName.1": how, gpus: 2 });
    const steps = ["nvmlInit_v2", "nvmlDeviceGetName:0", "nvmlDeviceGetName:1"];
    assert.deepEqual(await calls(machine, steps, "nvmlDeviceGetName 0"), {
      lines: ["nvmlInit_v2 0", "nvmlDeviceGetName 0"],
      end: "hung",
    });
  });
}

test("a call that hangs asleep holds no other call", { skip }, async () => {
  using machine = fakeMachine({ "hang.nvmlDeviceGetName": "sleep" }, { log: true });
  const steps = ["nvmlInit_v2", "thread", "nvmlDeviceGetUUID:0", "exit"];
  assert.deepEqual(await calls(machine, steps), {
    lines: ["nvmlInit_v2 0", "thread", "nvmlDeviceGetUUID 0", "exit"],
    end: "ended",
  });
  assert.equal(machine.calls().at(-1), "destructor");
});

test("a call that hangs with the lock holds every other call", { skip }, async () => {
  using machine = fakeMachine({ "hang.nvmlDeviceGetName": "lock" });
  const steps = ["nvmlInit_v2", "thread", "nvmlDeviceGetUUID:0"];
  assert.deepEqual(await calls(machine, steps, "thread"), {
    lines: ["nvmlInit_v2 0", "thread"],
    end: "hung",
  });
});

test("a call that hangs with the lock holds the destructor", { skip }, async () => {
  using machine = fakeMachine({ "hang.nvmlDeviceGetName": "lock" }, { log: true });
  assert.deepEqual(await calls(machine, ["nvmlInit_v2", "thread", "exit"], "exit"), {
    lines: ["nvmlInit_v2 0", "thread", "exit"],
    end: "hung",
  });
  assert.equal(machine.calls().at(-1), "destructor");
});

test("the destructor hangs, in any program", { skip }, async () => {
  using machine = fakeMachine({ "hang.destructor": 1 });
  using healthy = fakeMachine({});
  const preload = (of: FakeNvmlMachine) => ({ LD_PRELOAD: of.nvmlPath });
  assert.deepEqual(await calls(machine, ["nvmlInit_v2", "exit"], "exit"), {
    lines: ["nvmlInit_v2 0", "exit"],
    end: "hung",
  });
  assert.equal((await run("/bin/true", [], "", preload(machine))).end, "hung");
  assert.equal((await run("/bin/true", [], null, preload(healthy))).end, "ended");
});

for (const how of ["segv", "abort"]) {
  test(`a call crashes (${how})`, { skip }, async () => {
    using machine = fakeMachine({ "crash.nvmlDeviceGetUUID": how });
    const steps = ["nvmlInit_v2", "nvmlDeviceGetUUID:0"];
    assert.deepEqual(await calls(machine, steps), { lines: ["nvmlInit_v2 0"], end: "failed" });
  });
}

test("another configuration can be named in the environment", { skip }, async () => {
  using machine = fakeMachine({ "code.nvmlInit_v2": 9 });
  using other = fakeMachine({ "code.nvmlInit_v2": 18 });
  const env = { FAKE_NVML: path.join(other.dir, "fake_nvml.conf") };
  assert.deepEqual((await calls(machine, ["nvmlInit_v2"])).lines, ["nvmlInit_v2 9", "end"]);
  assert.deepEqual((await calls(machine, ["nvmlInit_v2"], null, env)).lines, [
    "nvmlInit_v2 18",
    "end",
  ]);
});
