/** `hmn banner`: what is shown of which memory, and when nothing is. */
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { type FailureCode, FAILURES, HypomnesisError } from "../lib/errors.ts";
import type { DevicesReply } from "../lib/protocol.ts";
import { aDevice, aDevicesReply, aFailure, aMigSlice } from "../lib/testing.ts";
import { FRESH_MS, TelemetryBoard } from "../lib/telemetry/board.ts";
import { type Answers, hmn, type WorldOptions } from "./support/cli_world.ts";
import { type Conf, fakeMachine, skipNative } from "./support/native.ts";
import { repositoryFile, runScript } from "./support/run_script.ts";

const HALF = aDevice({ name: "NVIDIA Fake A100", totalBytes: 1_000, usedBytes: 446 });
const FULL = aDevice({ index: 1, totalBytes: 1_000, reservedBytes: 50, usedBytes: 925 });
const BLIND = aDevice({ index: 2, totalBytes: null, usedBytes: null, freeBytes: null });
const NO_NVML = aFailure({
  code: "absent",
  source: "nvml",
  message: "Cannot open NVML: no library",
});
const ONE = { devices: aDevicesReply({ devices: [HALF] }) };
const TWO = { devices: aDevicesReply({ devices: [HALF, FULL] }) };

/** What allocators told `ageMs` ago. */
function told(ageMs: number, ...reports: readonly unknown[]): WorldOptions {
  let nowMs = 0;
  const board = new TelemetryBoard({ now: () => nowMs });
  for (const report of reports) board.report(report);
  nowMs = ageMs;
  return { allocators: () => Promise.resolve(board.allocators()) };
}

const REPORT = { allocatedBytes: 825, reservedBytes: 1_000, pid: 4711, device: 0 };

test("a GPU's use, without a line break for whoever puts it into a line", async () => {
  const end = await hmn(["banner"], ONE);
  assert.deepEqual([end.stdout, end.stderr, end.code], ["[Mem:45%]", "", 0]);
  assert.deepEqual(end.asked, [{ kind: "devices" }]);
  assert.ok(end.closed);
});

test("on a terminal the line ends", async () => {
  assert.equal((await hmn(["banner"], ONE, { tty: true })).stdout, "[Mem:45%]\n");
  const empty = { devices: aDevicesReply({ devices: [aDevice({ totalBytes: 5 })] }) };
  assert.equal((await hmn(["banner"], empty, { tty: true })).stdout, "");
});

test("the fullest GPU, or the one that is selected", async () => {
  assert.equal((await hmn(["banner"], TWO)).stdout, "[Mem:92%]");
  assert.equal((await hmn(["banner", "--device", "0"], TWO)).stdout, "[Mem:45%]");
  const gone = await hmn(["banner", "--device", "7"], TWO);
  assert.deepEqual([gone.stdout, gone.code], ["", FAILURES.no_such_device.exit]);
  assert.equal(gone.stderr, "hmn: error: device index 7 out of range (have 2 devices)\n");
});

test("a fresh allocator goes before GPUs, and the driver is not asked", async () => {
  const end = await hmn(["banner", "--verbose"], TWO, told(3_200, REPORT));
  assert.equal(end.stdout, "[Mem:82%]");
  assert.equal(
    end.stderr,
    "hmn: the allocator of process 4711 on its GPU 0: 82.5% of its reserve, told 3.2 s ago\n",
  );
  assert.deepEqual([end.asked, end.code], [[], 0]);
});

test("of several allocators the fullest", async () => {
  const other = { ...REPORT, pid: 12, allocatedBytes: 990 };
  assert.equal((await hmn(["banner"], TWO, told(0, other, REPORT))).stdout, "[Mem:99%]");
});

test("a selected GPU is told whatever allocators tell: they count GPUs their own way", async () => {
  const end = await hmn(["banner", "--device", "0"], TWO, told(0, REPORT));
  assert.equal(end.stdout, "[Mem:45%]");
});

test("a stale allocator is none, and --verbose says so", async () => {
  const end = await hmn(["banner", "--verbose"], ONE, told(FRESH_MS + 15_000, REPORT));
  assert.equal(end.stdout, "[Mem:45%]");
  assert.equal(
    end.stderr,
    "hmn: GPU 0 [NVIDIA Fake A100]: 44.6% of its memory, read now; " +
      "the latest report of an allocator is 1 min 15 s old\n",
  );
});

test("an allocator of nobody in particular, and what to do about it", async () => {
  const options = told(0, { allocatedBytes: 1, reservedBytes: 4 });
  assert.equal(
    (await hmn(["banner", "--verbose"], {}, options)).stderr,
    "hmn: an allocator: 25.0% of its reserve, told 0 ms ago; 75.0% of the reserve is held and " +
      "not used: use checkpointing of activations, or a smaller batch\n",
  );
});

test("an allocator at 0 shows nothing, and says why on request", async () => {
  const options = told(0, { allocatedBytes: 0, reservedBytes: 0, pid: 5 });
  const end = await hmn(["banner", "--verbose"], TWO, options);
  assert.deepEqual([end.stdout, end.code], ["", 0]);
  assert.equal(
    end.stderr,
    "hmn: nothing is shown: the allocator of process 5: 0.0% of its reserve, told 0 ms ago\n",
  );
  assert.equal((await hmn(["banner"], TWO, options)).stderr, "");
});

test("in a slice a process has that slice alone", async () => {
  const migSlices = [
    aMigSlice({ totalBytes: 100, usedBytes: 10 }),
    aMigSlice({ index: 4, totalBytes: 100, usedBytes: 77 }),
    aMigSlice({ index: 5, totalBytes: null, usedBytes: null }),
  ];
  const sliced = aDevice({ index: 3, totalBytes: null, usedBytes: null, migSlices });
  const devices = aDevicesReply({ devices: [HALF, sliced] });
  const end = await hmn(["banner", "--verbose"], { devices });
  assert.equal(end.stdout, "[Mem:77%]");
  assert.equal(end.stderr, "hmn: GPU 3, MIG slice 4: 77.0% of its memory, read now\n");
  assert.equal((await hmn(["banner", "--device", "0"], { devices })).stdout, "[Mem:45%]");
});

test("without a GPU nothing is printed, and that is no failure", async () => {
  const devices = aDevicesReply({ failures: [NO_NVML] });
  for (const args of [[], ["--device", "0"], ["--color", "always"]]) {
    for (const tty of [false, true]) {
      const end = await hmn(["banner", ...args], { devices }, { tty });
      assert.deepEqual([end.stdout, end.stderr, end.code], ["", "", 0], args.join(" "));
    }
  }
  const end = await hmn(["banner", "--verbose"], { devices });
  assert.equal(
    end.stderr,
    "hmn: nothing is shown: no visible GPUs: nvml: Cannot open NVML: no library\n",
  );
});

test("where the driver failed, the reason is on stderr and in the exit code", async () => {
  for (const [code, { exit }] of Object.entries(FAILURES)) {
    if (code === "absent") continue;
    const failed = aFailure({ code: code as FailureCode, source: "nvml", message: "Cannot say" });
    for (const devices of [[], [BLIND]]) {
      for (const args of [[], ["--json"], ["--device", "2"]]) {
        const answers = { devices: aDevicesReply({ devices, failures: [failed] }) };
        const end = await hmn(["banner", ...args], answers);
        assert.deepEqual(
          [end.stdout, end.stderr, end.code],
          ["", "hmn: nvml: Cannot say\n", exit],
          `${code} ${args}`,
        );
      }
    }
  }
});

test("a question that could not be asked is an error as everywhere", async () => {
  const error = new HypomnesisError("worker_failed", "Cannot start a worker");
  const end = await hmn(["banner"], { devices: error });
  assert.deepEqual([end.stdout, end.code, end.closed], ["", 10, true]);
  assert.equal(end.stderr, "hmn: error: Cannot start a worker\n");
  const server = new HypomnesisError("absent", "Cannot reach the server");
  const far = await hmn(["banner"], ONE, { allocators: () => Promise.reject(server) });
  assert.deepEqual([far.stdout, far.code, far.closed], ["", 9, true]);
});

test("one GPU that can't be read does not hide the others, and --verbose tells it", async () => {
  const failure = aFailure({
    source: "nvml",
    deviceIndex: 2,
    message: "Cannot read GPU 2: \x1b[2J",
  });
  const devices = aDevicesReply({ devices: [HALF, BLIND], failures: [failure] });
  const end = await hmn(["banner", "--verbose"], { devices });
  assert.deepEqual([end.stdout, end.code], ["[Mem:45%]", 0]);
  assert.equal(
    end.stderr,
    "hmn: GPU 0 [NVIDIA Fake A100]: 44.6% of its memory, read now; " +
      "not all is known: nvml: Cannot read GPU 2: \\u{1b}[2J\n",
  );
  assert.equal((await hmn(["banner"], { devices })).stderr, "");
});

test("a GPU that does not tell how full it is shows nothing", async () => {
  const devices = aDevicesReply({ devices: [aDevice({ totalBytes: 5, usedBytes: null })] });
  const end = await hmn(["banner", "--verbose"], { devices });
  assert.deepEqual([end.stdout, end.code], ["", 0]);
  assert.equal(end.stderr, "hmn: nothing is shown: the GPUs do not tell how full they are\n");
});

test("a name can't act on the terminal", async () => {
  const devices = aDevicesReply({ devices: [{ ...HALF, name: "T4\x1b[2J\n" }] });
  const end = await hmn(["banner", "--verbose"], { devices });
  assert.equal(end.stderr, "hmn: GPU 0 [T4\\u{1b}[2J\\u{a}]: 44.6% of its memory, read now\n");
});

test("colours: where the output takes them, or as it is asked for", async () => {
  const plain = "[Mem:92%]";
  const red = `\x1b[1;31m${plain}\x1b[0m`;
  const shown = async (args: readonly string[], color: boolean) =>
    (await hmn(["banner", ...args], TWO, { color })).stdout;
  assert.deepEqual([await shown([], false), await shown([], true)], [plain, red]);
  for (const color of [false, true]) {
    assert.equal(await shown(["--color", "always"], color), red);
    assert.equal(await shown(["--color", "never"], color), plain);
    assert.equal(await shown(["--color", "auto"], color), color ? red : plain);
  }
});

test("--json tells where the number is from, always on one line", async () => {
  const json = async (answers: Answers, options?: WorldOptions) => {
    const args = ["banner", "--json", "--color", "always"];
    const { stdout, stderr, code } = await hmn(args, answers, options);
    assert.deepEqual([stderr, code, stdout.endsWith("}\n")], ["", 0, true]);
    return JSON.parse(stdout);
  };
  assert.deepEqual(await json(ONE), {
    memory_usage_percent: 44.6,
    source: "device",
    health: "healthy",
    pid: null,
    device: 0,
    mig_slice: null,
    age_ms: 0,
    advice: null,
    about: "GPU 0 [NVIDIA Fake A100]: 44.6% of its memory, read now",
    text: "[Mem:45%]",
  });
  assert.deepEqual(await json(TWO, told(7, { ...REPORT, allocatedBytes: 950 })), {
    memory_usage_percent: 95,
    source: "allocator",
    health: "critical",
    pid: 4711,
    device: 0,
    mig_slice: null,
    age_ms: 7,
    advice: null,
    about: "the allocator of process 4711 on its GPU 0: 95.0% of its reserve, told 7.0 ms ago",
    text: "[Mem:95%]",
  });
  assert.deepEqual(await json({}), {
    memory_usage_percent: null,
    source: null,
    health: null,
    pid: null,
    device: null,
    mig_slice: null,
    age_ms: null,
    advice: null,
    about: "no visible GPUs",
    text: "",
  });
});

test("what takes too long is given up without a word on stdout", async () => {
  const never = () => new Promise<never>(() => {});
  const hung = { devices: never as unknown as () => DevicesReply };
  const cases = [
    await hmn(["banner", "--timeout", "20ms"], hung, { tty: true, waits: [["nvml", 9_000]] }),
    await hmn(["banner", "--json", "--timeout", "20ms"], ONE, { allocators: never, tty: true }),
  ];
  for (const end of cases) {
    assert.deepEqual([end.stdout, end.code, end.closed], ["", FAILURES.slow.exit, true]);
    assert.equal(
      end.stderr,
      "hmn: error: Cannot tell how full the memory is within 20 ms: no answer came; " +
        "give more time with --timeout\n",
    );
  }
});

test("a second is the time where none is given", async () => {
  const never = () => new Promise<never>(() => {});
  const startMs = performance.now();
  const end = await hmn(["banner"], ONE, { allocators: never });
  const tookMs = performance.now() - startMs;
  assert.equal(end.code, FAILURES.slow.exit);
  assert.match(end.stderr, / within 1\.0 s: /);
  assert.ok(tookMs >= 990 && tookMs < 20_000, `${tookMs} ms`);
});

test("sources are handed on", async () => {
  const end = await hmn(["banner", "--sources", "nvidia_smi"], ONE);
  assert.deepEqual(end.opened?.sources, ["nvidia_smi"]);
});

describe("hmn banner, run", { skip: skipNative() }, () => {
  async function run(conf: Conf, ...args: readonly string[]) {
    const machine = fakeMachine(conf);
    try {
      return await runScript(repositoryFile("cli.ts"), {
        args: ["banner", ...args],
        env: { HMN_NVML_PATH: machine.nvmlPath, HMN_SOURCES: "nvml" },
      });
    } finally {
      machine.cleanup();
    }
  }

  it("tells the fullest GPU", async () => {
    // 16 GiB in all, 256 MiB of them the driver's.
    const end = await run({ gpus: 2, "device.1.used": "12600M" });
    assert.deepEqual([end.code, end.stdout, end.stderr], [0, "[Mem:77%]", ""]);
  });

  it("does not wait for a driver that hangs", async () => {
    const end = await run({ gpus: 1, "hang.nvmlInit_v2": "sleep" });
    assert.deepEqual([end.code, end.stdout], [7, ""]);
    assert.match(end.stderr, /^hmn: error: Cannot tell how full the memory is within 1\.0 s: /);
    // Far below the 18 s that a question may take.
    assert.ok(end.ms < 10_000, `${end.ms} ms`);
  });

  it("survives a driver that crashes", async () => {
    const end = await run({ gpus: 1, "crash.nvmlInit_v2": "segv" }, "--timeout", "30s");
    assert.deepEqual([end.code, end.stdout], [8, ""]);
    assert.match(end.stderr, /^hmn: nvml: .*SIGSEGV\n$/);
  });
});
