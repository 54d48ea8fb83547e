/** The golden nvidia-smi gives back the golden files, and other columns of them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { fakeSmi, golden, type GoldenMachine, type SmiBehaviour } from "./support/fake_smi.ts";

const skip = process.platform === "win32" ? "the fakes are shell scripts" : false;
const NOUNITS = "--format=csv,noheader,nounits";
const GPU_FIELDS = [
  "index,uuid,name,memory.total,memory.used,memory.free,memory.reserved",
  "utilization.gpu,temperature.gpu,power.draw,clocks.sm,clocks.mem,driver_version",
].join();
const APP_FIELDS = "pid,process_name,used_memory,gpu_uuid";

interface Answer {
  readonly stdout: string;
  readonly rc: number | null;
}

function run(program: string, ...args: string[]): Answer {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8", timeout: 20_000 });
  return { stdout, rc: status };
}

function answerOf(behaviour: SmiBehaviour, ...args: string[]): Answer {
  using smi = fakeSmi(behaviour);
  return run(smi.path, ...args);
}

function goldenFile(stem: string): Answer {
  const read = (end: string) =>
    fs.readFileSync(
      fileURLToPath(new URL(`golden/nvidia-smi/${stem}.${end}`, import.meta.url).href),
      "utf8",
    );
  return { stdout: read("out"), rc: Number(read("rc")) };
}

for (const machine of ["a100", "l40s-procs", "t4-lost1", "t4-drv470"] as const) {
  for (const version of ["535", "550"] as const) {
    test(`golden ${machine} ${version} answers as the real one did`, { skip }, () => {
      using smi = fakeSmi(golden(machine, version));
      const same = (what: string, ...args: string[]) =>
        assert.deepEqual(run(smi.path, ...args), goldenFile(`${machine}/${version}/${what}`), what);
      same("query-gpu", `--query-gpu=${GPU_FIELDS}`, NOUNITS);
      same("query-gpu-header-units", `--query-gpu=${GPU_FIELDS}`, "--format=csv");
      same("query-compute-apps", `--query-compute-apps=${APP_FIELDS}`, NOUNITS);
      same("query-compute-apps-header-units", `--query-compute-apps=${APP_FIELDS}`, "--format=csv");
      same("query-bad-field", "--query-gpu=index,bogus", NOUNITS);
      same("bad-index", "--query-gpu=index", NOUNITS, "-i", "99");
      same("list", "-L");
      same("q-x", "-q", "-x");
      assert.equal(smi.calls().length, 8);
      assert.equal(smi.calls()[6], "-L");
    });
  }
}

test("golden answers other columns and chosen devices", { skip }, () => {
  using smi = fakeSmi(golden("l40s-procs"));
  const query = (what: string, ...args: string[]) => run(smi.path, `--query-${what}`, ...args);
  assert.equal(
    query("gpu=name,pci.bus_id,ecc.mode.current,clocks.sm,power.limit", "--format=csv", "-i", "1")
      .stdout,
    "name, pci.bus_id, ecc.mode.current, clocks.current.sm [MHz], power.limit [W]\n" +
      "NVIDIA L40S, 00000000:31:00.0, Enabled, 210 MHz, 350.00 W\n",
  );
  const uuid = "GPU-14050000-0000-0000-0000-000000000000";
  assert.equal(query("gpu=uuid,index", NOUNITS, `--id=${uuid}`).stdout, `${uuid}, 0\n`);
  assert.equal(query("compute-apps=used_memory,pid", NOUNITS, "--id=1").stdout, "4096, 1001\n");
  assert.equal(query("gpu=index").rc, 64, "without --format");
  assert.equal(run(smi.path, "--no-such-argument").rc, 64);
  assert.match(run(smi.path, "--version").stdout, /^NVIDIA-SMI version {2}: 550\.163/);
});

test("golden machines without a device or a driver", { skip }, () => {
  const query = ["--query-gpu=index", NOUNITS];
  assert.deepEqual(answerOf(golden("no-devices"), ...query), goldenFile("no-devices/query-gpu"));
  assert.deepEqual(answerOf(golden("no-devices"), "-L"), goldenFile("no-devices/list"));
  const cases: [GoldenMachine, number][] = [["no-driver-reallib", 9], ["no-driver-nolib", 12]];
  for (const [machine, rc] of cases) {
    const answer = answerOf(golden(machine, "535"), ...query);
    assert.equal(answer.rc, rc);
    assert.deepEqual(
      answer,
      goldenFile(`no-driver/nvidia-smi-535-${machine.slice("no-driver-".length)}`),
    );
  }
});
