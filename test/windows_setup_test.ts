/** The place where Windows programs run: it works, and nothing of it stays. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { repositoryFile } from "./support/run_script.ts";
import { skipWine, WINDOWS_RUNTIMES, WineSession } from "./support/wine.ts";
import { WINE_FOLDER } from "./support/wine_set_up.ts";

/** Mounts below the folder of Wine, as this test sees them. */
function mounts(): string[] {
  return fs.readFileSync("/proc/self/mounts", "utf8").split("\n")
    .filter((line) => line.includes(WINE_FOLDER));
}

/** Processes in a namespace of process ids. */
function processesIn(namespace: string): string[] {
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return fs.readlinkSync(`/proc/${pid}/ns/pid`) === namespace;
    } catch {
      return false; // It ended meanwhile.
    }
  });
}

/** Files of the sessions of one test process. */
function filesOf(pid: number): string[] {
  return [WINE_FOLDER, path.join(WINE_FOLDER, "root")].flatMap((folder) => fs.readdirSync(folder))
    .filter((name) => name.includes(`-${pid}-`));
}

describe("Windows in the tests", { skip: await skipWine(), timeout: 120_000 }, () => {
  it("both runtimes run, with arguments, environment, stdin and an exit code", async () => {
    await using session = await WineSession.open();
    const file = session.write(
      "ä b/echo.js",
      `console.log(process.platform, process.argv.at(-1), process.env.WORD, process.cwd());
       console.error("err"); process.exit(7);`,
    );
    for (const runtime of WINDOWS_RUNTIMES) {
      const end = await session.run(session.script(runtime, file, ["ö ü"]), {
        env: { WORD: "é è" },
      });
      assert.deepEqual(end, { code: 7, stdout: "win32 ö ü é è Z:\\scratch\n", stderr: "err\n" });
    }
  });

  it("a session has its own Windows, and leaves nothing", async () => {
    const one = await WineSession.open();
    const two = await WineSession.open();
    one.install("only_here.dll", new Uint8Array(3));
    assert.ok(fs.existsSync(path.join(one.system32, "only_here.dll")));
    assert.ok(!fs.existsSync(path.join(two.system32, "only_here.dll")));
    one.spawn(["Z:\\exe\\bun.exe", "-e", "setInterval(() => {}, 1000)"]);
    assert.deepEqual(mounts(), []);
    await Promise.all([one.close(), two.close()]);
    assert.deepEqual(one.processes(/./), []);
    assert.deepEqual(filesOf(process.pid), []);
  });

  it("a test that is killed leaves nothing mounted or running", async () => {
    const test = spawn(process.execPath, [repositoryFile("test/windows/open_session.ts")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const namespace = await new Promise<string>((resolve) =>
      test.stdout.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()))
    );
    assert.ok(processesIn(namespace).length > 1);
    test.kill("SIGKILL");
    for (let tries = 0; tries < 250 && processesIn(namespace).length > 0; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.deepEqual(processesIn(namespace), []);
    assert.deepEqual(mounts(), []);
    await (await WineSession.open()).close();
    assert.deepEqual(filesOf(test.pid!), [], "the next session removes its files");
  });
});
