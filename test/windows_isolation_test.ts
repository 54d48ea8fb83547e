/** Drivers that hang and crash under Windows' Bun and Deno: the answer comes, the host lives, no process stays. */
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import {
  configureGpus,
  configureNvml,
  GPU_OVERRIDES,
  installFake,
} from "./support/windows_fakes.ts";
import { ended, skipWine, WINDOWS_RUNTIMES, WineSession } from "./support/wine.ts";
import type { IsolationPlan, IsolationReport } from "./windows/isolation_host.ts";

const HOST = "Z:\\hmn\\test\\windows\\isolation_host.ts";
/** The program under test and its worker children. */
const OURS = /isolation_host|workers[\\/]main/;
const CHILDREN = /workers[\\/]main/;
const ISOLATIONS = ["process", "worker"] as const;

/** What a driver does wrong, and the source that finds it. */
const FAULTS = [
  { source: "nvml", how: "hang", conf: "hang.nvmlDeviceGetCount_v2=sleep" },
  { source: "nvml", how: "hang", conf: "hang.nvmlInit_v2=sleep" },
  { source: "nvml", how: "crash", conf: "crash.nvmlDeviceGetCount_v2=segv" },
  { source: "nvml", how: "crash", conf: "crash.nvmlInit_v2=abort" },
  { source: "pdh", how: "hang", conf: "hang=PdhCollectQueryData" },
  { source: "pdh", how: "crash", conf: "crash=PdhCollectQueryData" },
  { source: "dxgi", how: "hang", conf: "hang=CreateDXGIFactory1" },
  { source: "dxgi", how: "crash", conf: "crash=CreateDXGIFactory1" },
] as const;

describe("isolation on Windows", { skip: await skipWine(), timeout: 300_000 }, () => {
  let session: WineSession;
  before(async () => {
    session = await WineSession.open();
    for (const name of ["nvml.dll", "pdh.dll", "dxgi.dll"] as const) {
      await installFake(session, name);
    }
  });
  after(() => session?.close());

  for (const runtime of WINDOWS_RUNTIMES) {
    const command = (plan: IsolationPlan) => session.script(runtime, HOST, [JSON.stringify(plan)]);
    const configure = (source: string, conf: string) => {
      configureNvml(session, source === "nvml" ? `${conf}\n` : "gpus=1\n");
      configureGpus(session, source === "nvml" ? "" : `${conf}\n`);
    };

    for (const [which, conf] of [["idle", "gpus=1"], ["hung", "hang.nvmlInit_v2=sleep"]] as const) {
      it(`${runtime}: a killed host takes its ${which} child with it`, async () => {
        configure("nvml", conf);
        const host = session.spawn(
          command({ what: "stay", isolation: "process", sources: ["win32", "nvml"] }),
        );
        const end = ended(host);
        await new Promise((resolve) => host.stdout!.once("data", resolve));
        assert.equal(session.processes(CHILDREN).length, 1);
        process.kill(session.processes(/isolation_host/)[0]!.pid, "SIGKILL");
        await end;
        assert.deepEqual(await session.leftOf(OURS), []);
      });
    }

    for (const isolation of ISOLATIONS) {
      for (const { source, how, conf } of FAULTS) {
        if (isolation === "worker" && how === "crash") continue;
        it(`${runtime}, isolation ${isolation}: ${source}, ${conf}`, async () => {
          configure(source, conf);
          const end = await session.run(
            command({ what: "ask", isolation, sources: ["win32", source] }),
            { overrides: GPU_OVERRIDES },
          );
          assert.equal(end.code, 0, end.stderr);
          const report: IsolationReport = JSON.parse(end.stdout);
          const codes = (failures: typeof report.failures) =>
            failures.map(({ source, code }) => `${source} ${code}`);
          assert.deepEqual(codes(report.failures), [
            `${source} ${how === "hang" ? "slow" : "crashed"}`,
          ]);
          assert.deepEqual(codes(report.later), [
            `${source} ${how === "hang" ? "hung" : "crashed"}`,
          ]);
          assert.ok(report.rss.every((rss) => rss > 1e6), String(report.rss));
          // The soft budget, and the start of a child or two under Wine.
          assert.ok(report.ms < 15_000, `answered after ${report.ms} ms`);
          assert.deepEqual(await session.leftOf(OURS), []);
        });
      }
    }

    it(`${runtime}: children that ended leave no handle in the host`, async () => {
      configure("nvml", "gpus=1");
      const end = await session.run(
        session.script(runtime, "Z:\\hmn\\test\\windows\\handles_host.ts"),
      );
      assert.equal(end.code, 0, end.stderr);
      const { rounds, before, after } = JSON.parse(end.stdout);
      assert.ok(
        after - before < rounds / 2,
        `${before} handles became ${after} in ${rounds} rounds`,
      );
    });

    it(`${runtime}: a hang of DirectX in the calling process costs its part alone`, async () => {
      configure("dxgi", "hang=CreateDXGIFactory1");
      const end = await session.run(
        command({ what: "own", isolation: "process", sources: ["win32", "dxgi_self"] }),
        { overrides: GPU_OVERRIDES },
      );
      assert.equal(end.code, 0, end.stderr);
      const report: IsolationReport = JSON.parse(end.stdout);
      assert.ok(
        report.failures.some(({ source, code }) => source === "dxgi_self" && code === "slow"),
        end.stdout,
      );
      assert.ok(report.rss.every((rss) => rss > 1e6), String(report.rss));
      assert.deepEqual(await session.leftOf(OURS), []);
    });
  }
});
