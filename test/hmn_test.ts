/** The real `hmn` as a child process, with real FFI against the fake driver. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { type Conf, fakeMachine, skipNative } from "./support/native.ts";
import {
  repositoryFile,
  runScript,
  SCRIPT_ENV,
  scriptCommand,
  type ScriptEnd,
} from "./support/run_script.ts";

const CLI = repositoryFile("cli.ts");
const NOWHERE = "/nonexistent/nvidia-smi";

async function hmn(args: readonly string[], conf: Conf | null, env: Record<string, string> = {}) {
  const machine = fakeMachine(conf ?? "");
  try {
    const nvml = conf === null ? "/nonexistent/libnvidia-ml.so.1" : machine.nvmlPath;
    return await runScript(CLI, {
      args,
      env: { HMN_NVML_PATH: nvml, HMN_NVIDIA_SMI_PATH: NOWHERE, NO_COLOR: "1", ...env },
    });
  } finally {
    machine.cleanup();
  }
}

/** Runs a shell pipeline in which `hmn` is the command. */
async function pipeline(text: string, conf: Conf): Promise<ScriptEnd> {
  const machine = fakeMachine(conf);
  const command = scriptCommand(CLI).map((word) => `'${word}'`).join(" ");
  try {
    return await new Promise((resolve) => {
      const child = spawn("bash", ["-o", "pipefail", "-c", `hmn() { ${command} "$@"; }; ${text}`], {
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          ...process.env,
          ...SCRIPT_ENV,
          HMN_NVML_PATH: machine.nvmlPath,
          HMN_NVIDIA_SMI_PATH: NOWHERE,
        },
      });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
      child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
      child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr, ms: 0 }));
    });
  } finally {
    machine.cleanup();
  }
}

const TWO: Conf = { gpus: 2, process: ["0,parent,1342177280", "1,1,536870912"] };

describe("hmn", { skip: skipNative() }, () => {
  it("says each GPU in the original's words, then RAM", async () => {
    const end = await hmn([], TWO);
    assert.equal(end.code, 0, end.stderr);
    const lines = end.stdout.split("\n");
    assert.equal(
      lines[0],
      "GPU 0 [NVIDIA Fake A100]: free 15616 MiB / 16384 MiB (256 MiB reserved), driver 550.163.01",
    );
    assert.equal(
      lines[1],
      "GPU 1 [NVIDIA Fake A100]: free 15104 MiB / 16384 MiB (256 MiB reserved), driver 550.163.01",
    );
    assert.match(lines[2]!, /^RAM: used \d+ MiB \/ \d+ MiB, available \d+ MiB/);
    assert.equal(lines.length, 4);
    assert.equal(end.stderr, "");
  });

  it("--json keeps the original's keys, first and in order", async () => {
    const end = await hmn(["--json"], TWO);
    const devices = JSON.parse(end.stdout) as Record<string, unknown>[];
    assert.deepEqual(Object.keys(devices[0]!).slice(0, 7), [
      "index",
      "name",
      "total_bytes",
      "free_bytes",
      "used_bytes",
      "reserved_bytes",
      "driver_version",
    ]);
    const { total_bytes, free_bytes, used_bytes, reserved_bytes } = devices[1] as Record<
      string,
      number
    >;
    assert.equal(total_bytes, free_bytes! + used_bytes! + reserved_bytes!);
  });

  it("no GPU is an answer, with the reason of each source", async () => {
    const end = await hmn([], null);
    assert.equal(end.code, 0);
    assert.match(end.stdout, /^hmn: no visible GPUs: nvml: .+; nvidia_smi: .+\nRAM: used \d+ MiB/);
  });

  it("ps lists processes with GPU memory and RAM", async () => {
    const end = await hmn(["ps"], TWO);
    assert.equal(end.code, 0, end.stderr);
    const [header, first] = end.stdout.split("\n");
    assert.match(header!, /^PID +NAME +VRAM +SHARED +RAM +DEVICE +$/);
    assert.match(first!, /^\d+ +\S+ +1\.2 GiB +- +\d+ MiB +0: NVIDIA Fake A100 *$/);
    assert.match(end.stderr, /^hmn: 2 GPU processes found \(1\.8 GiB committed total\)\.\n$/);
  });

  it("the seed's pipelines run", async () => {
    const awk = await pipeline(`hmn ps 2>/dev/null | awk 'NR>1 {print $1}'`, {
      gpus: 1,
      process: ["0,1,1048576", "0,999999,2097152"],
    });
    assert.equal(awk.stdout, "999999\n1\n");
    const jq = await pipeline(`hmn ps --json 2>/dev/null | jq -c '.[] | [.pid, .used_bytes]'`, {
      gpus: 1,
      process: ["0,1,1048576"],
    });
    assert.equal(jq.stdout, "[1,1048576]\n", jq.stderr);
  });

  it("a reader that leaves ends it quietly", async () => {
    const end = await pipeline("hmn doctor | head -1", TWO);
    assert.equal(end.stderr, "");
    assert.equal(end.code, 0);
  });

  it("a device that is not there has its own exit code", async () => {
    const end = await hmn(["--device", "9"], TWO);
    assert.equal(end.code, 3);
    assert.match(end.stderr, /device index 9 out of range \(have 2 devices\)/);
  });

  it("a device is found by UUID and by PCI bus id", async () => {
    for (const device of ["GPU-00000000-0000-0000-0000-000000000001", "0000:01:00.0"]) {
      const end = await hmn(["--device", device, "--json"], TWO);
      assert.equal(JSON.parse(end.stdout)[0]?.index, 1, end.stderr);
    }
  });

  it("a driver that hangs costs its own numbers and an exit code, in time", async () => {
    const end = await hmn([], { gpus: 1, "hang.nvmlInit_v2": "lock" });
    assert.equal(end.code, 7);
    assert.match(end.stdout, /nvml: .*in time/);
    assert.match(end.stdout, /\nRAM: used \d+ MiB/);
    assert.ok(end.ms > 3_000 && end.ms < 15_000, `${end.ms} ms`);
  });

  it("a driver that crashes is told from one that is absent", async () => {
    const end = await hmn([], { gpus: 1, "crash.nvmlDeviceGetCount_v2": "segv" });
    assert.equal(end.code, 8);
    assert.match(end.stdout, /nvml: .*died of signal SIGSEGV/);
  });

  it("driver codes keep their names and come with advice", async () => {
    const end = await hmn([], { gpus: 1, "code.nvmlInit_v2": 18 });
    assert.equal(end.code, 6);
    assert.match(end.stdout, /NVML_ERROR_LIB_RM_VERSION_MISMATCH.*restart the machine/);
  });

  it("a lost GPU is listed with its state beside the healthy one", async () => {
    const end = await hmn([], { gpus: 2, "lost.1": 0 });
    assert.equal(end.code, 0, end.stderr);
    assert.match(end.stdout, /^GPU 0 \[NVIDIA Fake A100\]: free 15616 MiB/);
    assert.match(end.stdout, /\nGPU 1.*lost \(NVML_ERROR_GPU_IS_LOST\)/);
  });

  it("HMN_SOURCES switches sources off", async () => {
    const end = await hmn([], TWO, { HMN_SOURCES: "proc" });
    assert.match(end.stdout, /no visible GPUs: .*switched off/);
    const wrong = await hmn([], TWO, { HMN_SOURCES: "proc,nvidia" });
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /nvidia.*proc_mm/s);
  });

  it("HMN_DEBUG=1 prints raw native values", async () => {
    const end = await hmn([], TWO, { HMN_DEBUG: "1" });
    assert.match(end.stderr, /nvmlDeviceGetMemoryInfo_v2\(.*\): NVML_SUCCESS/);
  });

  it("doctor says what each call answered and ends with what can be measured", async () => {
    const end = await hmn(["doctor"], { gpus: 1, "code.nvmlDeviceGetPowerUsage": 3 });
    assert.equal(end.code, 0, end.stderr);
    assert.match(end.stdout, /nvmlDeviceGetPowerUsage.*NVML_ERROR_NOT_SUPPORTED/);
    assert.match(end.stdout, /This machine can measure: /);
    const json = JSON.parse((await hmn(["doctor", "--json"], TWO)).stdout);
    const nvml = json.findings.find((finding: { source: string }) => finding.source === "nvml");
    assert.equal(nvml.present, true);
    assert.match(nvml.version, /driver 550\.163\.01/);
  });

  it("snapshot --json prints everything at once", async () => {
    const snapshot = JSON.parse((await hmn(["snapshot", "--json"], TWO)).stdout);
    assert.ok(snapshot.process.rss_bytes > 0);
    assert.ok(snapshot.system.total_bytes > 0);
    assert.equal(snapshot.devices.length, 2);
    assert.equal(snapshot.processes.length, 2);
    assert.deepEqual(snapshot.failures, []);
  });

  it("a name with escape sequences reaches the terminal harmless", async () => {
    // A process that gives itself such a name, and lives while it is looked at.
    const evil = spawn(process.execPath, [
      ..."Bun" in globalThis ? ["-e"] : ["eval"],
      `(await import("node:fs")).writeFileSync("/proc/self/comm", "\\u001b[31mred\\n");` +
      `console.log("up"); setTimeout(() => {}, 30000)`,
    ], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      await new Promise((resolve) => evil.stdout.once("data", resolve));
      const end = await hmn(["ps"], { gpus: 1, process: [`0,${evil.pid},1048576`] });
      assert.ok(!end.stdout.includes("\u001b"), JSON.stringify(end.stdout));
      assert.match(end.stdout, /\\u\{1b\}\[31mred/);
    } finally {
      evil.kill("SIGKILL");
    }
  });

  it("nvidia-smi answers where NVML is not there", async () => {
    const machine = fakeMachine("");
    const smi = path.join(machine.dir, "nvidia-smi");
    fs.writeFileSync(
      smi,
      `#!/bin/sh
case "$1" in
  --query-gpu=*)
    line=""
    for field in $(echo "\${1#*=}" | tr , ' '); do
      case $field in
        index) value=0 ;; uuid) value=GPU-1 ;; name) value="NVIDIA Fake T4" ;;
        pci.bus_id) value=00000000:00:04.0 ;; memory.total) value=15360 ;; memory.used) value=1024 ;;
        memory.free) value=13900 ;; memory.reserved) value=436 ;; driver_version) value=535.1 ;;
        *) value='[N/A]' ;;
      esac
      line="$line, $value"
    done
    echo "\${line#, }" ;;
  --query-compute-apps=*) echo "1, init, 512, GPU-1" ;;
esac
`,
      { mode: 0o755 },
    );
    try {
      const env = { HMN_NVIDIA_SMI_PATH: smi };
      const end = await hmn([], null, env);
      assert.equal(end.code, 0, end.stderr);
      assert.match(
        end.stdout,
        /^GPU 0 \[NVIDIA Fake T4\]: free 13900 MiB \/ 15360 MiB \(436 MiB reserved\), driver 535\.1\n/,
      );
      const ps = await hmn(["ps", "--json"], null, env);
      assert.equal(JSON.parse(ps.stdout)[0]?.used_bytes, 512 * 2 ** 20, ps.stderr);
    } finally {
      machine.cleanup();
    }
  });
});
