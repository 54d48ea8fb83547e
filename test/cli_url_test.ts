/** `--url`: every asking command against a server, what contradicts it, and a server that dies and comes back. */
import assert from "node:assert/strict";
import os from "node:os";
import process from "node:process";
import { describe, it } from "node:test";
import { connect } from "../lib/client/mod.ts";
import { FollowedReports } from "../lib/cli/followed_reports.ts";
import { remoteAsker } from "../lib/cli/remote_asker.ts";
import { FAILURES } from "../lib/errors.ts";
import { PROTOCOL_VERSION } from "../lib/protocol.ts";
import { aDevice, aDevicesReply } from "../lib/testing.ts";
import type { AllocatorState } from "../lib/telemetry/board.ts";
import type { AllocatorReport } from "../lib/telemetry/report.ts";
import { toJsonLine } from "../lib/json_case.ts";
import { hmn } from "./support/cli_world.ts";
import { anAllocator } from "./support/live_page_data.ts";
import { fakeMachine, type FakeNvmlMachine, skipNative } from "./support/native.ts";
import { LogFolder } from "./support/record_run.ts";
import { answer, json, problem, ScriptedServer } from "./support/scripted_server.ts";
import {
  runHmn,
  type RunningProgram,
  type RunningServer,
  startHmn,
  startServer,
  until,
} from "./support/serve_run.ts";

const TOKEN = "a-token-of-ours";
const URL_OF = "http://127.0.0.1:9700";
const USAGE = FAILURES.invalid_request.exit;
const skip = process.platform === "linux" ? false : "processes are looked at in /proc";
const MIB = 2 ** 20;

/** Where the drivers of a machine are. */
const driversOf = ({ nvmlPath }: FakeNvmlMachine) => ({ env: { HMN_NVML_PATH: nvmlPath } });

describe("which server is asked", () => {
  const ASKING: readonly (readonly string[])[] = [
    [],
    ["ps"],
    ["snapshot"],
    ["watch", "--duration", "1ms"],
    ["doctor"],
    ["banner"],
  ];

  for (const command of ASKING) {
    const title = ["hmn", ...command].join(" ");
    it(`${title}: by an option before or behind, or by the environment`, async () => {
      const env = { HMN_URL: URL_OF, HMN_TOKEN: TOKEN };
      const ways = [
        await hmn(["--url", URL_OF, "--token", TOKEN, ...command]),
        await hmn([`--url=${URL_OF}`, `--token=${TOKEN}`, ...command]),
        await hmn([...command, "--url", URL_OF, "--token", TOKEN]),
        await hmn(["--token", TOKEN, ...command, `--url=${URL_OF}`]),
        await hmn(command, {}, { env }),
        await hmn(["--url", URL_OF, ...command], {}, { env: { ...env, HMN_URL: "http://x:1" } }),
      ];
      for (const { opened } of ways) {
        assert.deepEqual([opened?.url, opened?.token, opened?.sources], [
          `${URL_OF}/`,
          TOKEN,
          undefined,
        ]);
      }
      const none = await hmn(command, {}, { env: { HMN_URL: "" } });
      assert.equal(none.opened?.url, undefined);
    });

    it(`${title}: --sources is about this machine`, async () => {
      const ends = [
        await hmn([...command, "--url", URL_OF, "--sources", "proc"]),
        await hmn([...command, "--sources", "proc"], {}, { env: { HMN_URL: URL_OF } }),
        await hmn([...command, "--url", URL_OF], {}, { env: { HMN_SOURCES: "proc" } }),
      ];
      for (const end of ends) {
        assert.equal(end.code, USAGE);
        assert.match(end.stderr, /--sources is about this machine, and --url \(or HMN_URL\) about/);
        assert.deepEqual([end.stdout, end.opened], ["", null]);
      }
    });

    it(`${title}: addresses and tokens that are none`, async () => {
      for (
        const url of ["127.0.0.1:9700", "ftp://x/", "http://u:p@x/", "http://x/?a", "http://x#"]
      ) {
        const end = await hmn([...command, "--url", url]);
        assert.equal(end.code, USAGE, url);
        assert.match(end.stderr, /--url .* is not accepted: give an address such as http:\/\/127/);
      }
      const bad = await hmn(command, {}, { env: { HMN_URL: "nonsense" } });
      assert.equal(bad.code, USAGE);
      assert.match(bad.stderr, /HMN_URL "nonsense" is not accepted/);
      const token = await hmn([...command, "--url", URL_OF, "--token", "short"]);
      assert.equal(token.code, USAGE);
      const twice = await hmn(["--url", URL_OF, ...command, "--url", URL_OF]);
      assert.equal(twice.code, USAGE);
      assert.match(twice.stderr, /--url is given twice/);
    });
  }

  it("without a value, and before commands that ask nobody", async () => {
    const alone = await hmn(["--url"]);
    assert.equal(alone.code, USAGE);
    assert.match(alone.stderr, /--url has no value/);
    for (const command of ["run", "analyze", "check", "spill", "serve"]) {
      const end = await hmn(["--url", URL_OF, command, "x"]);
      assert.equal(end.code, USAGE, `${command}: ${end.stderr}`);
      assert.match(end.stderr, /unknown option "--url"/);
      assert.equal(end.opened, null);
    }
  });

  it("help, and the option that is meant by an error, also behind --url", async () => {
    const help = await hmn(["--url", URL_OF, "help", "ps"]);
    assert.deepEqual([help.code, help.stdout], [0, (await hmn(["help", "ps"])).stdout]);
    const misplaced = await hmn(["--url", URL_OF, "--json", "ps"]);
    assert.equal(misplaced.code, USAGE);
    assert.match(misplaced.stderr, /^hmn: --json before a subcommand is ignored/);
  });

  it("record: a COMMAND runs on this machine", async () => {
    for (
      const args of [["--url", URL_OF, "record", "--", "true"], ["record", "--url", URL_OF, "true"]]
    ) {
      const end = await hmn(args);
      assert.equal(end.code, USAGE);
      assert.match(end.stderr, /--url records another machine, and a COMMAND runs on this one/);
      assert.deepEqual([end.opened, end.started], [null, []]);
    }
  });

  it("phase: a recording on this machine, or a server", async () => {
    for (const local of [["--session", "x"], ["--out", "folder"]]) {
      for (const options of [["--url", URL_OF], []]) {
        const env = options.length > 0 ? {} : { HMN_URL: URL_OF };
        const end = await hmn(["phase", "X", ...local, ...options], {}, { env });
        assert.equal(end.code, USAGE);
        assert.match(end.stderr, /--session and --out are about a recording on this machine/);
      }
    }
    const nameless = await hmn(["phase", "--url", URL_OF]);
    assert.equal(nameless.code, USAGE);
    assert.match(nameless.stderr, /NAME is missing/);
  });

  it("phase: what is sent, and what is said", async () => {
    await using server = await ScriptedServer.start(answer(204, ""));
    const sent = async (...args: readonly string[]) => {
      const end = await hmn(["phase", ...args, "--url", server.url, "--token", TOKEN]);
      assert.deepEqual([end.code, end.stderr], [0, ""]);
      const { method, path, body, headers } = server.asked.at(-1)!;
      assert.equal(headers.authorization, `Bearer ${TOKEN}`);
      return [end.stdout, `${method} ${path}`, JSON.parse(body)];
    };
    assert.deepEqual(await sent("load"), [
      `${server.url}/: phase load\n`,
      "POST /v1/phase",
      { name: "load", nested: false, labels: {} },
    ]);
    const [, , details] = await sent(
      ...["mission", "--type", "planning", "--step", "3", "--nested", "--label", "aB=c=d"],
    );
    assert.deepEqual(details, {
      name: "mission",
      type: "planning",
      step: "3",
      nested: true,
      labels: { aB: "c=d" },
    });
    assert.deepEqual(await sent("--end"), [
      `${server.url}/: the phase has ended\n`,
      "POST /v1/phase",
      { end: true },
    ]);
  });
});

describe("the asker of a server", () => {
  const HEALTHY = { status: "ok", version: "1", protocol: PROTOCOL_VERSION, pid: 77 };

  it("finds out once whose server it is, and anew where it was none", async () => {
    await using server = await ScriptedServer.start(
      answer(200, toJsonLine(aDevicesReply({ devices: [aDevice()] }))),
    );
    server.next.push(answer(502, "starting"), json(HEALTHY));
    const asker = remoteAsker(server.url, undefined);
    assert.deepEqual(asker.workerPids, []);
    await assert.rejects(asker.ask({ kind: "devices" }), { code: "bad_value" });
    for (let i = 0; i < 2; i++) {
      assert.equal((await asker.ask({ kind: "devices" })).devices.length, 1);
    }
    server.next.push(answer(200, '{"kind":"ping"}'));
    assert.equal(await asker.subjectPid!(), 77);
    assert.deepEqual(server.asked.map(({ path }) => path), [
      "/-/healthy",
      "/-/healthy",
      "/v1/ask",
      "/v1/ask",
      "/v1/ask",
    ]);
    server.next.push(problem(401, "permission_denied", "Cannot answer: send the token"));
    await assert.rejects(asker.subjectPid!(), { code: "permission_denied" });
  });

  it("asks nothing of a server that speaks another version", async () => {
    await using server = await ScriptedServer.start(json({ ...HEALTHY, protocol: 99 }));
    const asker = remoteAsker(server.url, TOKEN);
    await assert.rejects(asker.ask({ kind: "devices" }), {
      code: "bad_value",
      message: /version 99/,
    });
    await assert.rejects(asker.allocators!(), { code: "bad_value" });
    assert.deepEqual(new Set(server.asked.map(({ path }) => path)), new Set(["/-/healthy"]));
  });
});

describe("reports that a server has", () => {
  const of = (pid: number, atMs: number, allocatedBytes = 3): AllocatorState => ({
    ...anAllocator({ allocatedBytes, reservedBytes: 5, pid, device: 0 }),
    atMs,
  });

  it("each once, the oldest first, none of those from before", async () => {
    const looks: (readonly AllocatorState[] | Error)[] = [
      [of(1, 10)],
      [of(1, 10)],
      [of(2, 30, 2), of(1, 20, 1)],
      new Error("gone"),
      [of(2, 30, 2), of(1, 40, 4)],
      [],
      [of(1, 40, 4)],
    ];
    const taken: AllocatorReport[] = [];
    const follow = new FollowedReports(() => {
      const look = looks.shift()!;
      return look instanceof Error ? Promise.reject(look) : Promise.resolve(look);
    }, (report) => taken.push(report));
    while (looks.length > 0) await follow.look();
    assert.deepEqual(taken.slice(0, 3).map(({ pid, allocatedBytes }) => [pid, allocatedBytes]), [
      [1, 1],
      [2, 2],
      [1, 4],
    ]);
    assert.deepEqual(Object.keys(taken[0]!).sort(), [
      "allocatedBytes",
      "device",
      "peakBytes",
      "pid",
      "reservedBytes",
      "step",
    ]);
  });
});

describe("a real server", { skip: skip || skipNative() }, () => {
  /** Numbers that are another each time, by their keys or those around them. */
  const VOLATILE = /^(?:system|process|memory)$|_ms$|^ms$|(?:rss|pss|anon|file|shmem|swap)_bytes$/;

  /** What is the same each time, in one order of keys. */
  function still(text: string): unknown {
    if (/^\[?\{/.test(text)) return stillJson(JSON.parse(text), false);
    // RAM changes from one look to the next, and with it the width of its column.
    return text.replace(/\d+(?:\.\d+)?(?: ?[KMG]i?B| %| ms)?/g, "N").replace(/[ ─]+/g, " ");
  }

  function stillJson(value: unknown, isVolatile: boolean): unknown {
    if (Array.isArray(value)) return value.map((item) => stillJson(item, isVolatile));
    if (typeof value === "number" && isVolatile) return "N";
    if (typeof value !== "object" || value === null) return value;
    // Its first value takes two looks, and the server has had one.
    const { cpu_utilization_ratio: _, ...fields } = value as Record<string, unknown>;
    const entries = Object.entries(fields).map(([key, item]) =>
      [key, stillJson(item, isVolatile || VOLATILE.test(key))] as const
    );
    return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
  }

  const COMMANDS: readonly (readonly string[])[] = [
    [],
    ["--json"],
    ["ps"],
    ["ps", "--json"],
    ["snapshot", "--pid", String(process.pid)],
    ["snapshot", "--json", "--pid", String(process.pid)],
    ["doctor"],
    ["doctor", "--json"],
    ["banner"],
    ["ps", "--match", "no-such-name"],
    ["snapshot", "--pid", "2147483646"],
  ];

  it("says the same as the machine itself", { timeout: 90_000 }, async () => {
    using machine = fakeMachine({ gpus: 2, process: [`0,${process.pid},536870912`] });
    const { env } = driversOf(machine);
    await using server = await startServer([], { env: { ...env, HMN_TOKEN: TOKEN } });
    for (const command of COMMANDS) {
      const [local, remote] = await Promise.all([
        runHmn(command, { env }),
        runHmn(command, { env: { HMN_URL: server.url, HMN_TOKEN: TOKEN } }),
      ]);
      const what = command.join(" ");
      assert.equal(remote.code, local.code, `${what}: ${remote.stderr}`);
      assert.deepEqual(still(remote.stdout), still(local.stdout), what);
      assert.deepEqual(still(remote.stderr), still(local.stderr), what);
      if (!command.includes("2147483646")) {
        assert.notEqual(remote.stdout + remote.stderr, "", what);
      }
    }
  });

  it("snapshot without a PID is about the server's process", async () => {
    using machine = fakeMachine({ gpus: 1 });
    await using server = await startServer([], driversOf(machine));
    const { code, stdout, stderr } = await runHmn(["snapshot", "--json", "--url", server.url]);
    assert.equal(code, 0, stderr);
    const { pid, process: held } = JSON.parse(stdout);
    assert.equal(pid, server.pid);
    assert.ok(held.rss_bytes > MIB);
  });

  it("a token that is missing or wrong, and details that are not told to everybody", async () => {
    using machine = fakeMachine({ gpus: 1, process: [`0,${process.pid},536870912`] });
    const { env } = driversOf(machine);
    await using server = await startServer([], { env: { ...env, HMN_TOKEN: TOKEN } });
    for (
      const args of [["ps"], ["--json"], ["snapshot"], ["doctor"], ["record", "--duration", "1s"]]
    ) {
      for (const token of ["", "another-token"]) {
        using folder = new LogFolder();
        const out = args[0] === "record" ? ["--out", folder.path] : [];
        const environment = { env: { HMN_URL: server.url, HMN_TOKEN: token } };
        const { code, stderr } = await runHmn([...args, ...out], environment);
        assert.equal(code, FAILURES.permission_denied.exit, `${args.join(" ")}: ${stderr}`);
        const why = token === ""
          ? "it asks for a token; set HMN_TOKEN"
          : "it does not take this token";
        assert.ok(stderr.includes(`Cannot ask ${server.url}/: ${why}`), stderr);
        assert.ok(!stderr.includes("another-token"));
        assert.deepEqual(folder.names(), []);
      }
    }
    const phase = await runHmn(["phase", "X", "--url", server.url]);
    assert.equal(phase.code, FAILURES.permission_denied.exit);
    await using open = await startServer([], { env });
    const wide = await runHmn(["ps", "--wide", "--url", open.url]);
    assert.equal(wide.code, FAILURES.permission_denied.exit, wide.stderr);
    assert.match(wide.stderr, /Cannot tell details to everybody: start the server with a token/);
  });

  it("nobody there: every command says so, with its exit code", async () => {
    const server = await ScriptedServer.start();
    await server.stop();
    for (const command of [[], ["ps"], ["snapshot"], ["doctor"], ["record"], ["phase", "X"]]) {
      using folder = new LogFolder();
      const out = command[0] === "record" ? ["--out", folder.path] : [];
      const { code, stderr } = await runHmn([...command, ...out, "--url", server.url]);
      assert.equal(code, FAILURES.unreachable.exit, `${command.join(" ")}: ${stderr}`);
      assert.match(
        stderr,
        /Cannot reach http:\/\/127.0.0.1:\d+\/: .*; is hmn serve running there\?/,
      );
      assert.deepEqual(folder.names(), []);
    }
  });

  it("an endless answer, a page and another program are no server", async () => {
    await using page = await ScriptedServer.start(
      answer(200, "<html>router</html>", { "content-type": "text/html" }),
    );
    const { code, stderr } = await runHmn(["ps", "--url", page.url]);
    assert.equal(code, FAILURES.bad_value.exit);
    assert.match(stderr, /: its answer has another form; is it hmn serve\?/);
  });
});

/** Lines of JSON so far. */
function linesOf(run: RunningProgram): Record<string, unknown>[] {
  return run.stdout().split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

/** Kills a server, and waits until it is gone. */
async function kill(server: RunningServer): Promise<void> {
  server.kill("SIGKILL");
  await server.ended;
}

describe("a server that dies and comes back", { skip: skip || skipNative() }, () => {
  it("watch: samples say why, and go on", { timeout: 90_000 }, async () => {
    using machine = fakeMachine({ gpus: 1, process: [`0,${process.pid},536870912`] });
    await using server = await startServer([], driversOf(machine));
    const args = ["watch", "--json", "--interval", "200ms", "--url", server.url];
    const run = startHmn([...args, String(process.pid)]);
    const failed = () =>
      linesOf(run).filter((line) => JSON.stringify(line).includes("Cannot reach http")).length;
    const sampled = () =>
      linesOf(run).filter((line) => JSON.stringify(line).includes('"used_bytes":536870912')).length;
    try {
      await until("samples", () => sampled() >= 2);
      assert.equal(failed(), 0);
      await kill(server);
      await until("samples that say why", () => failed() >= 2);
      const before = sampled();
      await using again = await startServer(["--port", String(server.port)], driversOf(machine));
      assert.equal(again.port, server.port);
      await until("samples again", () => sampled() >= before + 2);
      run.kill("SIGINT");
      const { code, stderr } = await run.ended;
      assert.equal(code, 0, stderr);
      const { kind, failed_samples: lost } = linesOf(run).at(-1)!;
      assert.equal(kind, "summary");
      assert.ok(Number(lost) >= 2, `${lost} samples failed`);
    } finally {
      await endOf(run);
    }
  });

  it("watch: a server that is not there yet is waited for", { timeout: 90_000 }, async () => {
    using machine = fakeMachine({ gpus: 1, process: [`0,${process.pid},536870912`] });
    const free = await ScriptedServer.start();
    await free.stop();
    const args = ["watch", "--json", "--interval", "200ms", "--url", free.url];
    const run = startHmn([...args, String(process.pid)]);
    try {
      await until("why there is nothing", () => run.stdout().includes("Cannot reach http"));
      await using server = await startServer(["--port", String(free.port)], driversOf(machine));
      assert.equal(server.port, free.port);
      await until("samples", () => run.stdout().includes('"used_bytes":536870912'));
    } finally {
      await endOf(run);
    }
  });

  it("record: the server's machine, its gaps and its telemetry; nothing of this one", {
    timeout: 90_000,
  }, async () => {
    using machine = fakeMachine({ gpus: 1, process: [`0,${process.pid},536870912`] });
    using folder = new LogFolder();
    await using server = await startServer([], driversOf(machine));
    await connect(server.url).report({ allocatedBytes: 1, reservedBytes: 9, pid: 41, device: 0 });
    const run = startHmn([
      ...["record", "--out", folder.path, "--name", "far", "--interval", "200ms"],
      ...["--watch", String(process.pid), "--url", server.url],
    ]);
    const rows = (file: string) => folder.rows(file);
    try {
      await until("rows", () => rows("gpu-memory").some(({ used_bytes: used }) => used !== null));
      await connect(server.url).report({ allocatedBytes: 3, reservedBytes: 5, pid: 42, device: 0 });
      await until("the report", () => rows("allocator-memory").length > 0);
      await kill(server);
      await until("gaps", () => rows("gpu-memory").filter(({ gap }) => gap !== null).length >= 2);
      const before = rows("gpu-memory").length;
      await using again = await startServer(["--port", String(server.port)], driversOf(machine));
      assert.equal(again.port, server.port);
      await until(
        "numbers again",
        () => rows("gpu-memory").slice(before).some(({ used_bytes: used }) => used !== null),
      );
      run.kill("SIGINT");
      const { code, stderr } = await run.ended;
      assert.equal(code, 0, stderr);
    } finally {
      await endOf(run);
    }
    for (const { gap, used_bytes: used } of rows("gpu-memory")) {
      assert.equal(gap === null, used !== null, `${gap} ${used}`);
      if (used !== null) assert.equal(used, String(512 * MIB));
    }
    const gaps = new Set(rows("gpu-memory").map(({ gap }) => gap).filter((gap) => gap !== null));
    assert.ok([...gaps].every((gap) => /unreachable/.test(gap!)), [...gaps].join(", "));
    const reports = rows("allocator-memory").map((row) => [row.pid, row.allocated_bytes]);
    assert.deepEqual(reports, [["42", "3"]]);
    const session = JSON.parse(folder.text("session-", ".json"));
    assert.equal(session.host, new URL(server.url).host);
    assert.notEqual(session.host, os.hostname());
    assert.ok(rows("process-memory").some(({ vram_bytes: vram }) => vram === "536870912"));
  });

  async function endOf(run: RunningProgram): Promise<void> {
    try {
      run.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await run.ended;
  }
});
