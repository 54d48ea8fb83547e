/** What a driver can do to the program that asks, with real FFI against the fake library. */
import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";
import { type Conf, confText, fakeMachine, skipNative } from "./support/native.ts";
import type { FaultHostPlan, FaultHostReport } from "./support/fault_host.ts";
import { repositoryFile, runScript, RUNTIME, type ScriptEnd } from "./support/run_script.ts";

const HEALTHY: Conf = { gpus: 2, process: ["0,101,1073741824", "1,102,1073741824"] };
const SOFT_MS = 400;
const HARD_MS = 800;

type Plan = Partial<FaultHostPlan> & { isolation: "worker" | "process" };

async function host(
  conf: Conf,
  plan: Plan,
  timeoutMs = 60_000,
): Promise<ScriptEnd & { report: FaultHostReport }> {
  const machine = fakeMachine({ ...HEALTHY as object, ...conf as object });
  try {
    const whole: FaultHostPlan = {
      nvmlPath: machine.nvmlPath,
      softBudgetMs: SOFT_MS,
      hardBudgetMs: HARD_MS,
      quarantineMs: 200,
      heal: {
        file: path.join(machine.dir, "fake_nvml.conf"),
        text: confText(HEALTHY),
      },
      waitMs: HARD_MS + 500,
      ...plan,
    };
    const end = await runScript(repositoryFile("test/support/fault_host.ts"), {
      args: [JSON.stringify(whole)],
      timeoutMs,
    });
    const report = end.stdout === "" ? null : JSON.parse(end.stdout);
    return { ...end, report };
  } finally {
    machine.cleanup();
  }
}

/** What must be so whatever the driver did, in a host that lived. */
function assertUnharmed(end: Awaited<ReturnType<typeof host>>): void {
  assert.equal(end.code, 0, `the host ended by itself: ${end.stderr}`);
  const { first, second, ramMs, longestGapMs } = end.report;
  assert.ok(first.rss && second.rss, "RAM is answered");
  assert.ok(ramMs < SOFT_MS / 2, `RAM was answered in ${ramMs} ms while the driver was asked`);
  assert.ok(longestGapMs < 250, `the event loop was held for ${longestGapMs} ms`);
}

describe("fault matrix", { skip: skipNative() }, () => {
  for (const isolation of ["process", "worker"] as const) {
    describe(`isolation ${isolation}`, () => {
      it("a healthy driver is measured", async () => {
        const end = await host({}, { isolation, waitMs: 0 });
        assertUnharmed(end);
        assert.deepEqual(end.report.first.failures, []);
        assert.equal(end.report.first.devices, 2);
      });

      for (
        const [how, conf] of [
          ["sleeps in nvmlInit_v2", { "hang.nvmlInit_v2": "sleep" }],
          ["spins in nvmlDeviceGetMemoryInfo_v2", { "hang.nvmlDeviceGetMemoryInfo_v2": "busy" }],
          [
            "keeps the library's lock in a process list",
            { "hang.nvmlDeviceGetComputeRunningProcesses_v3": "lock" },
          ],
        ] as const
      ) {
        // A Deno host runs the destructor at its natural end, and that waits for the lost lock.
        const endless = how.includes("lock") && isolation === "worker" && RUNTIME === "deno";
        it(`a driver that ${how}`, async () => {
          const end = await host(conf, { isolation }, endless ? 8_000 : 60_000);
          const { first, second, last } = end.report;
          if (endless) {
            assert.equal(end.signal, "SIGKILL", "it did not end by itself, as documented");
          } else assertUnharmed(end);
          assert.ok(first.failures.includes("nvml slow"), first.failures.join());
          assert.ok(
            first.ms > SOFT_MS * 0.9 && first.ms < SOFT_MS + 2_000,
            `answered after ${first.ms} ms`,
          );
          assert.ok(second.failures.some((text) => /^nvml (slow|hung)$/.test(text)));
          assert.ok(second.ms < SOFT_MS, `a known hang costs no second wait: ${second.ms} ms`);
          assert.deepEqual(last.failures, [], "and when the driver is well again it is measured");
          assert.equal(last.devices, 2);
        });
      }

      it("a driver that is slow, but not hung, is used again", async () => {
        const end = await host({ "slow.nvmlDeviceGetName": 600, "after.nvmlDeviceGetName": 0 }, {
          isolation,
          hardBudgetMs: 20_000,
          waitMs: 3_000,
        });
        assertUnharmed(end);
        assert.ok(end.report.first.failures.includes("nvml slow"));
        assert.deepEqual(end.report.last.failures, []);
      });
    });
  }

  for (const crash of ["segv", "abort"]) {
    it(`process isolation contains a driver that dies of ${crash}`, async () => {
      const end = await host({ "crash.nvmlDeviceGetMemoryInfo_v2": crash }, {
        isolation: "process",
      });
      assertUnharmed(end);
      assert.ok(end.report.first.failures.includes("nvml crashed"));
      assert.ok(end.report.first.ms < SOFT_MS, "a crash is known at once");
      assert.deepEqual(end.report.last.failures, []);
    });

    it(`worker isolation does not contain it, as documented: ${crash} ends the host`, async () => {
      const end = await host({ "crash.nvmlDeviceGetMemoryInfo_v2": crash }, {
        isolation: "worker",
      });
      assert.notEqual(end.code, 0);
      assert.equal(end.stdout, "");
    });
  }
});
