/** Spilling on Windows, from the counters to the report; a driver that crashes meanwhile; `hmn` as one compiled program. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { repositoryFile } from "./support/run_script.ts";
import {
  configureGpus,
  configureNvml,
  GPU_OVERRIDES,
  installFake,
} from "./support/windows_fakes.ts";
import { ended, skipWine, WINDOWS_RUNTIMES, WineSession } from "./support/wine.ts";
import { WINE_FOLDER } from "./support/wine_set_up.ts";

const MIB = 2 ** 20;

/** An AMD card of 16 GiB, so full, with what two programs use of the system's memory through it. */
function card(dedicatedMib: number, trainerMib: number, browserMib: number): string {
  const luid = "luid_0x00000000_0x0000D3F1_phys_0";
  return [
    "adapter.0.name=AMD Fake",
    "adapter.0.vendor=0x1002",
    "adapter.0.device=0x744c",
    "adapter.0.luid=0x0_0xd3f1",
    "adapter.0.dedicated=16G",
    "adapter.0.shared=32G",
    `adapter_memory=${luid},${dedicatedMib}M,${trainerMib + browserMib + 100}M,20G,15G,1G`,
    `process=pid_4242_${luid},15G,${trainerMib}M,16G,15G,1G`,
    `process=pid_77_${luid},200M,${browserMib}M,300M,200M,10M`,
    "",
  ].join("\n");
}

/** Intel's, and two equal cards in another order than that of the bus. */
const TWO_CARDS = [
  "adapter.0.name=Intel Fake",
  "adapter.0.vendor=0x8086",
  "adapter.0.device=0xa780",
  "adapter.0.luid=0x0_0x1",
  "adapter.0.shared=16G",
  "adapter.0.pci=00:02.0",
  "adapter.1.luid=0x0_0x2",
  "adapter.1.dedicated=24G",
  "adapter.1.pci=41:00.0",
  "adapter.2.luid=0x0_0x3",
  "adapter.2.dedicated=24G",
  "adapter.2.pci=01:00.0",
  "adapter_memory=luid_0x0_0x1_phys_0,0,333M,400M,333M,0",
  "adapter_memory=luid_0x0_0x2_phys_0,2G,0,2G,2G,0",
  "adapter_memory=luid_0x0_0x3_phys_0,5G,10M,6G,5G,10M",
  "process=pid_4242_luid_0x0_0x3_phys_0,3G,100M,4G,3G,100M",
  "process=pid_77_luid_0x0_0x1_phys_0,0,300M,300M,300M,0",
  "",
].join("\n");

describe("spilling on Windows", { skip: await skipWine(), timeout: 240_000 }, () => {
  let session: WineSession;
  before(async () => {
    session = await WineSession.open();
    for (const name of ["pdh.dll", "dxgi.dll"] as const) await installFake(session, name);
  });
  after(() => session?.close());

  for (const runtime of WINDOWS_RUNTIMES) {
    it(`${runtime}: hmn spill finds the episode and who caused it`, async () => {
      configureGpus(session, card(4_000, 50, 10));
      const marker = session.write(`begun-${runtime}.txt`, "");
      // The command says that it runs: until then the first sample, which is the baseline, has been taken.
      const program = session.write(
        `program-${runtime}.mjs`,
        `import fs from "node:fs";
        fs.writeFileSync(${JSON.stringify(marker)}, "begun");
        const over = ${JSON.stringify(session.inScratch(`over-${runtime}.txt`))};
        while (!fs.existsSync(over)) await new Promise((resolve) => setTimeout(resolve, 50));`,
      );
      const hmn = session.script(runtime, "Z:\\hmn\\dist\\cli.js", [
        ...["spill", "--interval", "100ms", "--json", "--"],
        ...session.script(runtime, program),
      ]);
      const running = session.spawn(hmn, { overrides: GPU_OVERRIDES });
      const end = ended(running);
      const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      await until(() => session.read(`begun-${runtime}.txt`) === "begun");
      await pause(1_000);
      configureGpus(session, card(15_500, 1_050, 30));
      await pause(1_500);
      configureGpus(session, card(4_000, 50, 10));
      await pause(1_000);
      session.write(`over-${runtime}.txt`, "");
      const { code, stdout, stderr } = await end;
      assert.equal(code, 0, stderr);
      const report = JSON.parse(stdout);
      assert.equal(report.measurable, true, stdout);
      assert.equal(report.baseline_shared_bytes, 160 * MIB);
      assert.equal(report.peak_shared_bytes, 1_180 * MIB);
      assert.equal(report.peak_dedicated_bytes, 15_500 * MIB);
      assert.equal(report.dedicated_limit_bytes, 16 * 1024 * MIB);
      assert.equal(report.episodes.length, 1, stdout);
      const [{ processes, unexplained_bytes }] = report.episodes;
      assert.deepEqual(processes, [{ pid: 4242, name: null, grown_bytes: 1_000 * MIB }]);
      assert.equal(unexplained_bytes, 20 * MIB);
    });
  }

  it("a watch keeps its GPUs when nvml.dll crashes in the middle of it", async () => {
    const cards = {
      gpus: 2,
      "device.0.pci": "00000000:01:00.0",
      "device.1.pci": "00000000:41:00.0",
    };
    await installFake(session, "nvml.dll");
    configureNvml(session, cards);
    configureGpus(session, TWO_CARDS);
    const hmn = session.script("bun", "Z:\\hmn\\dist\\cli.js", [
      ...["watch", "--json", "--interval", "500ms", "--duration", "6s"],
    ]);
    const running = session.spawn(hmn, { overrides: GPU_OVERRIDES });
    let said = "";
    running.stdout!.on("data", (text) => said += text);
    const end = ended(running);
    await until(() => said.split("\n").length > 3);
    configureNvml(session, { ...cards, "crash.nvmlDeviceGetMemoryInfo_v2": "segv" });
    const { code, stdout, stderr } = await end;
    configureNvml(session, { gpus: 0 });
    assert.equal(code, 0, stderr);
    const records = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    const samples = records.filter(({ kind }) => kind === "sample");
    assert.ok(JSON.stringify(records).includes("worker died"), stdout);
    assert.ok(samples.length >= 10, stdout);
    for (const { pid, devices } of samples) {
      const [{ device_index, device_uuid }] = devices;
      const expected = pid === 77 ? [2, null] : [0, "GPU-00000000-0000-0000-0000-000000000000"];
      assert.deepEqual([device_index, device_uuid], expected, stdout);
    }
    const gpus = records.at(-1).devices.map((d: { device_index: number }) => d.device_index);
    assert.deepEqual(gpus, [0, 1, 2]);
  });

  it("hmn.exe, compiled by Bun, asks its own prober", async () => {
    configureGpus(session, card(4_000, 50, 10));
    const output = path.join(session.scratch, "hmn.exe");
    const base = path.join(WINE_FOLDER, "root/exe/bun.exe");
    const args = ["build", "--compile", "--target=bun-windows-x64"];
    const files = [`--compile-executable-path=${base}`, repositoryFile("dist/cli.js")];
    execFileSync(repositoryFile("node_modules/.bin/bun"), [...args, ...files, "--outfile", output]);
    const hmn = (...args: string[]) =>
      session.run(["Z:\\scratch\\hmn.exe", ...args], { overrides: GPU_OVERRIDES });
    const told = await hmn("--json");
    assert.equal(told.code, 0, told.stderr);
    const [device] = JSON.parse(told.stdout);
    assert.equal(device.name, "AMD Fake");
    assert.equal(device.used_bytes, 4_000 * MIB);
    const rows = JSON.parse((await hmn("ps", "--json")).stdout);
    assert.deepEqual(rows.map(({ pid }: { pid: number }) => pid), [4242, 77]);
    assert.equal((await hmn("--nonsense")).code, 2);
    assert.deepEqual(await session.leftOf(/hmn\.exe/), []);
  });
});

async function until(is: () => boolean): Promise<void> {
  const lateMs = Date.now() + 60_000;
  while (!is()) {
    assert.ok(Date.now() < lateMs, "it did not come");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
