import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { WideProcess } from "../lib/cli/ps_rows.ts";
import { aDevice, aGpuProcess, aProcessesReply } from "../lib/testing.ts";
import { VERSION } from "../lib/version.ts";
import { hmn } from "./support/cli_world.ts";
import { repositoryFile, runScript, SCRIPT_ENV, scriptCommand } from "./support/run_script.ts";

const CLI = repositoryFile("cli.ts");
const noShell = process.platform === "win32" ? "needs a POSIX shell" : false;

/** Runs a shell line in which `$HMN` stands for the command line. */
function shell(line: string) {
  const quoted = scriptCommand(CLI).map((word) => `'${word}'`).join(" ");
  return spawnSync("sh", ["-c", line.replaceAll("$HMN", quoted)], {
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, ...SCRIPT_ENV },
  });
}

test("output that nobody reads any more ends the run quietly", async () => {
  const rows: WideProcess[] = Array.from({ length: 50 }, (_, i) => ({
    ...aGpuProcess({ pid: i + 1 }),
    user: null,
    container: null,
    command: null,
  }));
  const processes = aProcessesReply({ processes: rows, devices: [aDevice()] });
  for (const args of [[], ["ps"], ["ps", "--json"], ["snapshot"], ["doctor"], ["--help"], ["-V"]]) {
    const end = await hmn(args, { processes }, { closesAfter: 3 });
    assert.deepEqual([end.code, end.stdout, end.stderr], [0, "", ""], args.join(" "));
    assert.equal(end.opened === null, !end.closed);
  }
});

test("on a terminal, a line says what is waited for, and goes away", async () => {
  const waits = [["nvml", 1004], ["nvml", 2009], ["proc", 3999]] as const;
  const tty = await hmn(["--json"], {}, { tty: true, waits });
  assert.equal(
    tty.stderr,
    "\r\x1b[Khmn: waiting for nvml … 1 s\r\x1b[Khmn: waiting for nvml … 2 s" +
      "\r\x1b[Khmn: waiting for proc … 3 s\r\x1b[K",
  );
  assert.equal(tty.cleanUps.length, 1);
  const piped = await hmn(["--json"], {}, { waits });
  assert.deepEqual([piped.stderr, piped.cleanUps.length], ["", 0]);
});

test("the line goes away also where the question fails", async () => {
  const end = await hmn(["--json"], { devices: new Error("no") }, {
    tty: true,
    waits: [["nvml", 1500]],
  });
  assert.equal(
    end.stderr,
    "\r\x1b[Khmn: waiting for nvml … 1 s\r\x1b[Khmn: error: Unexpected error: Error: no\n",
  );
});

test("the program itself writes, ends and gives its exit code", async () => {
  const version = await runScript(CLI, { args: ["--version"] });
  assert.deepEqual([version.code, version.stdout, version.stderr], [0, `hmn ${VERSION}\n`, ""]);
  const wrong = await runScript(CLI, { args: ["ps", "--pid", "x"] });
  assert.deepEqual([wrong.code, wrong.stdout], [2, ""]);
  assert.match(wrong.stderr, /^hmn: error: --pid "x" is not accepted: [^\n]+\n$/);
  const sources = await runScript(CLI, { args: ["doctor"], env: { HMN_SOURCES: "foo" } });
  assert.equal(sources.code, 2);
  assert.match(sources.stderr, /^hmn: error: HMN_SOURCES "foo" /);
});

test("a pipe closed at the other end is no error", { skip: noShell }, () => {
  const closed = shell("{ sleep 1; $HMN --help; echo $? >&2; } | true");
  assert.deepEqual([closed.stdout, closed.stderr], ["", "0\n"]);
});

test(
  "output is appended to a file, whole, and comes in its place among others'",
  { skip: noShell },
  () => {
    const dir = mkdtempSync(join(tmpdir(), "hmn-cli-"));
    try {
      const file = join(dir, "out.txt");
      const { status } = shell(
        `{ echo before; $HMN --version; $HMN help exit-codes; echo after; } >> '${file}'`,
      );
      assert.equal(status, 0);
      const text = readFileSync(file, "utf8");
      assert.ok(text.startsWith(`before\nhmn ${VERSION}\nExit codes:\n`), text);
      assert.ok(
        text.endsWith(
          "there is no such command\n  130  ended by Ctrl+C\n  143  ended by SIGTERM\nafter\n",
        ),
        text,
      );
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
);
