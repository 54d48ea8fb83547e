import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { COMMANDS } from "../cli.ts";
import { isValued } from "../lib/cli/command.ts";
import { FAILURES } from "../lib/errors.ts";
import { VERSION } from "../lib/version.ts";
import { hmn } from "./support/cli_world.ts";
import { repositoryFile } from "./support/run_script.ts";

const PID_FORM = "a whole number from 1 to 2147483647";
const DEVICE_FORM = "an index, a UUID or its first 8 or more characters, a PCI bus id, or a LUID";
const SOURCES_FORM = "names separated by commas, out of proc, proc_mm, nvml, nvidia_smi, runtime";
const SORT_FORM = "dedicated, vram, committed, shared, total, rss";

const NAMES =
  "snapshot, ps, watch, run, spill, record, phase, analyze, check, serve, banner, doctor";

/** Refused before anything is opened, with one line. */
async function refused(args: readonly string[], line: string, env: Record<string, string> = {}) {
  const end = await hmn(args, {}, { env });
  assert.equal(end.stderr, `${line}\n`);
  assert.equal(end.stdout, "");
  assert.equal(end.code, 2);
  assert.equal(end.opened, null);
}

const BAD_VALUES: readonly [option: string, form: string, values: readonly string[]][] = [
  ["pid", PID_FORM, ["0", "x", "1.5", "1e3", "0x10", "2147483648", "99999999999", " 1", "-5"]],
  ["device", DEVICE_FORM, ["-1", "1.5", "GPU-1", "01:00", "zz:00.0", "GPU-12_45678", "1234567890"]],
  ["sort", SORT_FORM, ["VRAM", "pid", "toString", "__proto__", "-x"]],
  ["sources", SOURCES_FORM, ["nvidia", "proc,foo", ",", "proc;nvml"]],
];

for (const [option, form, values] of BAD_VALUES) {
  for (const value of values) {
    test(`ps --${option}=${value} is refused`, () =>
      refused(
        ["ps", `--${option}=${value}`],
        `hmn: error: --${option} "${value}" is not accepted: give ${form}`,
      ));
    test(`ps --${option} ${value} is refused`, () =>
      refused(
        ["ps", `--${option}`, value],
        `hmn: error: --${option} "${value}" is not accepted: give ${form}`,
      ));
  }
}

test("every option of every command is refused without a value, with a wrong one, or twice", async () => {
  let options = 0;
  for (const { name, load } of COMMANDS) {
    const { command } = await load();
    const start = name === null ? [] : [name];
    for (const [option, spec] of Object.entries(command.options)) {
      options++;
      const once = isValued(spec) ? `--${option}=1` : `--${option}`;
      const isRepeated = isValued(spec) && spec.repeats === true;
      if (!isRepeated) {
        await refused(
          [...start, once, once],
          `hmn: error: --${option} is given twice: give it once`,
        );
      }
      if (isValued(spec)) {
        const missing = `hmn: error: --${option} has no value: give ${spec.accepts}`;
        await refused([...start, `--${option}`], missing);
        await refused([...start, `--${option}=`], missing);
        await refused([...start, `--${option}`, ""], missing);
        const shown = spec.shown?.("\x1b[31m") ?? '"\\u{1b}[31m"';
        assert.ok(!shown.includes("\x1b"), option);
        await refused(
          [...start, `--${option}`, "\x1b[31m"],
          `hmn: error: --${option} ${shown} is not accepted: give ${spec.accepts}`,
        );
      } else {
        // Of a command that runs another, `false` is that other one.
        const next = command.operands?.takeRest ? [] : [[`--${option}`, "false"]];
        for (const args of [[`--${option}=no`], [`--${option}=true`], ...next]) {
          const value = args[1] ?? args[0]!.split("=")[1];
          await refused(
            [...start, ...args],
            `hmn: error: --${option} "${value}" is not accepted: --${option} takes no value`,
          );
        }
      }
    }
  }
  assert.ok(options >= 31, `${options} options were tried`);
});

test("a secret that is refused is not shown, wherever it came from", async () => {
  const form = "give 8 to 512 letters, digits and signs without spaces";
  await refused(
    ["ps", "--token", "se cret"],
    `hmn: error: --token of 7 characters is not accepted: ${form}`,
  );
  await refused(["serve"], `hmn: error: HMN_TOKEN of 13 characters is not accepted: ${form}`, {
    HMN_TOKEN: "tok-12345678\r",
  });
  const urls = [
    ["http://tok:pw@host:1/", '"http://…@host:1/"'],
    ["http://host:1/#token=abc", '"http://host:1/…"'],
    ["http://host:1/?token=abc", '"http://host:1/…"'],
  ];
  for (const [url, shown] of urls) {
    const line = `hmn: error: --url ${shown} is not accepted: ` +
      "give an address such as http://127.0.0.1:9700, the token by itself (HMN_TOKEN)";
    await refused(["ps", "--url", url!], line);
  }
});

test("an unknown option is named with those that there are", async () => {
  const known = "--json, --device, --url, --token, --sources, --help, --version";
  for (const option of ["--foo", "--foo=1", "-x", "-5", "--no-json", "--json.x", "--constructor"]) {
    await refused([option], `hmn: error: unknown option "${option}": hmn takes ${known}`);
  }
  await refused(
    ["doctor", "--pid", "1"],
    `hmn: error: unknown option "--pid": hmn doctor takes --json, --url, --token, --sources, --help, --version`,
  );
});

test("an unknown command and stray arguments are named", async () => {
  await refused(
    ["pss"],
    `hmn: error: unknown command "pss": the commands are ${NAMES}, help`,
  );
  await refused(
    ["help", "pss"],
    `hmn: error: unknown command "pss": the commands are ${NAMES}, help`,
  );
  await refused(
    ["ps\n"],
    `hmn: error: unknown command "ps\\u{a}": the commands are ${NAMES}, help`,
  );
  await refused(
    ["ps", "17"],
    `hmn: error: unexpected argument "17": hmn ps takes options only; see hmn ps --help`,
  );
  await refused(
    ["ps", "--", "--json"],
    `hmn: error: unexpected argument "--json": hmn ps takes options only; see hmn ps --help`,
  );
  await refused(
    ["--json", "pss"],
    `hmn: error: unexpected argument "pss": hmn takes options only; see hmn --help`,
  );
});

test("--json before a command is refused in the original's words", () =>
  refused(
    ["--json", "ps"],
    "hmn: --json before a subcommand is ignored, not applied — each subcommand has its own --json (e.g. `hmn ps --json`, not `hmn --json ps`)",
  ));

test("HMN_SOURCES is checked before anything is opened, and an option goes before it", async () => {
  await refused(["doctor"], `hmn: error: HMN_SOURCES "foo" is not accepted: give ${SOURCES_FORM}`, {
    HMN_SOURCES: "foo",
  });
  const sources = async (args: readonly string[], list: string) =>
    (await hmn(args, {}, { env: { HMN_SOURCES: list } })).opened?.sources;
  assert.deepEqual(await sources([], "nvml, proc"), ["proc", "nvml"]);
  assert.deepEqual(await sources(["--sources", "nvidia_smi"], "foo"), ["nvidia_smi"]);
  assert.equal(await sources([], ""), undefined);
});

test("both forms of an option are taken", async () => {
  for (const args of [["ps", "--pid", "7", "--sort", "rss"], ["ps", "--pid=7", "--sort=rss"]]) {
    const { code, stderr } = await hmn(args);
    assert.equal(stderr, "hmn: 0 GPU processes found matching pid=7.\n");
    assert.equal(code, 0);
  }
});

test("the version is the same everywhere", async () => {
  for (const file of ["package.json", "deno.json"]) {
    const { version } = JSON.parse(readFileSync(repositoryFile(file), "utf8"));
    assert.equal(VERSION, version, file);
  }
  for (const args of [["--version"], ["-V"], ["ps", "--version"], ["-V", "--json"]]) {
    const { code, stdout, stderr, opened } = await hmn(args);
    assert.deepEqual([code, stdout, stderr, opened], [0, `hmn ${VERSION}\n`, "", null]);
  }
});

test("help asks nothing of the machine, fits 80 columns and says the same by every way", async () => {
  const ways: Record<string, string[][]> = {
    "hmn": [["--help"], ["-h"], ["help"], ["--help", "--device", "x"]],
    ...Object.fromEntries(
      NAMES.split(", ").map((name) => [name, [[name, "--help"], [name, "-h"], ["help", name]]]),
    ),
    "exit codes": [["help", "exit-codes"]],
  };
  for (const [name, forms] of Object.entries(ways)) {
    const texts = [];
    for (const args of forms) {
      const { code, stdout, stderr, opened } = await hmn(args);
      assert.deepEqual([code, stderr, opened], [0, "", null]);
      for (const line of stdout.split("\n")) assert.ok(line.length <= 80, `${name}: ${line}`);
      texts.push(stdout);
    }
    assert.ok(texts[0]!.length > 200, name);
    assert.equal(new Set(texts).size, 1, name);
  }
});

test("each command's help names its options and what they accept, and has examples", async () => {
  for (const { name, load } of COMMANDS) {
    const { command } = await load();
    const { stdout } = await hmn(name === null ? ["--help"] : ["help", name]);
    const flat = stdout.replace(/\s+/g, " ");
    for (const [option, spec] of Object.entries(command.options)) {
      assert.ok(flat.includes(` --${option} `), option);
      assert.ok(flat.includes(spec.about), spec.about);
      if (isValued(spec)) assert.ok(flat.includes(spec.accepts), spec.accepts);
    }
    assert.ok(command.examples.length > 0);
  }
});

test("the examples of the help are accepted", async () => {
  const before = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), "hypomnesis-examples-"));
  // Some of them write files where they are.
  process.chdir(folder);
  try {
    for (const { load } of COMMANDS) {
      for (const [line] of (await load()).command.examples) {
        const args = line.split(/ \| | >> /)[0]!.replaceAll("'", "").split(" ").slice(1);
        // What would go on for ever is ended, and what needs a terminal has one.
        // The same port is another runtime's in the same moment.
        const port = args[0] === "serve" ? ["--port", "0"] : [];
        const { stderr, code } = await hmn([...args, ...port], {}, {
          tty: true,
          onListen: (send) => setTimeout(() => send("SIGINT"), 20),
        });
        assert.notEqual(code, 2, `${line}: ${stderr}`);
      }
    }
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  }
});

test("the exit codes of the help are those of the failures", async () => {
  const flat = (await hmn(["help", "exit-codes"])).stdout.replace(/\s+/g, " ");
  for (const [code, { exit, means }] of Object.entries(FAILURES)) {
    assert.ok(flat.includes(`${code}: ${means}`), code);
    assert.match(flat, new RegExp(` ${exit} `));
  }
});
