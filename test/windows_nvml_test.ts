/** NVML and nvidia-smi under Windows' Bun and Deno, on fakes: every number is the planted one. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import type { MeterOptions } from "../mod.ts";
import type { DevicesReply, DoctorReply, ProcessesReply, Request } from "../lib/protocol.ts";
import { fieldsToAsk, QUERY_APPS_ARGS, queryGpuArgs } from "../workers/gpu/nvidia_smi/fields.ts";
import { parseGpus } from "../workers/gpu/nvidia_smi/query_gpu.ts";
import { fakeSmi, golden } from "./support/fake_smi.ts";
import { configureNvml, configureSmi, installFake, smiStarts } from "./support/windows_fakes.ts";
import { skipWine, WINDOWS_RUNTIMES, WineSession } from "./support/wine.ts";
import type { AskPlan } from "./windows/ask.ts";

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const DEVICES: Request = { kind: "devices" };
const PROCESSES: Request = { kind: "processes", details: false };
const DOCTOR: Request = { kind: "doctor" };
/** What is asked for with the devices, and with the processes. */
const FIELDS = fieldsToAsk(true, new Set());
const FEW_FIELDS = fieldsToAsk(false, new Set());
const UUID = "GPU-12345678-1234-1234-1234-123456780000";

/** What the golden machine's nvidia-smi prints, with the line ends of Windows. */
function goldenAnswers(fields = FIELDS): { "query-gpu": string; "query-compute-apps": string } {
  using smi = fakeSmi(golden("a100", "550"));
  const print = (args: readonly string[]) =>
    execFileSync(smi.path, args, { encoding: "utf8" }).replaceAll("\n", "\r\n");
  return {
    "query-gpu": print(queryGpuArgs(fields)),
    "query-compute-apps": print(QUERY_APPS_ARGS),
  };
}

describe("NVIDIA on Windows", { skip: await skipWine(), timeout: 240_000 }, () => {
  let session: WineSession;
  before(async () => {
    session = await WineSession.open();
  });
  after(() => session?.close());

  for (const runtime of WINDOWS_RUNTIMES) {
    const ask = async (options: MeterOptions, ...questions: Request[]): Promise<unknown[]> => {
      const plan: AskPlan = { options, questions };
      const script = "Z:\\hmn\\test\\windows\\ask.ts";
      const end = await session.run(session.script(runtime, script, [JSON.stringify(plan)]));
      assert.equal(end.code, 0, end.stderr);
      return JSON.parse(end.stdout);
    };
    const nvml: MeterOptions = { sources: ["win32", "nvml"] };
    const smi: MeterOptions = { sources: ["win32", "nvidia_smi"] };

    it(`${runtime}: no nvml.dll and no nvidia-smi.exe are told as such`, async () => {
      session.install("nvml.dll", null);
      session.install("nvidia-smi.exe", null);
      const [{ failures }] = await ask({ sources: ["nvml", "nvidia_smi"] }, DEVICES) as [
        DevicesReply,
      ];
      assert.deepEqual(failures.map(({ source, code }) => `${source} ${code}`), [
        "nvml absent",
        "nvidia_smi absent",
      ]);
      assert.match(failures[0]!.message, /there is no nvml\.dll here/);
    });

    it(`${runtime}: NVML's numbers of devices and processes`, async () => {
      await installFake(session, "nvml.dll");
      configureNvml(session, {
        gpus: 2,
        "device.0.total": "24G",
        "device.0.used": "5G",
        "device.0.reserved": "300M",
        "device.1.name": "NVIDIA é",
        process: ["0,self,1000000001", "0,4242,sentinel", "1,77,5G"],
      });
      const [devices, processes] = await ask(nvml, DEVICES, PROCESSES) as [
        DevicesReply,
        ProcessesReply,
      ];
      assert.deepEqual(devices.failures, []);
      const [first, second] = devices.devices;
      assert.equal(first!.totalBytes, 24 * GIB);
      assert.equal(first!.usedBytes, 5 * GIB);
      assert.equal(first!.reservedBytes, 300 * MIB);
      assert.equal(first!.temperatureCelsius, 40);
      assert.equal(second!.name, "NVIDIA é");
      const rows = processes.processes;
      assert.deepEqual(
        rows.map((
          { pid, usedBytes, missing },
        ) => [pid === 4242 || pid === 77 ? pid : "self", usedBytes, missing]).sort(),
        [[4242, null, "not_told"], [77, 5 * GIB, null], ["self", 1_000_000_001, null]],
      );
      // Windows keeps the memory of processes itself: no fault of the driver.
      assert.deepEqual(processes.failures.filter(({ code }) => code === "bad_value"), []);
    });

    it(`${runtime}: nvml.dll of older drivers is found in its own folder`, async () => {
      session.install("nvml.dll", null);
      await installFake(session, "nvml.dll", "../../Program Files/NVIDIA Corporation/NVSMI");
      try {
        const [{ findings }] = await ask(nvml, DOCTOR) as [DoctorReply];
        const finding = findings.find(({ source }) => source === "nvml");
        assert.equal(
          finding?.path?.toLowerCase(),
          "c:\\program files\\nvidia corporation\\nvsmi\\nvml.dll",
        );
      } finally {
        session.install("../../Program Files/NVIDIA Corporation/NVSMI/nvml.dll", null);
      }
    });

    it(`${runtime}: nvidia-smi.exe's golden output, without a console`, async () => {
      await installFake(session, "nvidia-smi.exe");
      const answers = goldenAnswers();
      configureSmi(session, { does: "answers", ...answers });
      const [devices] = await ask(smi, DEVICES) as [DevicesReply];
      assert.deepEqual(devices.devices, parseGpus(answers["query-gpu"], FIELDS).devices);
      assert.equal(devices.devices.length, 8);
      assert.deepEqual(smiStarts(session), ["query-gpu"]);
    });

    it(`${runtime}: nvidia-smi.exe tells no memory of processes, which is no failure`, async () => {
      configureSmi(session, {
        does: "answers",
        ...goldenAnswers(FEW_FIELDS),
        "query-compute-apps":
          `4242, C:\\Program Files\\a, b.exe, [N/A], ${UUID}\r\n77, [Insufficient Permissions], [N/A], ${UUID}\r\n`,
      });
      const [{ processes, failures }] = await ask(smi, PROCESSES) as [ProcessesReply];
      assert.deepEqual(
        processes.map(({ pid, name, nameStatus, missing }) => [pid, name, nameStatus, missing]),
        [[77, null, "protected", "not_told"], [
          4242,
          "C:\\Program Files\\a, b.exe",
          "known",
          "not_told",
        ]],
      );
      assert.deepEqual(failures.filter(({ source }) => source === "nvidia_smi"), []);
    });

    it(`${runtime}: nvidia-smi.exe that hangs is killed with all it started`, async () => {
      for (const does of ["hangs", "spawns"] as const) {
        configureSmi(session, { does });
        const [{ failures }] = await ask({ ...smi, softBudgetMs: 700 }, DEVICES) as [DevicesReply];
        assert.deepEqual(failures.map(({ code }) => code), ["hung"]);
        assert.match(failures[0]!.message, /did not answer within 700 ms, it was killed/);
        assert.deepEqual(await session.leftOf(/nvidia-smi/), []);
      }
    });

    it(`${runtime}: nvidia-smi.exe that rambles, or fails with a code`, async () => {
      configureSmi(session, { does: "rambles" });
      const [rambling] = await ask(smi, DEVICES) as [DevicesReply];
      assert.deepEqual(rambling.devices, []);
      assert.deepEqual(rambling.failures.map(({ code }) => code), ["bad_value"]);
      configureSmi(session, {
        does: "answers",
        "query-gpu":
          "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\r\n",
        exit: 9,
      });
      const [failing] = await ask(smi, DEVICES) as [DevicesReply];
      assert.deepEqual(failing.failures.map(({ code, driverCode }) => [code, driverCode]), [
        ["driver_failed", "NVML_ERROR_DRIVER_NOT_LOADED"],
      ]);
    });
  }
});
