/** `hmn record` and `hmn phase` as whole programs: files, signals, death, full and vanished disks, hung drivers. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createServer } from "node:http";
import process from "node:process";
import { test } from "node:test";
import { fakeMachine, skipNative } from "./support/native.ts";
import { LogFolder, runHmn, startRecording, until } from "./support/record_run.ts";

const skip = process.platform === "linux" ? false : "the recorder reads /proc";
const MIB = 2 ** 20;

function sessionOf(folder: LogFolder) {
  return JSON.parse(folder.text("session-", ".json")) as {
    readonly name: string;
    readonly stamp: string;
    readonly devices: readonly unknown[];
    readonly settings: { readonly interval_ms: number };
    readonly end: {
      readonly reason: string;
      readonly ticks: number;
      readonly rows: number;
      readonly lost_rows: number;
    } | null;
  };
}

test(
  "a short session: every file, one time stamp a tick, and how it ended",
  { skip: skipNative() },
  async () => {
    using machine = fakeMachine({ gpus: 2, process: [`0,${process.pid},536870912`] });
    using folder = new LogFolder();
    const args = [
      "--name",
      "job",
      "--interval",
      "100ms",
      "--duration",
      "1s",
      "--watch",
      String(process.pid),
    ];
    const run = startRecording(folder, args, { env: { HMN_NVML_PATH: machine.nvmlPath } });
    assert.equal((await run.ended).code, 0, run.stderr());
    assert.deepEqual(folder.names(), [
      "gpu-memory-job.csv",
      "process-memory-job.csv",
      "session-events-job.csv",
      "session-job.json",
      "system-memory-job.csv",
      "test-execution-job.log",
    ]);
    const system = folder.rows("system-memory");
    const gpu = folder.rows("gpu-memory");
    const watched = folder.rows("process-memory");
    assert.ok(system.length >= 8, `${system.length} ticks`);
    assert.equal(watched.length, system.length);
    for (const [i, row] of system.entries()) {
      assert.deepEqual([watched[i]!.time, watched[i]!.elapsed_ms], [row.time, row.elapsed_ms]);
      const times = gpu.filter(({ tick }) => tick === row.tick).map(({ time }) => time);
      // Before the driver has answered for the first time nobody knows of the GPUs.
      if (times.length > 0 || i > 2) assert.deepEqual(times, [row.time, row.time]);
    }
    const [held] = watched.filter(({ vram_bytes: vram }) => vram !== null);
    assert.deepEqual([gpu[0]!.used_bytes, gpu[0]!.zone, gpu[0]!.gap], [
      String(512 * MIB),
      "safe",
      null,
    ]);
    assert.equal(gpu[0]!.power_watts, "100.5");
    assert.equal(held!.vram_bytes, "536870912");
    assert.ok(Number(held!.rss_bytes) > MIB);
    assert.ok(Number(system.at(-1)!.own_rss_bytes) > MIB);
    assert.ok(system.slice(1).some(({ own_cpu_ratio: ratio }) => Number(ratio) > 0));
    const { end, devices, settings, name } = sessionOf(folder);
    assert.deepEqual([name, devices.length, settings.interval_ms, end?.reason, end?.lost_rows], [
      "job",
      2,
      100,
      "duration",
      0,
    ]);
    assert.equal(end?.ticks, system.length);
    assert.match(folder.text("test-execution"), /start job: every 100 ms[^]*end job: duration/);
    assert.match(run.stderr(), /hmn analyze .*session-job-.*\.json/);
  },
);

test("Ctrl+C ends it cleanly, with what to do next", { skip }, async () => {
  using folder = new LogFolder();
  const run = startRecording(folder, ["--interval", "50ms"]);
  await until("rows", () => folder.rows("system-memory").length > 3);
  run.kill("SIGINT");
  assert.equal((await run.ended).code, 0, run.stderr());
  assert.equal(sessionOf(folder).end?.reason, "SIGINT");
  assert.equal(sessionOf(folder).end?.ticks, folder.rows("system-memory").length);
  assert.match(run.stderr(), /hmn analyze/);
  assert.ok(!folder.names().some((name) => name.startsWith("control")));
});

test("a killed recorder loses nothing that was sampled, and its session says that it has no end", {
  skip,
}, async () => {
  using folder = new LogFolder();
  const run = startRecording(folder, ["--interval", "50ms"]);
  await until("rows", () => folder.rows("system-memory").length > 10);
  run.kill("SIGKILL");
  await run.ended;
  const ticks = folder.rows("system-memory").map(({ tick }) => Number(tick));
  assert.ok(ticks.length > 10);
  assert.ok(folder.text("system-memory").endsWith("\r\n"));
  assert.equal(sessionOf(folder).end, null);
  const phase = await runHmn(["phase", "X", "--out", folder.path]);
  assert.equal(phase.code, 4, phase.stderr);
  assert.match(phase.stderr, /no session is being recorded/);
});

test("phases from another terminal: typed, nested, ended, taken before the command returns", {
  skip,
}, async () => {
  using folder = new LogFolder();
  const run = startRecording(folder, ["--interval", "100ms", "--name", "job", "--phase", "Idle"]);
  await until("rows", () => folder.rows("system-memory").length > 1);
  const phase = async (...args: string[]) => {
    const { code, stderr } = await runHmn(["phase", ...args, "--out", folder.path]);
    assert.equal(code, 0, stderr);
  };
  await phase("mission", "--type", "planning", "--step", "3", "--label", "model=champion");
  await phase("chain", "--nested");
  const written = folder.rows("system-memory").length;
  await until("rows in the phase", () => folder.rows("system-memory").length > written + 1);
  assert.equal(folder.rows("system-memory").at(-1)!.phase, "mission/chain");
  await phase("--end");
  await phase("--end");
  run.kill("SIGTERM");
  assert.equal((await run.ended).code, 0, run.stderr());
  const events = folder.rows("session-events").filter(({ event }) => event?.startsWith("phase"));
  assert.deepEqual(events.map(({ event, subject }) => `${event} ${subject}`), [
    "phase_begin Idle",
    "phase_end Idle",
    "phase_begin mission",
    "phase_begin mission/chain",
    "phase_end mission/chain",
    "phase_end mission",
  ]);
  const { type, step, labels } = events[2]!;
  assert.deepEqual([type, step, labels], ["planning", "3", "model=champion"]);
  const none = await runHmn(["phase", "X", "--out", folder.path]);
  assert.equal(none.code, 4);
});

test(
  "a command: its exit code, its memory, its output untouched, phases out of it",
  { skip },
  async () => {
    using folder = new LogFolder();
    const script =
      "printf 'epoch 1\\n'; sleep 0.6; printf 'epoch 2\\nx\\377y\\n'; sleep 0.6; exit 7";
    const run = startRecording(folder, [
      "--interval",
      "50ms",
      "--phase-from",
      "epoch (\\d+)",
      "--",
      "sh",
      "-c",
      script,
    ]);
    assert.equal((await run.ended).code, 7, run.stderr());
    assert.match(run.stdout(), /^epoch 1\nepoch 2\nx.y\n$/s);
    const rows = folder.rows("process-memory");
    assert.ok(
      rows.some(({ target, process_count: count }) => target === "command" && Number(count) > 0),
    );
    const phases = folder.rows("session-events").filter(({ event }) => event === "phase_begin");
    assert.deepEqual(phases.map(({ subject, step }) => [subject, step]), [["epoch 1", "1"], [
      "epoch 2",
      "2",
    ]]);
    assert.equal(sessionOf(folder).name, "sh");
    assert.match(sessionOf(folder).end!.reason, /exited with code 7/);
  },
);

test(
  "a command that is not there: its exit code, and a session that says so",
  { skip },
  async () => {
    using folder = new LogFolder();
    const run = startRecording(folder, ["--interval", "50ms", "--", "/nonexistent/program"]);
    assert.equal((await run.ended).code, 127);
    assert.match(run.stderr(), /there is no such command/);
    assert.match(sessionOf(folder).end!.reason, /could not be started/);
  },
);

test("phases from stdin", { skip }, async () => {
  using folder = new LogFolder();
  const run = startRecording(folder, ["--interval", "50ms", "--phase-stdin"], { input: "pipe" });
  await until("rows", () => folder.rows("system-memory").length > 1);
  run.stdin!.write("Model-Loading\n> shards\na/b\n\n");
  await until("the phases", () => folder.rows("session-events").length >= 4);
  run.kill("SIGINT");
  await run.ended;
  const events = folder.rows("session-events").filter(({ event }) => event?.startsWith("phase"));
  assert.deepEqual(events.slice(0, 3).map(({ event, subject }) => `${event} ${subject}`), [
    "phase_begin Model-Loading",
    "phase_begin Model-Loading/shards",
    "phase_end Model-Loading/shards",
  ]);
  assert.match(run.stderr(), /no name of a phase: a\/b/);
});

test("a driver that hangs: gaps with the reason, no old value, no tick late, and it comes back", {
  skip: skipNative(),
}, async () => {
  using machine = fakeMachine({ gpus: 1 });
  using folder = new LogFolder();
  const run = startRecording(folder, ["--interval", "200ms", "--name", "job"], {
    env: { HMN_NVML_PATH: machine.nvmlPath },
  });
  await until("rows", () => folder.rows("gpu-memory").length > 3);
  machine.setConf({
    gpus: 1,
    "hang.nvmlDeviceGetMemoryInfo_v2": "sleep",
    "hang.nvmlDeviceGetMemoryInfo": "sleep",
  });
  await until("a gap", () => folder.rows("gpu-memory").some(({ gap }) => gap !== null));
  await until(
    "the source's name",
    () => folder.rows("gpu-memory").some(({ gap }) => /^nvml (slow|hung)$/.test(gap ?? "")),
  );
  machine.setConf({ gpus: 1 });
  const gaps = folder.rows("gpu-memory").filter(({ gap }) => gap !== null);
  assert.ok(gaps.every(({ used_bytes: used, zone }) => used === null && zone === null));
  await until("the GPU again", () => folder.rows("gpu-memory").at(-1)!.gap === null, 60_000);
  run.kill("SIGINT");
  assert.equal((await run.ended).code, 0, run.stderr());
  const system = folder.rows("system-memory");
  const late = system.filter(({ elapsed_ms: elapsed }, i) =>
    i > 0 && Number(elapsed) - Number(system[i - 1]!.elapsed_ms) > 2 * 200 + 300
  );
  assert.deepEqual(late, [], "no tick was held up by the driver");
  assert.ok(system.every(({ used_bytes: used }) => used !== null));
  const health = folder.rows("session-events").filter(({ event }) => event === "health");
  assert.ok(
    health.some(({ subject, message }) => subject === "nvml" && /^(slow|hung)/.test(message!)),
  );
  assert.ok(health.some(({ subject, message }) => subject === "nvml" && /^ok/.test(message!)));
});

/** A file system with little room; `null` where it can't be mounted. */
function smallDisk(folder: LogFolder): (() => void) | null {
  fs.mkdirSync(folder.path, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder.path], {
      stdio: "ignore",
    });
  } catch {
    return null;
  }
  return () => execFileSync("umount", ["-l", folder.path], { stdio: "ignore" });
}

const mayMount = process.platform === "linux" && process.getuid?.() === 0 && (() => {
  using folder = new LogFolder();
  const unmount = smallDisk(folder);
  unmount?.();
  return unmount !== null;
})();

test("a full disk: said, sampling goes on, and what was kept is written when there is room", {
  skip: mayMount ? false : "a small disk can't be mounted here",
}, async () => {
  using folder = new LogFolder();
  const unmount = smallDisk(folder)!;
  try {
    const ballast = `${folder.path}/ballast`;
    const run = startRecording(folder, ["--interval", "20ms"]);
    await until("rows", () => folder.rows("system-memory").length > 3);
    assert.throws(() => fs.writeFileSync(ballast, "x".repeat(256 * 1024)));
    await until(
      "the complaint",
      () => /can't be written: the disk is full; sampling goes on/.test(run.stderr()),
      40_000,
    );
    fs.rmSync(ballast);
    const before = folder.rows("system-memory").length;
    await until("rows again", () => folder.rows("system-memory").length > before + 10, 60_000);
    run.kill("SIGINT");
    assert.equal((await run.ended).code, 0, run.stderr());
    const ticks = folder.rows("system-memory").map(({ tick }) => Number(tick));
    assert.deepEqual(ticks, [...new Set(ticks)].sort((a, b) => a - b), "each row once, in order");
    assert.equal(ticks.length, sessionOf(folder).end!.ticks, "no row is missing");
    assert.match(folder.text("test-execution"), /storage system-memory.*the disk is full/);
  } finally {
    unmount();
  }
});

test("a folder that is removed is made anew", { skip }, async () => {
  using folder = new LogFolder();
  const run = startRecording(folder, ["--interval", "50ms", "--sync", "200ms"]);
  await until("rows", () => folder.rows("system-memory").length > 5);
  fs.rmSync(folder.path, { recursive: true });
  await until("the file again", () => folder.rows("system-memory").length > 5);
  run.kill("SIGINT");
  assert.equal((await run.ended).code, 0, run.stderr());
  assert.match(folder.text("test-execution"), /was removed/);
  assert.equal(sessionOf(folder).end!.reason, "SIGINT");
});

test("two recorders in one folder have files of their own", { skip }, async () => {
  using folder = new LogFolder();
  const runs = [0, 1].map(() =>
    startRecording(folder, ["--name", "job", "--interval", "50ms", "--duration", "400ms"])
  );
  for (const run of runs) assert.equal((await run.ended).code, 0, run.stderr());
  const names = fs.readdirSync(folder.path).filter((name) => name.startsWith("system-memory"));
  assert.equal(names.length, 2);
});

test("an alert runs its command and its webhook, and holds up nothing", { skip }, async () => {
  using folder = new LogFolder();
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => body += chunk).on("end", () => {
      bodies.push(body);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    const args = [
      "--interval",
      "100ms",
      "--ram-warning",
      "0.1%",
      "--ram-critical",
      "0.2%",
    ];
    fs.mkdirSync(folder.path, { recursive: true });
    const run = startRecording(folder, [
      ...args,
      "--on-alert",
      `echo "$HMN_ALERT_SUBJECT $HMN_ALERT_SEVERITY" >> '${folder.path}/alerts'; sleep 60`,
      "--webhook",
      `http://127.0.0.1:${port}/alert`,
    ]);
    await until("the command", () => fs.existsSync(`${folder.path}/alerts`));
    await until("the webhook", () => bodies.length > 0);
    const rows = folder.rows("system-memory").length;
    await until("rows meanwhile", () => folder.rows("system-memory").length > rows + 5);
    run.kill("SIGINT");
    assert.equal((await run.ended).code, 0, run.stderr());
    assert.match(fs.readFileSync(`${folder.path}/alerts`, "utf8"), /^ram critical\n/);
    assert.equal(JSON.parse(bodies[0]!).alert?.subject ?? JSON.parse(bodies[0]!).subject, "ram");
    assert.ok(
      folder.rows("session-events").some(({ event, severity }) =>
        event === "alert_begin" && severity === "critical"
      ),
    );
    assert.equal(folder.rows("system-memory")[2]!.level, "critical");
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test("a flood of phases is kept away from the files, and that is said", { skip }, async () => {
  using folder = new LogFolder();
  const flood = ["--phase-from", ".+", "--", "sh", "-c", "seq 1 300000; sleep 0.5"];
  const run = startRecording(folder, ["--interval", "100ms", ...flood]);
  assert.equal((await run.ended).code, 0, run.stderr());
  assert.match(run.stderr(), /phases come faster/);
  assert.equal(run.stdout().split("\n").length, 300_001, "the output is passed on whole");
  const begun = folder.rows("session-events").filter(({ event }) => event === "phase_begin");
  assert.ok(begun.length >= 50 && begun.length < 2_000, `${begun.length} phases`);
  assert.equal(sessionOf(folder).end!.lost_rows, 0);
});

test(
  "a port that can't be had leaves no file; one that can takes reports and phases",
  { skip },
  async () => {
    using folder = new LogFolder();
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const refused = startRecording(folder, ["--listen", String(port)]);
    assert.equal((await refused.ended).code, 2, refused.stderr());
    assert.match(refused.stderr(), new RegExp(`port ${port}`));
    assert.deepEqual(folder.names(), []);
    await new Promise((resolve) => server.close(resolve));

    const run = startRecording(folder, ["--listen", "0", "--interval", "50ms"]);
    await until("the address", () => /takes telemetry at http/.test(run.stderr()));
    await until("rows", () => folder.rows("system-memory").length > 1);
    const url = /takes telemetry at (http:\S+)/.exec(run.stderr())![1]!;
    const post = async (path: string, body: unknown) => {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(url + path, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      await answer.body?.cancel();
      return answer.status;
    };
    const report = { cuda_memory_allocated_gb: 1.5, cuda_memory_reserved_gb: 2, pid: 42 };
    assert.equal(await post("/v1/telemetry", report), 204);
    assert.equal(await post("/v1/telemetry", { ...report, cuda_memory_allocated_gb: 3 }), 400);
    assert.equal(await post("/v1/phase", { name: "Model-Loading", type: "planning" }), 204);
    run.kill("SIGINT");
    assert.equal((await run.ended).code, 0, run.stderr());
    const [row] = folder.rows("allocator-memory");
    assert.deepEqual([row!.pid, row!.allocated_bytes, row!.reserved_bytes], [
      "42",
      String(1.5 * 2 ** 30),
      String(2 ** 31),
    ]);
    const begun = folder.rows("session-events").find(({ event }) => event === "phase_begin")!;
    assert.deepEqual([begun.subject, begun.type], ["Model-Loading", "planning"]);
  },
);

test("an alert's command that fails is told at once", { skip }, async () => {
  using folder = new LogFolder();
  const alerts = ["--ram-warning", "0.1%", "--ram-critical", "99%", "--on-alert", "exit 3"];
  const run = startRecording(folder, ["--interval", "50ms", ...alerts]);
  await until("the complaint", () => /"\/bin\/sh".*exit code 3/.test(run.stderr()));
  run.kill("SIGINT");
  assert.equal((await run.ended).code, 0, run.stderr());
  assert.match(folder.text("test-execution"), /exit code 3/);
});
