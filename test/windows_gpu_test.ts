/** DXGI and PDH under Windows' Bun and Deno, on fakes: every number is the planted one. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, describe, it } from "node:test";
import { repositoryFile } from "./support/run_script.ts";
import { configureGpus, GPU_OVERRIDES, installFake } from "./support/windows_fakes.ts";
import { skipWine, WINDOWS_RUNTIMES, WineSession } from "./support/wine.ts";

const CASES = repositoryFile("test/windows/cases");
const NAMES = fs.readdirSync(CASES).filter((name) => name.endsWith(".conf"))
  .map((name) => name.slice(0, -".conf".length));
const SCRIPT = "Z:\\hmn\\test\\windows\\gpu_wine.ts";

describe("GPUs on Windows", { skip: await skipWine(), timeout: 240_000 }, () => {
  let session: WineSession;
  before(async () => {
    session = await WineSession.open();
  });
  after(() => session?.close());

  for (const runtime of WINDOWS_RUNTIMES) {
    it(`${runtime}: Wine's own DirectX and counters are read`, async () => {
      session.install("dxgi.dll", null);
      session.install("pdh.dll", null);
      const end = await session.run(session.script(runtime, SCRIPT));
      assert.equal(end.code, 0, end.stderr);
      const { devices, videoMemory } = JSON.parse(end.stdout);
      assert.equal(devices.length, 1, end.stdout);
      assert.equal(devices[0].source, "dxgi");
      assert.equal(videoMemory.length, 1);
      assert.equal(videoMemory[0].luid, devices[0].luid);
      assert.equal(typeof videoMemory[0].local.usageBytes, "number");
    });
  }

  for (const runtime of WINDOWS_RUNTIMES) {
    for (const isolation of ["worker", "process"]) {
      it(`${runtime}, isolation ${isolation}: own memory is asked for in the calling process`, async () => {
        await installFake(session, "dxgi.dll");
        await installFake(session, "pdh.dll");
        configureGpus(
          session,
          "adapter.0.luid=0x0_0xd3f1\nadapter.0.dedicated=8G\nusage_is_pid=1\n",
        );
        const command = session.script(runtime, "Z:\\hmn\\test\\windows\\own_memory.ts", [
          isolation,
        ]);
        const end = await session.run(command, { overrides: GPU_OVERRIDES });
        assert.equal(end.code, 0, end.stderr);
        const { pid, snapshot, info } = JSON.parse(end.stdout);
        for (const told of [snapshot, info]) {
          assert.equal(told.readIn, "calling_process");
          assert.equal(told.luid, "0x00000000_0x0000d3f1");
          assert.equal(told.local.usageBytes, pid);
        }
      });
    }
  }

  for (const name of NAMES) {
    for (const runtime of WINDOWS_RUNTIMES) {
      it(`${runtime}: ${name.replaceAll("_", " ")}`, async () => {
        await installFake(session, "dxgi.dll");
        await installFake(session, "pdh.dll");
        configureGpus(session, fs.readFileSync(`${CASES}/${name}.conf`, "utf8"));
        const end = await session.run(session.script(runtime, SCRIPT), {
          overrides: GPU_OVERRIDES,
        });
        assert.equal(end.code, 0, end.stderr);
        const expected = fs.readFileSync(`${CASES}/${name}.json`, "utf8");
        assert.deepEqual(JSON.parse(end.stdout), JSON.parse(expected));
      });
    }
  }
});
