/** The emitters of `examples/`, run as programs of their own against a real intake. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { createIngest } from "../lib/http/ingest.ts";
import { serveApp } from "../lib/http/serve.ts";
import type { AllocatorReport } from "../lib/telemetry/report.ts";
import { repositoryFile, runScript } from "./support/run_script.ts";

const MIB = 2 ** 20;

/** A real intake, what it took meanwhile, and how each request named itself. */
async function withIntake(
  action: (
    url: string,
    reports: readonly AllocatorReport[],
    authorizations: readonly (string | null)[],
  ) => Promise<void>,
): Promise<void> {
  const reports: AllocatorReport[] = [];
  const authorizations: (string | null)[] = [];
  const app = createIngest({
    onTelemetry: (report) => void reports.push(report),
    onPhase: () => assert.fail("nobody sets a phase here"),
  });
  const server = await serveApp((request, env) => {
    authorizations.push(request.headers.get("authorization"));
    return app.fetch(request, env as never);
  }, { port: 0 });
  try {
    await action(server.url, reports, authorizations);
  } finally {
    await server.close();
  }
}

/** Listens and never answers. */
async function withSilence(action: (url: string) => Promise<void>): Promise<void> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => sockets.push(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await action(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
  } finally {
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("examples/allocator_emitter.ts", () => {
  const run = (url: string, env: Readonly<Record<string, string>> = {}) =>
    runScript(repositoryFile("examples/allocator_emitter.ts"), { args: [url], env });

  it("reports each step", async () => {
    await withIntake(async (url, reports) => {
      const end = await run(url);
      assert.equal(end.code, 0, end.stderr);
      assert.equal(end.stdout.match(/, reported$/gm)?.length, 3, end.stdout);
      const numbers = reports.map((
        { allocatedBytes, reservedBytes, peakBytes, step },
      ) => [allocatedBytes / MIB, reservedBytes / MIB, peakBytes! / MIB, step]);
      assert.deepEqual(numbers, [[4, 16, 4, "0"], [24, 32, 24, "1"], [8, 32, 24, "2"]]);
      assert.ok(reports.every(({ pid }) => pid !== null && pid !== process.pid));
      assert.equal(new Set(reports.map(({ pid }) => pid)).size, 1);
    });
  });

  it("sends the token of the environment, where there is one", async () => {
    await withIntake(async (url, reports, authorizations) => {
      assert.equal((await run(`${url}/`, { HMN_TOKEN: "secret" })).code, 0);
      assert.equal((await run(url, { HMN_TOKEN: "" })).code, 0);
      const secret = "Bearer secret";
      assert.deepEqual(authorizations, [secret, secret, secret, null, null, null]);
      // One that no header can hold is a failure like any other.
      const wrong = await run(url, { HMN_TOKEN: "a\nb" });
      assert.deepEqual([wrong.code, wrong.stderr], [0, ""]);
      assert.deepEqual([reports.length, authorizations.length], [6, 6]);
    });
  });

  it("goes on where nobody answers", async () => {
    await withSilence(async (url) => {
      const end = await run(url);
      assert.deepEqual([end.code, end.stderr], [0, ""]);
      assert.match(end.stdout, /^(?:step \d: \d+ of \d+ bytes\n){3}$/);
    });
  });
});

/** Stands for PyTorch: the few functions that the emitter calls, with numbers that grow. */
const TORCH = `
class cuda:
    available = initialized = True
    calls = 0
    is_available = staticmethod(lambda: cuda.available)
    is_initialized = staticmethod(lambda: cuda.initialized)
    current_device = staticmethod(lambda: 1)
    def memory_allocated(device):
        cuda.calls += 1
        return cuda.calls * 2**20 + device
    memory_reserved = staticmethod(lambda device: 8 * 2**20)
    max_memory_allocated = staticmethod(lambda device: 7 * 2**20)
`;

function pythonReason(): string | false {
  // In CI nothing is skipped for want of a package.
  if (process.env.HMN_CI === "1") return false;
  try {
    execFileSync("python3", ["-c", "import http.client, json"], { stdio: "ignore" });
    return false;
  } catch {
    return "there is no python3 here";
  }
}

describe("examples/pytorch_emitter.py", { skip: pythonReason() }, () => {
  /** Runs a Python program that finds the emitter and, where asked for, the stand-in; what it prints. */
  async function python(
    program: string,
    url: string,
    { torch = true, token = "" } = {},
  ): Promise<string> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-torch-"));
    if (torch) fs.writeFileSync(path.join(folder, "torch.py"), TORCH);
    const env = {
      ...process.env,
      PYTHONPATH: `${folder}:${repositoryFile("examples")}`,
      PYTHONDONTWRITEBYTECODE: "1",
      http_proxy: "http://127.0.0.1:1",
      HMN_TOKEN: token,
    };
    try {
      return await new Promise((resolve, reject) => {
        const done = (error: Error | null, stdout: string, stderr: string) =>
          error === null && stderr === "" ? resolve(stdout) : reject(error ?? new Error(stderr));
        execFile("python3", ["-c", program, url], { env, timeout: 60_000 }, done);
      });
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  }

  const LOOP = `
import sys, torch
from pytorch_emitter import report
for step in range(2): print(report(sys.argv[1], step))
`;

  it("reports each step of the current device, or of the one that was named", async () => {
    await withIntake(async (url, reports) => {
      const program = `${LOOP}print(report(sys.argv[1] + "/", "last", device=0))`;
      assert.equal(await python(program, url), "True\nTrue\nTrue\n");
      const pid = reports[0]!.pid!;
      assert.ok(pid > 0 && pid !== process.pid);
      const held = { reservedBytes: 8 * MIB, peakBytes: 7 * MIB, pid };
      assert.deepEqual(reports, [
        { ...held, allocatedBytes: MIB + 1, device: 1, step: "0" },
        { ...held, allocatedBytes: 2 * MIB + 1, device: 1, step: "1" },
        { ...held, allocatedBytes: 3 * MIB, device: 0, step: "last" },
      ]);
    });
  });

  it("sends the token of the environment, where there is one", async () => {
    await withIntake(async (url, reports, authorizations) => {
      assert.equal(await python(LOOP, url, { token: "secret" }), "True\nTrue\n");
      assert.equal(await python(LOOP, url), "True\nTrue\n");
      assert.deepEqual(authorizations, ["Bearer secret", "Bearer secret", null, null]);
      for (const wrong of ["a\nb", "🔑"]) {
        assert.equal(await python(LOOP, url, { token: wrong }), "False\nFalse\n");
      }
      assert.deepEqual([reports.length, authorizations.length], [4, 4]);
    });
  });

  it("two lines are enough", async () => {
    await withIntake(async (url, reports) => {
      const program = `import torch, sys; url = sys.argv[1]
from pytorch_emitter import report
report(url)`;
      assert.equal(await python(program, url), "");
      assert.deepEqual(reports.map(({ step }) => step), [null]);
    });
  });

  it("does nothing without torch, without CUDA, and before CUDA is used", async () => {
    await withIntake(async (url, reports) => {
      const without = `import sys
from pytorch_emitter import report
print(report(sys.argv[1]))`;
      assert.equal(await python(without, url, { torch: false }), "False\n");
      assert.equal(await python(without, url), "False\n");
      for (const state of ["available", "initialized"]) {
        const program = `import torch; torch.cuda.${state} = False\n${LOOP}`;
        assert.equal(await python(program, url), "False\nFalse\n");
      }
      assert.deepEqual(reports, []);
    });
  });

  it("never raises: a torch that fails, a URL that is none, a report that is refused", async () => {
    await withIntake(async (url, reports) => {
      const failing = `import torch
def fail(device): raise RuntimeError("CUDA error: device-side assert triggered")
torch.cuda.memory_reserved = fail\n${LOOP}`;
      assert.equal(await python(failing, url), "False\nFalse\n");
      for (const wrong of ["", "nonsense", "http://127.0.0.1:99999", "http://[::1"]) {
        assert.equal(await python(LOOP, wrong), "False\nFalse\n");
      }
      const refused = `import torch; torch.cuda.calls = 99\n${LOOP}`;
      assert.equal(await python(refused, url), "False\nFalse\n");
      assert.deepEqual(reports, []);
    });
  });

  it("waits a short time, once, where nobody answers", async () => {
    await withSilence(async (url) => {
      const program = `
import sys, time, torch
from pytorch_emitter import report
start = time.monotonic()
for step in range(1000): assert not report(sys.argv[1], step)
print(torch.cuda.calls, time.monotonic() - start < 20)`;
      assert.equal(await python(program, url), "1 True\n");
    });
  });
});
