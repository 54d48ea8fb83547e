/** The live page in a real browser, of a real server that reads a driver, though a false one. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Chromium, type OpenPage, skipPages, startChromium } from "./support/chromium.ts";
import { buildFakeNvml, fakeMachine, type FakeNvmlMachine, skipNative } from "./support/native.ts";
import { type RunningServer, startServer, until } from "./support/serve_run.ts";

const SOUND = { reload: 1, gpus: 2, total: "16G", used: "4G", process: ["0,self,3G"] };

describe("the page of a server", { skip: skipPages || skipNative() }, () => {
  let machine: FakeNvmlMachine;
  let server: RunningServer;
  let chromium: Chromium;
  let open: OpenPage;

  before(async () => {
    await buildFakeNvml();
    machine = fakeMachine(SOUND);
    server = await startServer([], { env: { HMN_NVML_PATH: machine.nvmlPath } });
    chromium = await startChromium();
    open = await chromium.open(`${server.url}/`);
  });
  after(async () => {
    await chromium?.close();
    await server?.[Symbol.asyncDispose]();
    machine?.cleanup();
  });

  const ask = <T>(expression: string) => open.page.evaluate(expression) as Promise<T>;
  const shows = (what: string, expression: string, forMs?: number) =>
    until(what, () => ask<boolean>(`Boolean(${expression})`), forMs);
  const share = (gpu: number) => `document.querySelector('[data-gpu="${gpu}"] .share')?.innerText`;
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${server.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    await answer.body?.cancel();
    assert.equal(answer.status, 204);
  };

  it("shows what the driver says, and what it says next", async () => {
    await shows("a quarter of GPU 0", `${share(0)} === "25.0 %"`);
    await shows("a quarter of GPU 1", `${share(1)} === "25.0 %"`);
    machine.setConf({ ...SOUND, "device.1.used": "15G" });
    await shows("the new number", `${share(1)} === "93.8 %"`);
    await shows("its alarm", `/GPU 1 is 93\\.8% full/.test(document.body.innerText)`);
    await shows(
      "its process",
      `/3\\.0 GiB/.test(document.querySelector("#process-rows").innerText)`,
    );
    await shows("the history", `document.querySelectorAll(".uplot").length > 1`);
  });

  it("shows allocators and phases as they are reported", async () => {
    await post("/v1/telemetry", {
      cuda_memory_allocated_gb: 7.6,
      cuda_memory_reserved_gb: 8,
      cuda_memory_peak_gb: 7.8,
      cuda_memory_fragmentation: 0.05,
    });
    await post("/v1/phase", { name: "Training", step: 3 });
    await shows("the allocator", `document.querySelector("#badge").innerText === "[Mem:95%]"`);
    await shows("the phase", `/Training/.test(document.querySelector("#phase-list").innerText)`);
  });

  it("shows a driver that hangs as hung or slow, with the reason, and RAM as before", async () => {
    machine.setConf({ ...SOUND, "hang.nvmlDeviceGetMemoryInfo_v2": "sleep" });
    await shows(
      "the source's state",
      `/nvml\\s+(?:slow|hung)/.test(document.querySelector("#source-rows").innerText)`,
    );
    assert.equal(await ask(share(0)), "?");
    assert.match(
      await ask<string>("document.querySelector('#machine-card').innerText"),
      /[GM]iB of [0-9.]+ GiB/,
    );
  });

  it("comes back by itself when the server does, without a complaint of ours", async () => {
    const { port } = server;
    server.kill("SIGTERM");
    assert.equal((await server.ended).code, 0);
    await shows("that it is gone", `document.documentElement.dataset.connection !== "live"`);
    machine.setConf(SOUND);
    server = await startServer(["--port", String(port)], {
      env: { HMN_NVML_PATH: machine.nvmlPath },
    });
    await shows("the numbers again", `${share(0)} === "25.0 %"`);
    assert.equal(await ask("document.documentElement.dataset.connection"), "live");
    // The browser itself tells of a line that broke.
    const own = open.complaints.filter((text) => !text.startsWith("Failed to load resource:"));
    assert.deepEqual(own, []);
    const elsewhere = open.requests.filter((url) =>
      !url.startsWith(`${server.url}/`) && !url.startsWith("data:")
    );
    assert.deepEqual(elsewhere, []);
  });
});
