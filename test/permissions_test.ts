/** The README's table of Deno permissions: each row is a real run of the built package with those flags. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Failure, SnapshotReply } from "../mod.ts";
import { fakeMachine, type FakeNvmlMachine, skipNative } from "./support/native.ts";
import { repositoryFile, runScript, RUNTIME } from "./support/run_script.ts";

interface Seen extends SnapshotReply {
  readonly isolation: string;
}

const skip = RUNTIME === "bun" ? "is about Deno" : skipNative();

describe("Deno permissions", { skip }, () => {
  let machine: FakeNvmlMachine;
  let dir: string;
  let script: string;

  before(() => {
    machine = fakeMachine("gpus=1\nprocess=0,101,1073741824\n");
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-permissions-"));
    script = path.join(dir, "ask.ts");
    const library = pathToFileURL(repositoryFile("dist/mod.js")).href;
    fs.writeFileSync(
      script,
      `import { openMeter } from ${JSON.stringify(library)};
       const meter = openMeter({ nvmlPath: ${JSON.stringify(machine.nvmlPath)} });
       const seen = await meter.ask({ kind: "snapshot", pid: Deno.pid });
       console.log(JSON.stringify({ ...seen, isolation: meter.isolation }));`,
    );
  });
  after(() => {
    machine.cleanup();
    fs.rmSync(dir, { recursive: true });
  });

  async function ask(flags: readonly string[], env: Record<string, string> = {}): Promise<Seen> {
    const end = await runScript(script, {
      denoFlags: ["--no-prompt", "--no-config", ...flags],
      env,
    });
    assert.equal(end.code, 0, end.stderr);
    assert.equal(end.stderr, "");
    return JSON.parse(end.stdout);
  }
  const of = (seen: Seen, source: string): Failure | undefined =>
    seen.failures.find((failure) => failure.source === source);

  function assertEverything(seen: Seen): void {
    assert.ok((seen.process?.rssBytes ?? 0) > 0);
    assert.ok((seen.process?.anonBytes ?? 0) > 0, "read from /proc");
    assert.ok((seen.system?.totalBytes ?? 0) > 0);
    assert.equal(seen.devices[0]?.totalBytes, 16 * 2 ** 30);
    assert.equal(seen.processes[0]?.usedBytes, 2 ** 30);
  }

  it("none: own RSS, and the missing right as the reason for the rest", async () => {
    const seen = await ask([]);
    assert.equal(seen.isolation, "worker");
    assert.ok((seen.process?.rssBytes ?? 0) > 0);
    assert.equal(seen.process?.anonBytes, null);
    assert.equal(seen.system, null);
    assert.deepEqual(seen.devices, []);
    assert.equal(of(seen, "proc")?.code, "permission_denied");
    assert.match(of(seen, "proc")?.message ?? "", /--allow-ffi/);
    assert.equal(of(seen, "nvml")?.code, "permission_denied");
    assert.match(of(seen, "nvml")?.message ?? "", /--allow-ffi/);
  });

  it("--allow-ffi: everything, in a thread", async () => {
    const seen = await ask(["--allow-ffi"]);
    assert.equal(seen.isolation, "worker");
    assertEverything(seen);
  });

  it("--allow-run=<deno>: everything, in a child", async () => {
    const seen = await ask([`--allow-run=${process.execPath}`]);
    assert.equal(seen.isolation, "process");
    assertEverything(seen);
  });

  it("--allow-run=<deno> and an LD_LIBRARY_PATH, which Deno refuses to pass on", async () => {
    const seen = await ask([`--allow-run=${process.execPath}`, "--allow-env"], {
      LD_LIBRARY_PATH: "/nonexistent",
    });
    assert.equal(seen.isolation, "process");
    assertEverything(seen);
  });

  it("-A: everything, in a child", async () => {
    const seen = await ask(["-A"]);
    assert.equal(seen.isolation, "process");
    assertEverything(seen);
  });

  it("process isolation without the right to run is refused with that reason", async () => {
    const refusing = path.join(dir, "refused.ts");
    fs.writeFileSync(
      refusing,
      fs.readFileSync(script, "utf8").replace("openMeter({", 'openMeter({ isolation: "process",'),
    );
    const end = await runScript(refusing, { denoFlags: ["--no-prompt", "--no-config"] });
    assert.equal(end.code, 0, end.stderr);
    const seen = JSON.parse(end.stdout) as Seen;
    assert.ok((seen.process?.rssBytes ?? 0) > 0);
    assert.equal(seen.failures[0]?.code, "permission_denied");
    assert.match(seen.failures[0]?.message ?? "", /--allow-run/);
  });
});
