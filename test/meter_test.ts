/** The meter as a program uses it, with real workers and the fake driver. */
import assert from "node:assert/strict";
import path from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import {
  deviceCount,
  HypomnesisError,
  type Meter,
  type MeterOptions,
  openMeter,
  processRss,
  type Request,
} from "../mod.ts";
import { fakeMachine, type FakeNvmlMachine, skipNative } from "./support/native.ts";

const NO_SMI = { nvidiaSmiPath: "/nonexistent/nvidia-smi" };

async function rejection(promise: Promise<unknown>): Promise<HypomnesisError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof HypomnesisError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "it was answered" });
}

for (const isolation of ["process", "worker"] as const) {
  describe(`meter, isolation ${isolation}`, { skip: skipNative() }, () => {
    let machine: FakeNvmlMachine;
    let meter: Meter;
    const open = (options: MeterOptions = {}) =>
      openMeter({ isolation, nvmlPath: machine.nvmlPath, ...NO_SMI, ...options });

    before(() => {
      machine = fakeMachine({ gpus: 2, process: ["0,1,1048576", "1,999999,2097152"] }, {
        log: true,
      });
      meter = open();
    });
    after(async () => {
      await meter.close();
      machine.cleanup();
    });

    it("answers the questions of the original", async () => {
      assert.equal(await meter.deviceCount(), 2);
      assert.equal((await meter.deviceInfo(1)).index, 1);
      const { uuid, pciBusId } = await meter.deviceInfo(1);
      assert.equal((await meter.deviceInfo(uuid!)).index, 1);
      assert.equal((await meter.deviceInfo(pciBusId!)).index, 1);
      assert.ok(await meter.processRss() > 1_000_000);
      const snapshot = await meter.snapshot(0);
      assert.equal(snapshot.gpuDevice?.index, 0);
      assert.deepEqual(snapshot.gpu, {
        usedBytes: 0,
        deviceUsedBytes: snapshot.gpuDevice!.usedBytes,
        isPerProcess: true,
        source: "nvml",
        videoMemory: null,
      });
      assert.equal((await meter.snapshotAll()).length, 2);
      const rows = await meter.gpuProcesses(1);
      assert.deepEqual(rows.map(({ pid, usedBytes }) => [pid, usedBytes]), [[999999, 2097152]]);
      assert.equal((await meter.processGpuInfo(0, { pid: 1 })).usedBytes, 1048576);
    });

    it("a question that can't be answered has a code and fields", async () => {
      const device = await rejection(meter.deviceInfo(7));
      assert.equal(device.code, "no_such_device");
      assert.equal(device.index, 7);
      assert.equal(device.count, 2);
      const gone = await rejection(meter.processRss(4_000_000));
      assert.equal(gone.code, "no_such_process");
      assert.equal(gone.pid, 4_000_000);
    });

    it("wrong arguments are TypeError and RangeError", async () => {
      await assert.rejects(meter.processRss(-1), RangeError);
      await assert.rejects(meter.deviceInfo(-1), RangeError);
      await assert.rejects(meter.ask({ kind: "nonsense" } as unknown as Request), TypeError);
      assert.throws(() => meter.watch({ intervalMs: 0 }), RangeError);
      assert.throws(() => openMeter({ sources: ["gpu"] as unknown as ["proc"] }), /proc_mm/);
      assert.throws(() => openMeter({ softBudgetMs: -1 }), /softBudgetMs/);
      assert.throws(() => openMeter({ softBudgetMs: 5, hardBudgetMs: 4 }), /hardBudgetMs/);
    });

    it("a library named relative to the working directory is found", async () => {
      const relative = path.relative(process.cwd(), machine.nvmlPath);
      const named = open({ nvmlPath: relative.startsWith(".") ? relative : `./${relative}` });
      try {
        assert.equal(await named.deviceCount(), 2);
      } finally {
        await named.close();
      }
    });

    it("equal questions at one time share one native read", async () => {
      const counted = () => machine.calls().filter((call) => /DeviceGetCount/.test(call)).length;
      const before = counted();
      await Promise.all(Array.from({ length: 50 }, () => meter.ask({ kind: "devices" })));
      assert.equal(counted() - before, 1);
    });

    it("the driver is initialised once", async () => {
      const once = fakeMachine("gpus=1\n", { log: true });
      const asking = open({ nvmlPath: once.nvmlPath });
      try {
        for (let question = 0; question < 5; question++) await asking.ask({ kind: "devices" });
        assert.equal(once.calls().filter((call) => /nvmlInit/.test(call)).length, 1);
      } finally {
        await asking.close();
        once.cleanup();
      }
    });

    it("an aborted wait rejects with the signal's reason, and the next question works", async () => {
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      await assert.rejects(meter.ask({ kind: "devices" }, { signal }), reason);
      const controller = new AbortController();
      const waiting = meter.ask({ kind: "doctor" }, { signal: controller.signal });
      controller.abort(reason);
      await assert.rejects(waiting, reason);
      assert.equal(await meter.deviceCount(), 2);
    });

    it("watch ticks on its schedule, from the start, and ends with the loop", async () => {
      const ticks: [number, number][] = [];
      for await (const { tick, elapsedMs, snapshot } of meter.watch({ intervalMs: 100 })) {
        ticks.push([tick, elapsedMs]);
        assert.equal(snapshot.devices.length, 2);
        if (ticks.length === 5) break;
      }
      assert.equal(ticks[0]![0], 0);
      for (const [tick, elapsedMs] of ticks) {
        assert.ok(elapsedMs >= tick * 100 - 20, `tick ${tick} came at ${elapsedMs} ms`);
      }
    });

    it("watch skips the ticks that nobody took, and says so", async () => {
      let seen = 0;
      for await (const { tick, skipped } of meter.watch({ intervalMs: 50 })) {
        if (++seen === 1) await new Promise((resolve) => setTimeout(resolve, 230));
        else {
          assert.ok(tick >= 4 && skipped === tick - 1, `tick ${tick}, skipped ${skipped}`);
          break;
        }
      }
    });

    it("a tick holds what has arrived when its interval ends", async () => {
      const slow = fakeMachine({ gpus: 1, "hang.nvmlDeviceGetCount_v2": "sleep" });
      const watching = open({ nvmlPath: slow.nvmlPath, softBudgetMs: 2_000, hardBudgetMs: 2_000 });
      try {
        await watching.processRss();
        for await (const { tick, snapshot } of watching.watch({ intervalMs: 300 })) {
          assert.ok((snapshot.process?.rssBytes ?? 0) > 0);
          assert.deepEqual(snapshot.devices, []);
          assert.equal(snapshot.failures[0]?.code, "slow");
          if (tick >= 1) break;
        }
      } finally {
        await watching.close();
        slow.cleanup();
      }
    });

    it("a closed meter refuses, and closing twice is fine", async () => {
      const closing = open();
      {
        await using scoped = closing;
        assert.equal(await scoped.deviceCount(), 2);
      }
      assert.equal((await rejection(closing.deviceCount())).code, "closed");
      await closing.close();
    });

    it("sources that are switched off are not asked, and say so", async () => {
      const only = open({ sources: ["nvml"] });
      try {
        const { process: own, devices, failures } = await only.ask({
          kind: "snapshot",
          pid: process.pid,
        });
        assert.equal(own, null);
        assert.equal(devices.length, 2);
        assert.ok(failures.some(({ source, code }) => source === "proc" && code === "absent"));
      } finally {
        await only.close();
      }
    });
  });
}

describe("the plain functions", () => {
  it("share one meter", async () => {
    assert.ok(await processRss() > 1_000_000);
    // This machine may have a GPU or not; either way it is said in time.
    const answer = await deviceCount().catch((error) => error);
    assert.ok(answer instanceof HypomnesisError || Number.isInteger(answer));
  });
});
