/** `hmn check`: the exit code, the lines, and the files for CI. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { marked } from "marked";
import { DEFAULT_SETTINGS, type Expectation } from "../lib/session/config/settings.ts";
import { actsOn, HOSTILE } from "./support/an_analysis.ts";
import { hmn } from "./support/cli_world.ts";
import {
  aGpuRow,
  aProcessRow,
  aSystemRow,
  GIB,
  makeFolder,
  overTicks,
  writeSession,
} from "./support/session_files.ts";

const MIB = 2 ** 20;

interface Some {
  readonly rss?: (tick: number) => number | null;
  readonly vram?: (tick: number) => number | null;
  readonly target?: string;
  readonly watched?: boolean;
  readonly gpu?: boolean;
  readonly expect?: readonly Expectation[];
}

/** Ten minutes, every second: a command of 1 GiB on a machine with 16 of 64 GiB in use. */
function aRecording(folder: string, some: Some = {}) {
  const { rss = () => GIB, vram = () => 2 * GIB, target = "command", watched = true, gpu = true } =
    some;
  writeSession(folder, {
    ...(gpu ? { gpu: overTicks(600, (tick) => aGpuRow({ tick, usedBytes: vram(tick) })) } : {}),
    system: overTicks(600, (tick) => aSystemRow({ tick })),
    ...(watched
      ? {
        process: overTicks(600, (tick) =>
          aProcessRow({ tick, target, rssBytes: rss(tick), vramBytes: vram(tick) })),
      }
      : {}),
    meta: {
      settings: { ...DEFAULT_SETTINGS, intervalMs: 1_000, expect: some.expect ?? [] },
      ...(gpu ? {} : { devices: [] }),
    },
  });
}

const leaking = (tick: number) => GIB + tick * MIB + ((tick * 7919) % 13) * 2 ** 18;

test("all kept: 0, with a line a rule; one not: 1", async () => {
  using folder = makeFolder();
  aRecording(folder.path);
  const kept = await hmn([
    "check",
    folder.path,
    "--max-peak-ram",
    "2GiB",
    "--max-peak-vram",
    "3GiB",
    "--no-leak",
    "--max-zone",
    "safe",
  ]);
  assert.equal(kept.code, 0, kept.stdout + kept.stderr);
  const lines = kept.stdout.trimEnd().split("\n");
  assert.equal(lines.length, 5);
  assert.ok(lines.slice(0, 4).every((line) => line.startsWith("ok  ")), kept.stdout);
  assert.match(kept.stdout, /RAM of command: peak 1\.0 GiB, limit 2\.0 GiB/);
  const broken = await hmn([
    "check",
    folder.path,
    "--max-peak-ram",
    "512MiB",
    "--max-peak-vram",
    "3GiB",
  ]);
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /^FAIL .*RAM of command: peak 1\.0 GiB, limit 512 MiB/m);
  assert.match(broken.stdout, /^ok .*GPU memory of command/m);
});

test("where nothing was watched, the machine counts, and the line says so", async () => {
  using folder = makeFolder();
  aRecording(folder.path, { watched: false });
  const end = await hmn([
    "check",
    folder.path,
    "--max-peak-ram",
    "17GiB",
    "--max-peak-vram",
    "1GiB",
  ]);
  assert.equal(end.code, 1);
  assert.match(end.stdout, /^ok .*: RAM: peak 16\.0 GiB, limit 17\.0 GiB/m);
  assert.match(end.stdout, /^FAIL .*GPU 0 memory: peak 2\.0 GiB/m);
});

test("a planted leak is found, and a memory that does not grow is none", async () => {
  using folder = makeFolder();
  aRecording(folder.path, { rss: leaking });
  const end = await hmn(["check", folder.path, "--no-leak"]);
  assert.equal(end.code, 1);
  assert.match(end.stdout, /^FAIL {2}--no-leak: RAM of command: .*3\.5\d GiB\/h/m);
});

test("what could not be measured has not passed", async () => {
  using folder = makeFolder();
  aRecording(folder.path, { rss: (tick) => tick % 4 === 0 ? null : GIB, gpu: false });
  const run = (...args: string[]) => hmn(["check", folder.path, ...args]);
  const gaps = await run("--max-peak-ram", "2GiB");
  assert.equal(gaps.code, 1);
  assert.match(gaps.stdout, /FAIL .*limit 2\.0 GiB, but 25 % of it is not known/);
  // Above the limit is above it, whatever else is not known.
  assert.match(
    (await run("--max-peak-ram", "512MiB")).stdout,
    /FAIL .*peak 1\.0 GiB, limit 512 MiB\n/,
  );
  const zone = await run("--max-zone", "caution");
  assert.equal(zone.code, 1);
  assert.match(zone.stdout, /the recording has no GPU/);
  using lost = makeFolder();
  aRecording(lost.path, { vram: (tick) => tick < 300 ? null : 2 * GIB });
  const half = await hmn(["check", lost.path, "--max-zone", "caution"]);
  assert.equal(half.code, 1);
  assert.match(half.stdout, /its zone is not known for 50 % of it/);
});

test("a leak that can't be judged has not passed, beside others that can", async () => {
  using folder = makeFolder();
  // Too unsteady for its length: of the GPU memory nothing can be told.
  aRecording(folder.path, { vram: (tick) => tick < 5 ? 2 * GIB : null });
  const end = await hmn(["check", folder.path, "--no-leak"]);
  assert.equal(end.code, 1);
  assert.match(end.stdout, /^ok .*RAM of command/m);
  assert.match(end.stdout, /^FAIL {2}--no-leak: GPU memory of command: could not be measured/m);
});

test("against a baseline: relative limits, and what counts where no rule is given", async () => {
  using folder = makeFolder();
  const [a, b] = [join(folder.path, "a"), join(folder.path, "b")];
  aRecording(a);
  aRecording(b, { rss: () => GIB * 1.2 });
  const relative = (limit: string) => hmn(["check", b, "--baseline", a, "--max-peak-ram", limit]);
  assert.equal((await relative("+25%")).code, 0);
  const over = await relative("+5%");
  assert.equal(over.code, 1);
  assert.match(over.stdout, /peak 1\.2 GiB, limit 1\.\d GiB \(\+5% of the baseline\)/);
  const usual = await hmn(["check", b, "--baseline", a]);
  assert.equal(usual.code, 1);
  assert.equal(usual.stdout.match(/^(?:ok|FAIL)/gm)!.length, 3);
  assert.equal((await hmn(["check", a, "--baseline", a])).code, 0);
  const alone = await hmn(["check", b, "--max-peak-ram", "+5%"]);
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /give --baseline/);
});

const EXPECTED: Expectation = {
  name: "stays small",
  phase: null,
  type: null,
  of: "rss:command",
  spikeBytes: null,
  steadyBytes: null,
  growthPerStepBytes: null,
  cleanupRatio: null,
  peakBytes: { least: null, most: 512 * MIB },
  utilizationRatio: null,
};

test("expectations of the recording count, asked for or not", async () => {
  using folder = makeFolder();
  aRecording(folder.path, { expect: [EXPECTED] });
  for (const args of [[], ["--expect"], ["--max-peak-ram", "2GiB"]]) {
    const end = await hmn(["check", folder.path, ...args]);
    assert.equal(end.code, 1, args.join(" "));
    assert.equal(end.stdout.match(/^FAIL .*stays small/gm)?.length, 1, end.stdout);
  }
  using without = makeFolder();
  aRecording(without.path);
  assert.equal((await hmn(["check", without.path, "--expect"])).code, 1);
});

test("no rule, no recording, two recordings: mistakes", async () => {
  using folder = makeFolder();
  aRecording(folder.path);
  const code = async (...args: string[]) => (await hmn(["check", ...args])).code;
  assert.equal(await code(folder.path), 2);
  assert.equal(await code(), 2);
  assert.equal(await code(folder.path, folder.path, "--no-leak"), 2);
  assert.equal(await code(folder.path, "--max-zone", "critical"), 2);
  assert.equal(await code(folder.path, "--max-peak-ram", "-5%"), 2);
  assert.equal(await code(join(folder.path, "none"), "--no-leak"), 9);
});

test("JSON, Markdown and JUnit tell the same, hostile names included", async () => {
  using folder = makeFolder();
  aRecording(folder.path, { target: HOSTILE });
  const [markdown, junit] = [join(folder.path, "check.md"), join(folder.path, "check.xml")];
  const run = () =>
    hmn([
      "check",
      folder.path,
      "--max-peak-ram",
      "512MiB",
      "--max-peak-vram",
      "8GiB",
      "--markdown",
      markdown,
      "--junit",
      junit,
      "--json",
    ]);
  const end = await run();
  assert.equal(end.code, 1, end.stderr);
  const report = JSON.parse(end.stdout);
  assert.equal(report.passed, false);
  assert.deepEqual(
    report.results.map(({ verdict }: { verdict: string }) => verdict).toSorted(),
    ["failed", "ok"],
  );
  const html = marked.parse(readFileSync(markdown, "utf8")) as string;
  assert.equal(html.match(/<tr>/g)!.length, 3);
  assert.doesNotMatch(html, /<img|<script|<a |<code|<em>|<strong>/);
  const xml = readFileSync(junit, "utf8");
  assert.match(xml, /<testsuites tests="2" failures="1" errors="0">/);
  assert.equal(xml.match(/<testcase /g)!.length, 2);
  assert.match(xml, /<failure message="peak 1\.0 GiB, limit 512 MiB"\/>/);
  assertWellFormed(xml);
  assert.ok(![end.stdout, html, xml].some(actsOn));
  // Ours may be replaced, another's not.
  assert.equal((await run()).code, 1);
  writeFileSync(junit, "<mine/>");
  const refused = await run();
  assert.equal(refused.code, 74);
  assert.equal(readFileSync(junit, "utf8"), "<mine/>");
});

/** Every tag is closed in its order, and no character stands there that XML forbids. */
function assertWellFormed(xml: string) {
  const open: string[] = [];
  const text = xml.replace(/^<\?xml[^?]*\?>/, "").replace(/<!--(?:(?!--).)*-->/gs, "");
  for (const [tag] of text.matchAll(/<[^>]*>/g)) {
    assert.match(
      tag,
      /^<(?:\/[a-z]+|[a-z]+(?: [a-z]+="[^"<&]*(?:&(?:amp|lt|gt|quot|apos|#39);[^"<&]*)*")*\/?)>$/,
    );
    const name = /[a-z]+/.exec(tag)![0];
    if (tag.startsWith("</")) assert.equal(open.pop(), name);
    else if (!tag.endsWith("/>")) open.push(name);
  }
  assert.deepEqual(open, []);
  const forbidden = [...text].filter((char) => {
    const code = char.codePointAt(0)!;
    return code < 32 && !"\t\n\r".includes(char) || code === 0xfffe || code === 0xffff;
  });
  assert.deepEqual(forbidden, []);
}

test("stdout is for one of them; - is stdout, and the lines then stand on stderr", async () => {
  using folder = makeFolder();
  aRecording(folder.path);
  const end = await hmn(["check", folder.path, "--max-peak-ram", "2GiB", "--markdown", "-"]);
  assert.equal(end.code, 0);
  assert.match(end.stdout, /^## .*Memory check/);
  assert.match(end.stderr, /^ok /);
  const both = await hmn(["check", folder.path, "--no-leak", "--markdown", "-", "--json"]);
  assert.equal(both.code, 2);
  assert.match(both.stderr, /--markdown - and --json both write to stdout/);
});

test("an empty file, as CI systems hand it out, is filled", async () => {
  using folder = makeFolder();
  aRecording(folder.path);
  const path = join(folder.path, "summary.md");
  writeFileSync(path, "");
  assert.equal(
    (await hmn(["check", folder.path, "--max-peak-ram", "2GiB", "--markdown", path])).code,
    0,
  );
  assert.match(readFileSync(path, "utf8"), /Memory check/);
});
