/** What the README and `examples/` show is run, and prints what they say. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { describe, it } from "node:test";
import { fakeMachine, skipNative } from "./support/native.ts";
import { repositoryFile, runScript } from "./support/run_script.ts";

const MACHINE = "gpus=1\nused=512M\nreload=0\n";

/** The first block of a language after a place in a Markdown text. */
function block(markdown: string, language: string, after: string): string {
  const rest = markdown.slice(markdown.indexOf(after));
  const found = new RegExp("```" + language + "\\n([\\s\\S]*?)```").exec(rest);
  assert.ok(found, `the README has a ${language} block after ${after}`);
  return found[1]!;
}

describe("what the documentation shows", { skip: skipNative() }, () => {
  it("the README's first library example prints the lines under it", async () => {
    const readme = fs.readFileSync(repositoryFile("README.md"), "utf8");
    const marker = "The tests run this example";
    const program = block(readme, "ts", marker)
      .replace('"hypomnesis"', JSON.stringify(pathToFileURL(repositoryFile("mod.ts")).href));
    const shown = block(readme, "text", marker).trimEnd().split("\n");
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-readme-"));
    const machine = fakeMachine(MACHINE);
    try {
      const script = path.join(dir, "example.ts");
      fs.writeFileSync(script, program);
      const end = await runScript(script, { env: { HMN_NVML_PATH: machine.nvmlPath } });
      assert.equal(end.code, 0, end.stderr);
      // The numbers differ from run to run; their places do not.
      const shape = (line: string) => line.replace(/\d+(\.\d+)?/g, "N");
      const printed = end.stdout.trimEnd().split("\n");
      assert.deepEqual(printed.map(shape), shown.map(shape));
      assert.equal(printed[1], shown[1]);
    } finally {
      machine.cleanup();
      fs.rmSync(dir, { recursive: true });
    }
  });

  it("the README's example of a recording prints the line under it", async () => {
    const readme = fs.readFileSync(repositoryFile("README.md"), "utf8");
    const marker = "`hypomnesis/session` records and analyses";
    const module = pathToFileURL(repositoryFile("lib/session/mod.ts")).href;
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-readme-"));
    try {
      const script = path.join(dir, "example.ts");
      // It records into the folder it is run in.
      const program = `process.chdir(${JSON.stringify(dir)});\n` +
        block(readme, "ts", marker).replace(
          /import \{([^}]*)\} from "hypomnesis\/session";/,
          (_, names) => `const {${names}} = await import(${JSON.stringify(module)});`,
        );
      fs.writeFileSync(script, program);
      const denoFlags = ["-A", "--no-check", "--config", repositoryFile("deno.json")];
      const end = await runScript(script, { denoFlags });
      assert.equal(end.code, 0, end.stderr);
      assert.equal(end.stdout, block(readme, "text", marker));
    } finally {
      fs.rmSync(dir, { recursive: true });
    }
  });

  const EXAMPLES: readonly (readonly [string, RegExp])[] = [
    // What it reports is looked at in emitters_test.ts.
    ["allocator_emitter.ts", /^(?:step \d: \d+ of \d+ bytes\n){3}$/],
    ["this_process.ts", /^RAM: \d+ bytes\nGPU 0: 0 bytes\n$/],
    ["before_after.ts", /^ {2}64 MiB array: RAM \+\d+ MB {2}\| {2}VRAM \+0 MB \[per-process\]\n/],
    [
      "run_command.ts",
      /^exit code 0 after \d+ ms\npeak RAM [1-9]\d+ bytes \((sum_rss|vm_hwm)\)\n(?:\d+ (?:sh|sleep) \d+\n){3}GPU 0: 0 bytes\n/,
    ],
    ["spill.ts", /^spill is not measurable here\n$/],
    ["peak.ts", /^8 blocks: peak RSS [1-9]\d{7,} bytes at \d+ ms\n$/],
    ["watch.ts", /^\+\d+ ms: RSS \d+, GPUs 536870912\n(?:\+\d+ ms: .*\n){2}$/],
  ];

  /** What needs a server, a signal or a package, and the test that runs it. */
  const ELSEWHERE: readonly (readonly [string, string])[] = [
    ["client.ts", "hmn_serve_test.ts"],
    ["mounted_service.ts", "hmn_serve_test.ts"],
    ["otel.ts", "otel_register_test.ts"],
  ];

  it("every example is run, here or elsewhere", () => {
    const files = fs.readdirSync(repositoryFile("examples")).filter((name) => name.endsWith(".ts"))
      .sort();
    assert.deepEqual(files, [...EXAMPLES, ...ELSEWHERE].map(([name]) => name).sort());
    for (const [example, test] of ELSEWHERE) {
      const text = fs.readFileSync(repositoryFile(`test/${test}`), "utf8");
      assert.ok(text.includes(`examples/${example}`), `${test} runs ${example}`);
    }
  });

  for (const [example, expected] of EXAMPLES) {
    it(`examples/${example}`, async () => {
      const machine = fakeMachine(MACHINE);
      try {
        const end = await runScript(repositoryFile(`examples/${example}`), {
          env: { HMN_NVML_PATH: machine.nvmlPath },
        });
        assert.equal(end.code, 0, end.stderr);
        assert.match(end.stdout, expected);
      } finally {
        machine.cleanup();
      }
    });
  }
});
