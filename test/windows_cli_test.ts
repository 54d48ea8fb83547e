/** The built command under Windows' Bun and Deno: what it prints, and how it ends. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { repositoryFile } from "./support/run_script.ts";
import {
  configureGpus,
  configureNvml,
  GPU_OVERRIDES,
  installFake,
} from "./support/windows_fakes.ts";
import { ended, skipWine, WINDOWS_RUNTIMES, type WineEnd, WineSession } from "./support/wine.ts";

const GIB = 1024 ** 3;
/** One card, known to NVML, DXGI and the counters, and one of another maker. */
const NVML = {
  "device.0.total": "24G",
  "device.0.used": "5G",
  "device.0.pci": "00000000:65:00.0",
  process: ["0,4242,sentinel"],
};
const GPUS = `adapter.0.name=NVIDIA Fake A100
adapter.0.luid=0x0_0xd3f1
adapter.0.dedicated=24G
adapter.0.shared=32G
adapter.0.pci=65:00.0
adapter.1.name=Intel Fake
adapter.1.vendor=0x8086
adapter.1.device=0xa780
adapter.1.luid=0x0_0xd4c2
adapter.1.shared=16G
adapter.1.pci=00:02.0
adapter_memory=luid_0x00000000_0x0000D3F1_phys_0,5G,200M,6G,5G,200M
adapter_memory=luid_0x00000000_0x0000D4C2_phys_0,0,700M,800M,700M,0
process=pid_4242_luid_0x00000000_0x0000D3F1_phys_0,3G,100M,4G,3G,100M
`;

/**
 * A program, its child, and a child of that which stays when its parent ends; and one that runs all three, and ends
 * them when it is only the first and the last.
 */
const TREE = `import fs from "node:fs";
import process from "node:process";

const DENO = ["run", "-A", "--no-check", "--quiet"];
const own = (role) => ["Bun" in globalThis ? [] : DENO, "tree.js", role].flat();
const wait = (ms) => new Promise((over) => setTimeout(over, ms));
function start(role, detached) {
  if ("Bun" in globalThis) {
    const stdio = ["ignore", "ignore", "ignore"];
    return Bun.spawn([process.execPath, ...own(role)], { stdio, detached }).exited;
  }
  const none = { stdin: "null", stdout: "null", stderr: "null" };
  return new Deno.Command(process.execPath, { args: own(role), detached, ...none }).spawn().status;
}
const up = (name) => "tree-" + name;
async function until(name) {
  while (!fs.existsSync(up(name))) await wait(20);
}

const role = process.argv.at(-1);
if (role === "last") {
  fs.writeFileSync(up("last"), "");
  await wait(60_000);
} else if (role === "middle") {
  fs.rmSync(up("last"), { force: true });
  start("last", true);
  await until("last");
  // It has to be seen beside the other.
  await wait(1_000);
  process.exit(0);
} else if (role === "root") {
  await start("middle", false);
  fs.writeFileSync(up("ready"), "");
  await wait(60_000);
} else {
  fs.rmSync(up("ready"), { force: true });
  const { runCommand } = await import("./dist/mod.js");
  const over = new AbortController();
  const { exitCode, signal } = await runCommand([process.execPath, ...own("root")], {
    signal: over.signal,
    stdio: "null",
    onSample: () => fs.existsSync(up("ready")) && over.abort(),
  });
  console.log(JSON.stringify({ exitCode, signal }));
}
`;

describe("hmn on Windows", { skip: await skipWine(), timeout: 300_000 }, () => {
  let session: WineSession;
  before(async () => {
    session = await WineSession.open();
    // As it is installed: Bun under Wine has words to say about the files of a whole repository.
    const app = path.join(session.scratch, "app");
    fs.cpSync(repositoryFile("dist"), path.join(app, "dist"), { recursive: true });
    fs.cpSync(repositoryFile("node_modules/hono"), path.join(app, "node_modules/hono"), {
      recursive: true,
      dereference: true,
    });
    session.write("app/package.json", '{ "type": "module" }\n');
    for (const name of ["nvml.dll", "pdh.dll", "dxgi.dll", "press.exe"] as const) {
      await installFake(session, name);
    }
    configureNvml(session, NVML);
    configureGpus(session, GPUS);
  });
  after(() => session?.close());

  for (const runtime of WINDOWS_RUNTIMES) {
    const options = {
      cwd: "/scratch/app",
      overrides: GPU_OVERRIDES,
      env: { LOCALAPPDATA: "Z:\\scratch\\local" },
    };
    const command = (args: readonly string[]) => session.script(runtime, "dist\\cli.js", args);
    const hmn = (...args: string[]) => session.run(command(args), options);
    const json = (end: WineEnd) => {
      assert.equal(end.code, 0, end.stderr);
      return JSON.parse(end.stdout);
    };
    /** A program that prints and ends with 7. */
    const program = runtime === "bun"
      ? ["Z:\\exe\\bun.exe", "-e", "console.log('it ran'); process.exit(7)"]
      : ["Z:\\exe\\deno.exe", "eval", "console.log('it ran'); Deno.exit(7)"];

    it(`${runtime}: hmn`, async () => {
      const end = await hmn();
      assert.equal(end.code, 0, end.stderr);
      assert.equal(end.stderr, "");
      assert.match(end.stdout, /RAM: used \d+ MiB/);
      assert.match(end.stdout, /NVIDIA Fake A100/);
      assert.match(end.stdout, /Intel Fake/);
    });

    it(`${runtime}: hmn --json lists each GPU once, with the numbers of all sources`, async () => {
      const devices = json(await hmn("--json"));
      assert.deepEqual(devices.map(({ name }: { name: string }) => name), [
        "NVIDIA Fake A100",
        "Intel Fake",
      ]);
      const [nvidia, intel] = devices;
      assert.equal(nvidia.used_bytes, 5 * GIB);
      assert.equal(nvidia.luid, "0x00000000_0x0000d3f1");
      assert.equal(nvidia.wddm.dedicated_usage_bytes, 5 * GIB);
      assert.equal(intel.pci_id, "8086:a780");
    });

    it(`${runtime}: hmn ps`, async () => {
      const rows = json(await hmn("ps", "--json"));
      const row = rows.find(({ pid }: { pid: number }) => pid === 4242);
      assert.equal(row.used_bytes, 3 * GIB);
      const table = await hmn("ps");
      assert.equal(table.code, 0, table.stderr);
      assert.match(table.stdout, /SHARED/);
    });

    it(`${runtime}: hmn doctor`, async () => {
      const findings = json(await hmn("doctor", "--json")).findings;
      const present = Object.fromEntries(
        findings.map((
          { source, present }: { source: string; present: boolean },
        ) => [source, present]),
      );
      for (const source of ["win32", "nvml", "dxgi", "pdh"]) {
        assert.equal(present[source], true, source);
      }
      assert.ok(!("proc" in present));
    });

    it(`${runtime}: hmn snapshot`, async () => {
      const { process, system } = json(await hmn("snapshot", "--json"));
      assert.equal(process.name, `${runtime}.exe`);
      assert.ok(process.rss_bytes > 1e6 && system.total_bytes > GIB / 2);
    });

    it(`${runtime}: a wrong option and an unknown command end with 2`, async () => {
      for (const args of [["--nonsense"], ["nonsense"], ["watch", "--interval", "x"]]) {
        const end = await hmn(...args);
        assert.equal(end.code, 2, args.join(" "));
        assert.equal(end.stdout, "");
        assert.match(end.stderr, /^hmn: /);
      }
    });

    it(`${runtime}: hmn watch`, async () => {
      const end = await hmn("watch", "--duration", "2s", "--json");
      assert.equal(end.code, 0, end.stderr);
      const lines = end.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
      assert.ok(lines.length >= 2, end.stdout);
    });

    it(`${runtime}: hmn run passes the exit code on`, async () => {
      const end = await hmn("run", "--", ...program);
      assert.equal(end.code, 7, end.stderr);
      assert.match(end.stdout, /it ran/);
    });

    it(`${runtime}: hmn run tells all 32 bits of an exit code, and no failure becomes a 0`, async () => {
      // Bun hands on the lowest 8 bits; the code that a Linux parent of Wine is told has no more.
      const cases = [[256, "1"], [-1073741819, "5"], [7, "7"], [0, "0"]] as const;
      const line = (code: number) =>
        [...command(["run", "--json", "--"]), `cmd.exe /d /s /c "exit ${code}"`].join(" ");
      const text = cases.map(([code]) => `${line(code)}\r\necho ended %errorlevel%\r\n`).join("");
      session.write(`app/codes-${runtime}.cmd`, `@echo off\r\n${text}`);
      const end = await session.run(["cmd.exe", "/d", "/c", `codes-${runtime}.cmd`], options);
      assert.deepEqual(
        end.stdout.trimEnd().split(/\r?\n/).map((line) =>
          line.startsWith("{") ? JSON.parse(line).exit_code : line.trim()
        ),
        cases.flatMap(([code, inBun]) => [
          code >>> 0,
          `ended ${runtime === "bun" ? inBun : code}`,
        ]),
        end.stderr,
      );
    });

    it(`${runtime}: a command that is ended ends with a process whose parent has gone`, async () => {
      session.write("app/tree.js", TREE);
      const end = await session.run(session.script(runtime, "tree.js", ["run"]), options);
      assert.equal(end.code, 0, end.stderr);
      assert.deepEqual(JSON.parse(end.stdout), { exitCode: 143, signal: "SIGTERM" });
      assert.deepEqual(await session.leftOf(/tree\.js (root|middle|last)/), []);
    });

    it(`${runtime}: what a command leaves running outlives hmn run`, async () => {
      session.write("app/tree.js", TREE);
      const leaving = session.script(runtime, "tree.js", ["middle"]);
      const { exit_code, left_running } = json(await hmn("run", "--json", "--", ...leaving));
      assert.deepEqual([exit_code, left_running], [0, 1]);
      const left = session.processes(/tree\.js last/);
      assert.equal(left.length, 1);
      left.forEach(({ pid }) => process.kill(pid, "SIGKILL"));
    });

    it(`${runtime}: hmn record`, async () => {
      const end = await hmn("record", "--duration", "2s", "--out", `recordings-${runtime}`);
      assert.equal(end.code, 0, end.stderr);
      const folder = path.join(session.scratch, "app", `recordings-${runtime}`);
      assert.ok(fs.readdirSync(folder, { recursive: true }).length > 0);
    });

    it(`${runtime}: Ctrl+C ends hmn watch and hmn record with what they have`, async () => {
      const press = (...args: string[]) =>
        session.run(["press.exe", "c", "3000", ...command(args)], options);
      const watched = await press("watch", "--interval", "500ms", "--json");
      assert.equal(watched.code, 0, watched.stderr);
      const lines = watched.stdout.trimEnd().split("\n");
      assert.ok(lines.length >= 2);
      assert.equal(JSON.parse(lines.at(-1)!).kind, "summary");
      const recorded = await press("record", "--interval", "500ms", "--out", `pressed-${runtime}`);
      assert.equal(recorded.code, 0, recorded.stderr);
      const looked = await hmn("analyze", `pressed-${runtime}`);
      assert.equal(looked.code, 0, looked.stderr);
    });

    it(`${runtime}: hmn serve`, async () => {
      const served = session.spawn(command(["serve", "--port", "0"]), options);
      const end = ended(served);
      try {
        const url = await new Promise<string>((resolve, reject) => {
          let said = "";
          for (const stream of [served.stdout!, served.stderr!]) {
            stream.on("data", (text: string) => {
              const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said += text);
              if (found !== null) resolve(found[0]);
            });
          }
          end.then(({ code }) => reject(new Error(`it ended with ${code}: ${said}`)));
        });
        const answer = await fetch(`${url}/v1/snapshot`);
        assert.equal(answer.status, 200);
        const { system, devices } = await answer.json();
        assert.ok(system.total_bytes > GIB / 2);
        assert.equal(devices.length, 2);
      } finally {
        session.processes(/ serve /).forEach(({ pid }) => process.kill(pid, "SIGKILL"));
        await end;
      }
    });

    it(`${runtime}: no process is left`, async () => {
      assert.deepEqual(await session.leftOf(/cli\.js|main\.ts|data:|bun --smol/), []);
    });
  }
});
