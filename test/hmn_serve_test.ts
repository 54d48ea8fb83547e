/** `hmn serve` as a whole program: its end, hung and crashing drivers, the push, and what it does while nobody looks. */
import assert from "node:assert/strict";
import net from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import { connect } from "../lib/client/mod.ts";
import { fakeMachine, type FakeNvmlMachine, skipNative } from "./support/native.ts";
import { OtlpReceiver } from "./support/otlp_receiver.ts";
import { RUNTIME } from "./support/run_script.ts";
import {
  childrenOf,
  descriptorsOf,
  firstLine,
  isAlive,
  type RunningServer,
  startHmn,
  startScript,
  startServer,
  until,
} from "./support/serve_run.ts";

const skip = process.platform === "linux" ? false : "processes are looked at in /proc";
const MIB = 2 ** 20;
const TOKEN = "a-token-of-ours";
/** Far more than it takes, far less than a driver that hangs. */
const SOON_MS = 8_000;

/** Where the drivers of a machine are. */
const driversOf = ({ nvmlPath }: FakeNvmlMachine) => ({ env: { HMN_NVML_PATH: nvmlPath } });

/** What a page of the server says, as JSON. */
async function get(server: RunningServer, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}${path}`, { headers });
  const text = await response.text();
  assert.equal(response.status, 200, `${path}: ${text}`);
  return JSON.parse(text);
}

/** The values of a metric, by its labels. */
async function metric(server: RunningServer, name: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`));
  return Object.fromEntries(lines.map((line) => {
    const [, labels = "", value] = /^\w+\{(.*)\} (\S+)/.exec(line) ?? [];
    return [labels, Number(value)];
  }));
}

/** Time until something is done. */
async function msOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** Ends a server by a signal, and holds it to everything that an end has to be. */
async function endBy(server: RunningServer, signal: NodeJS.Signals): Promise<void> {
  const children = childrenOf(server.pid);
  const ms = await msOf(() => {
    server.kill(signal);
    return server.ended;
  });
  const { code, stderr } = await server.ended;
  assert.equal(code, 0, stderr);
  assert.ok(stderr.endsWith(`hmn serve: ended by ${signal}\n`), stderr);
  assert.ok(ms < SOON_MS, `it took ${ms} ms`);
  await until("its workers are gone", () => children.every((pid) => !isAlive(pid)));
  await assert.rejects(fetch(`${server.url}/-/healthy`));
}

describe("hmn serve", { skip: skip || skipNative() }, () => {
  it("says where it is, and answers with the numbers of the machine", async () => {
    using machine = fakeMachine({ gpus: 2, process: [`0,${process.pid},536870912`] });
    await using server = await startServer([], driversOf(machine));
    const { url, port, pid } = JSON.parse(await firstLine(server)) as Record<string, unknown>;
    assert.deepEqual([url, pid], [`http://127.0.0.1:${port}`, server.pid]);
    const health = await get(server, "/-/healthy");
    assert.deepEqual([health.status, health.pid], ["ok", server.pid]);
    const { devices } = await get(server, "/v1/devices");
    const used = devices.map(({ used_bytes: used }: { used_bytes: number }) => used);
    assert.deepEqual(used, [512 * MIB, 1024 * MIB]);
    const { processes } = await get(server, "/v1/processes");
    assert.deepEqual(processes.map(({ pid }: { pid: number }) => pid), [process.pid]);
    const page = await (await fetch(server.url)).text();
    assert.match(page, /^<!doctype html>[^]*<\/html>\n$/);
    const up = await metric(server, "hmn_source_up");
    assert.equal(up['source="nvml"'], 1, JSON.stringify(up));
    assert.match(server.stderr(), /^hmn serve: http:\S+ \(this machine alone may ask; /);
    await endBy(server, "SIGTERM");
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    it(`${signal} ends it while clients hold streams and connections`, async () => {
      using machine = fakeMachine({ gpus: 1 });
      await using server = await startServer([], driversOf(machine));
      const stream = await fetch(`${server.url}/v1/stream?interval=100ms`);
      const reader = stream.body!.getReader();
      assert.equal((await reader.read()).done, false);
      const [silent, begun] = ["", "GET / HTTP/1.1\r\nho"].map((text) => {
        const socket = net.connect(server.port, "127.0.0.1", () => socket.write(text));
        return socket.on("error", () => {}).resume();
      });
      const closed = new Promise((resolve) => begun!.on("close", resolve));
      await endBy(server, signal);
      await closed;
      // A system that waits for the first byte before it accepts a connection does not tell of its end either.
      silent!.destroy();
      await (async () => {
        while (!(await reader.read()).done);
      })().catch(() => {});
    });
  }

  it("a second signal does not wait", async () => {
    using machine = fakeMachine({ gpus: 1, "hang.*": "sleep" });
    await using receiver = await silentReceiver();
    const args = ["--otlp", receiver.url, "--otlp-interval", "1s"];
    await using server = await startServer(args, driversOf(machine));
    await until("a push", () => receiver.connections() > 0);
    server.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 700));
    const wasThere = isAlive(server.pid);
    if (wasThere) server.kill("SIGINT");
    const { code } = await server.ended;
    assert.equal(code, wasThere ? 130 : 0);
  });

  it("a token: nothing without it but that it is there", async () => {
    using machine = fakeMachine({ gpus: 1, process: [`0,${process.pid},536870912`] });
    const { env } = driversOf(machine);
    await using server = await startServer([], { env: { ...env, HMN_TOKEN: TOKEN } });
    for (const path of ["/v1/snapshot", "/v1/devices", "/metrics", "/v1/stream", "/v1/history"]) {
      const response = await fetch(`${server.url}${path}`);
      await response.body?.cancel();
      assert.equal(response.status, 401, path);
    }
    assert.equal((await get(server, "/-/healthy")).status, "ok");
    const authorization = `Bearer ${TOKEN}`;
    const { memory } = await get(server, "/v1/processes?details=true", { authorization });
    const [row] = memory as { readonly pid: number; readonly command: readonly string[] }[];
    assert.equal(row?.pid, process.pid);
    assert.ok(row.command.length > 0);
    assert.doesNotMatch(server.stderr() + server.stdout(), new RegExp(TOKEN));
  });

  it("another origin, where it is let in", async () => {
    await using server = await startServer([
      "--sources",
      "proc",
      "--cors",
      "https://board.example",
      "--allow-host",
      "gpu-box",
    ]);
    const from = async (origin: string) => {
      const response = await fetch(`${server.url}/-/healthy`, { headers: { origin } });
      await response.body?.cancel();
      return [response.status, response.headers.get("access-control-allow-origin")];
    };
    assert.deepEqual(await from("https://board.example"), [200, "https://board.example"]);
    assert.deepEqual(await from("https://evil.example"), [403, null]);
    assert.match(await rawGet(server.port, "gpu-box:9700"), /^HTTP\/1.1 200 /);
    assert.match(await rawGet(server.port, "evil.example"), /^HTTP\/1.1 403 /);
  });

  it("on another port the second of two", async () => {
    await using server = await startServer(["--sources", "proc"]);
    const second = startHmn(["serve", "--port", String(server.port)]);
    const { code, stdout, stderr } = await second.ended;
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(
      stderr,
      /^hmn: error: Cannot listen on 127.0.0.1 port \d+: another program has it/,
    );
  });
});

describe("a driver in trouble", { skip: skip || skipNative() }, () => {
  it("hangs: everything else is answered at once, and it ends at once", async () => {
    using machine = fakeMachine({ gpus: 1, "hang.*": "sleep" });
    await using server = await startServer([], driversOf(machine));
    const snapshot = get(server, "/v1/snapshot");
    assert.ok(await msOf(() => get(server, "/-/healthy")) < 2_000);
    assert.ok(await msOf(async () => (await fetch(server.url)).text()) < SOON_MS);
    const { failures, system, devices } = await snapshot;
    assert.ok(system.total_bytes > MIB);
    assert.deepEqual(devices, []);
    const codes = failures.filter(({ source }: { source: string }) => source === "nvml")
      .map(({ code }: { code: string }) => code);
    assert.ok(codes.length > 0 && codes.every((code: string) => /^(slow|hung)$/.test(code)));
    const up = await metric(server, "hmn_source_up");
    assert.equal(up['source="nvml"'], 0, JSON.stringify(up));
    assert.equal(up['source="proc"'], 1, JSON.stringify(up));
    await endBy(server, "SIGINT");
  });

  it("hangs in the middle and comes back: the stream tells both", { timeout: 90_000 }, async () => {
    using machine = fakeMachine({ gpus: 1 });
    await using server = await startServer([], driversOf(machine));
    const readings = connect(server.url).readings({ intervalMs: 500 });
    const next = async (holds: (devices: number, failures: number) => boolean) => {
      for (;;) {
        const { value } = await readings.next();
        assert.ok(value);
        assert.ok(value.system !== null, "RAM is always told");
        if (holds(value.gpu?.devices.length ?? 0, value.failures.length)) return;
      }
    };
    await next((devices, failures) => devices === 1 && failures === 0);
    machine.setConf({ gpus: 1, "hang.*": "sleep" });
    await next((devices, failures) => devices === 0 && failures > 0);
    machine.setConf({ gpus: 1 });
    await next((devices, failures) => devices === 1 && failures === 0);
    await readings.return();
    await endBy(server, "SIGTERM");
  });

  it("crashes: what is left is told, with the reason", async () => {
    using machine = fakeMachine({ gpus: 1, "crash.nvmlDeviceGetCount_v2": "segv" });
    await using server = await startServer([], driversOf(machine));
    const { failures, system } = await get(server, "/v1/snapshot");
    assert.ok(system.total_bytes > MIB);
    const codes = failures.filter(({ source }: { source: string }) => source === "nvml")
      .map(({ code }: { code: string }) => code);
    assert.ok(codes.includes("crashed"), JSON.stringify(failures));
    assert.equal((await metric(server, "hmn_source_up"))['source="nvml"'], 0);
    assert.equal((await get(server, "/-/healthy")).pid, server.pid);
    machine.setConf({ gpus: 1 });
    await until(
      "the GPU is back",
      async () => (await get(server, "/v1/devices")).devices.length === 1,
    );
    await endBy(server, "SIGINT");
  });
});

describe("what it does beside answering", { skip: skip || skipNative() }, () => {
  it("pushes metrics to a collector, with the headers of the environment", async () => {
    using machine = fakeMachine({ gpus: 1 });
    const receiver = await OtlpReceiver.start();
    try {
      const { env } = driversOf(machine);
      const args = ["--otlp", receiver.url, "--otlp-interval", "1s"];
      const options = { env: { ...env, OTEL_EXPORTER_OTLP_HEADERS: "x-scope=ours" } };
      await using server = await startServer(args, options);
      await until("two pushes", () => receiver.requests.length >= 2);
      const [first = assert.fail()] = receiver.requests;
      assert.equal(first.path, "/v1/metrics");
      assert.equal(first.headers["x-scope"], "ours");
      const names = new Set(
        receiver.requests.flatMap(({ points }) => points.map(({ name }) => name)),
      );
      assert.ok([...names].some((name) => /gpu/.test(name)), [...names].join(" "));
      assert.deepEqual(receiver.problems, []);
      await endBy(server, "SIGTERM");
    } finally {
      await receiver.close();
    }
  });

  it("says what is wrong with a collector, and serves on", async () => {
    const gone = await OtlpReceiver.start();
    await gone.close();
    const args = ["--sources", "proc", "--otlp", gone.url, "--otlp-interval", "1s"];
    await using server = await startServer(args);
    await until("it is said", () => /hmn serve: Cannot /.test(server.stderr()));
    assert.equal((await get(server, "/-/healthy")).status, "ok");
    await endBy(server, "SIGINT");
  });

  it("a collector that never answers does not hold up the end", async () => {
    await using receiver = await silentReceiver();
    const args = ["--sources", "proc", "--otlp", receiver.url, "--otlp-interval", "1s"];
    await using server = await startServer(args);
    await until("a push", () => receiver.connections() > 0);
    await endBy(server, "SIGTERM");
  });

  it("keeps a history by default, and none with --no-history while nobody looks", async () => {
    using machine = fakeMachine({ gpus: 1 }, { log: true });
    using asleep = fakeMachine({ gpus: 1 }, { log: true });
    await using steady = await startServer([], driversOf(machine));
    await using lazy = await startServer(["--no-history"], driversOf(asleep));
    const samples = async (server: RunningServer) =>
      (await get(server, "/v1/history")).at_ms.length as number;
    await until("samples", async () => await samples(steady) >= 3);
    assert.equal(await samples(lazy), 0);
    assert.deepEqual(asleep.calls(), []);
    assert.ok(machine.calls().length > 0);
    for await (const _ of connect(lazy.url).readings({ intervalMs: 200 })) {
      if (await samples(lazy) >= 1) break;
    }
    assert.ok(asleep.calls().length > 0);
    // When the last has gone it goes on for a moment, in case he comes back.
    let last = -1;
    await until("no more calls", async () => {
      const before = last;
      last = asleep.calls().length;
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      return asleep.calls().length === before;
    });
    await endBy(lazy, "SIGTERM");
    await endBy(steady, "SIGTERM");
  });

  it("descriptors are as before after 1,000 requests and 100 streams", async () => {
    using machine = fakeMachine({ gpus: 1 });
    await using server = await startServer([], driversOf(machine));
    await get(server, "/v1/snapshot");
    const before = descriptorsOf(server.pid);
    const sockets = Array.from({ length: 100 }, () => {
      const socket = net.connect(server.port, "127.0.0.1", () => {
        socket.write("GET /v1/stream?interval=100ms HTTP/1.1\r\nhost: localhost\r\n\r\n");
      });
      return socket.on("error", () => {}).pause();
    });
    await until("the streams", () => descriptorsOf(server.pid) >= before + 100);
    for (let i = 0; i < 20; i++) {
      await Promise.all(Array.from({ length: 50 }, () => get(server, "/v1/devices")));
    }
    for (const socket of sockets) socket.destroy();
    // Those of the requests are kept for a while, for the next.
    await until("they are closed", () => descriptorsOf(server.pid) <= before + 60);
    await endBy(server, "SIGINT");
  });
});

describe("the examples", { skip: skip || skipNative() }, () => {
  it("examples/client.ts asks a server", async () => {
    using machine = fakeMachine({ gpus: 1 });
    const { env } = driversOf(machine);
    const asker = { HMN_TOKEN: TOKEN };
    await using server = await startServer([], { env: { ...env, ...asker } });
    const end = await startScript("examples/client.ts", [server.url], { env: asker }).ended;
    assert.equal(end.code, 0, end.stderr);
    assert.match(
      end.stdout,
      /^GPU 0: 536870912 of 17179869184 bytes\n(?:RAM: [1-9]\d+ of [1-9]\d+ bytes\n){3}[^]*^nvml: there$/m,
    );
  });

  it("examples/mounted_service.ts has the endpoint under a folder, for who may ask", async () => {
    using machine = fakeMachine({ gpus: 1 });
    const { env } = driversOf(machine);
    const service = startScript("examples/mounted_service.ts", [], {
      env: { ...env, SERVICE_TOKEN: TOKEN, PORT: "0" },
    });
    try {
      const url = await firstLine(service);
      const [statusOf, authorization] = [
        async (path: string, headers: Record<string, string> = {}) => {
          const response = await fetch(`${url}${path}`, { headers });
          await response.body?.cancel();
          return response.status;
        },
        `Bearer ${TOKEN}`,
      ];
      assert.equal(await (await fetch(url)).text(), "the service itself");
      assert.equal(await statusOf("/hmn/-/healthy"), 200);
      assert.equal(await statusOf("/hmn/v1/devices"), 401);
      assert.equal(await statusOf("/hmn/v1/devices", { authorization }), 200);
      assert.equal(await statusOf("/v1/devices", { authorization }), 404);
      const port = Number(new URL(url).port);
      assert.match(await rawGet(port, "service.example", "/hmn/-/healthy"), /^HTTP\/1.1 200 /);
      assert.match(await rawGet(port, "evil.example", "/hmn/-/healthy"), /^HTTP\/1.1 403 /);
      const { devices } = await connect(`${url}/hmn`, { token: TOKEN }).ask({ kind: "devices" });
      assert.deepEqual(devices.map(({ usedBytes }) => usedBytes), [512 * MIB]);
      for await (const { gpu } of connect(`${url}/hmn`, { token: TOKEN }).readings()) {
        assert.equal(gpu?.devices.length, 1);
        break;
      }
      assert.match(await (await fetch(`${url}/hmn`)).text(), /^<!doctype html>/);
      service.kill("SIGTERM");
      assert.equal((await service.ended).code, 0, service.stderr());
    } finally {
      if (isAlive(service.pid)) service.kill("SIGKILL");
      await service.ended;
    }
  });
});

const denoOnly = RUNTIME === "deno" ? skip : "Bun has no permissions";
describe("Deno's permissions", { skip: denoOnly }, () => {
  const flags = (...allowed: readonly string[]) => ["--no-prompt", ...allowed];

  it("without the network: it says so in one line", async () => {
    const denoFlags = flags(
      "--allow-read",
      "--allow-env",
      "--allow-run",
      "--allow-sys",
      "--allow-ffi",
    );
    const { code, stdout, stderr } = await startHmn(["serve", "--port", "0"], { denoFlags }).ended;
    assert.deepEqual([code, stdout], [5, ""]);
    assert.match(
      stderr,
      /^hmn: error: Cannot listen on 127\.0\.0\.1 port 0: it is not permitted; allow it with --allow-net$/m,
    );
    assert.match(stderr, /^[^\n]+\n$/);
  });

  it("a token file that may not be read: it says so in one line", async () => {
    const denoFlags = flags("--allow-net", "--allow-env");
    const args = ["serve", "--port", "0", "--token-file", "/etc/hostname"];
    const { code, stdout, stderr } = await startHmn(args, { denoFlags }).ended;
    assert.equal(stdout, "");
    assert.notEqual(code, 0);
    assert.match(stderr, /^hmn: error: Cannot [^\n]*token file[^\n]*\n$/);
  });
});

/** Takes connections and says nothing. */
async function silentReceiver() {
  const sockets = new Set<net.Socket>();
  let count = 0;
  const server = net.createServer((socket) => {
    count += 1;
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket)).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    connections: () => count,
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

/** The answer to a request for another host. */
function rawGet(port: number, host: string, path = "/-/healthy"): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = net.connect(port, "127.0.0.1", () => {
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    });
    socket.setEncoding("latin1").on("data", (text: string) => answer += text);
    socket.on("error", () => {}).on("close", () => resolve(answer));
  });
}
