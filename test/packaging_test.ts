/**
 * The packed tarball, installed in an empty project, in each way a user can run it. Each one probes for real
 * afterwards, in both isolations.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { repositoryFile, RUNTIME } from "./support/run_script.ts";

const BIN = repositoryFile("node_modules/.bin");
const APP = `
import { openMeter } from "hypomnesis";
for (const isolation of ["process", "worker"]) {
  const meter = openMeter({ isolation });
  const rss = await meter.processRss();
  const { system } = await meter.ask({ kind: "memory", pids: [], system: true, details: false, pss: false, cpu: false });
  console.log(isolation, rss > 0, system.totalBytes > 0);
  await meter.close();
}
`;
const PROBED = "process true true\nworker true true\n";

/** A service around the endpoint, asked by the client; the page is in the bundle. */
const SERVICE = `
import { Hono } from "hono";
import { HypomnesisError, openMeter } from "hypomnesis";
import { connect, createClient } from "hypomnesis/client";
import { bearer, createApp, serveApp } from "hypomnesis/http";
import { registerInstruments } from "hypomnesis/otel";
const meter = openMeter();
const app = new Hono();
app.route("/hmn", createApp(meter, { authorize: bearer("a-secret-token") }));
const server = await serveApp((request, env) => app.fetch(request, env), { port: 0 });
const url = server.url + "/hmn";
const token = "a-secret-token";
const { system } = await connect(url, { token }).ask({ kind: "memory", pids: [], system: true, details: false, pss: false, cpu: false });
const { kind } = await (await createClient(url, { token }).v1.devices.$get()).json();
const page = await (await fetch(url)).text();
const refused = await connect(url).ask({ kind: "ping" }).catch((error) => error);
const names = [];
const instrument = (name) => (names.push(name), { addCallback() {}, removeCallback() {} });
registerInstruments({
  createObservableGauge: instrument, createObservableCounter: instrument, createObservableUpDownCounter: instrument,
  addBatchObservableCallback() {}, removeBatchObservableCallback() {},
}, meter);
console.log(system.totalBytes > 0, kind, page.includes("uPlot"), refused instanceof HypomnesisError, refused.code, names.includes("hw.gpu.memory.usage"));
await server.close();
await meter.close();
`;
/** What a typed client knows of the endpoint, and what it does not let pass. */
const TYPED = `
import { Hono } from "hono";
import { openMeter } from "hypomnesis";
import { connect, createClient } from "hypomnesis/client";
import { bearer, createApp } from "hypomnesis/http";
import { registerInstruments } from "hypomnesis/otel";
const meter = openMeter();
new Hono().route("/hmn", createApp(meter, { authorize: bearer("a-secret-token") }));
const { devices } = await connect("http://127.0.0.1:9700").ask({ kind: "devices" });
export const used: number | null | undefined = devices[0]?.usedBytes;
const client = createClient("http://127.0.0.1:9700");
const snapshot = await (await client.v1.snapshot.$get({ query: {} })).json();
export const ram: number | null | undefined = snapshot.system?.used_bytes;
export const pci: string | null | undefined = snapshot.devices[0]?.pci_bus_id;
await client.v1.ask.$post({ json: { kind: "find", name: null, top: 3 } });
await client.v1.telemetry.$post({ json: { allocated_bytes: 1, reserved_bytes: 2 } });
export const register: typeof registerInstruments = registerInstruments;
// @ts-expect-error JSON outside is in snake_case
snapshot.system?.usedBytes;
// @ts-expect-error there is no such address
client.v1.nothing;
`;
const SERVED = "true devices true true permission_denied true\n";

describe("the package", () => {
  let dir: string;

  /** Runs a command in the project; what it prints. */
  function run(command: string, args: readonly string[], cwd = dir): string {
    return execFileSync(command, args, {
      cwd,
      encoding: "utf8",
      timeout: 120_000,
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, PATH: `${BIN}:${process.env.PATH}`, NO_COLOR: "1" },
    });
  }
  const write = (name: string, text: string) => fs.writeFileSync(path.join(dir, name), text);

  before(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-package-"));
    // The build stands already; packing must not change it under a test that runs at the same time.
    const packed = run(
      "npm",
      ["pack", "--silent", "--ignore-scripts", "--pack-destination", dir],
      repositoryFile(""),
    );
    const tarball = path.join(dir, packed.trim().split("\n").at(-1)!);
    write("package.json", '{ "name": "app", "private": true, "type": "module" }\n');
    run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", tarball]);
    write("app.mjs", APP);
    write("service.mjs", SERVICE);
  });
  after(() => fs.rmSync(dir, { recursive: true, force: true }));

  it("holds nothing but itself and hono: no other dependency, no test, no tool of ours", () => {
    const own = path.join(dir, "node_modules/hypomnesis");
    assert.deepEqual(
      fs.readdirSync(path.join(dir, "node_modules")).filter((name) => !name.startsWith(".")).sort(),
      ["hono", "hypomnesis"],
    );
    for (const name of ["test", "bench", "node_modules", ".ci"]) {
      assert.ok(!fs.existsSync(path.join(own, name)), `${name} is not in the package`);
    }
    for (const name of ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "dist/types/mod.d.ts"]) {
      assert.ok(fs.existsSync(path.join(own, name)), `${name} is in the package`);
    }
  });

  if (RUNTIME === "bun") {
    it("bunx hmn", () => {
      assert.match(run("bunx", ["hmn", "--version"]), /^hmn \d+\.\d+\.\d+\n$/);
      const devices = JSON.parse(run("bunx", ["hmn", "--json"]));
      assert.ok(Array.isArray(devices));
      const snapshot = JSON.parse(run("bunx", ["hmn", "snapshot", "--json"]));
      assert.ok(snapshot.process.rss_bytes > 0);
    });

    it("import in Bun", () => assert.equal(run("bun", ["app.mjs"]), PROBED));

    it("a service in Bun", () => assert.equal(run("bun", ["service.mjs"]), SERVED));

    it("the user's own bundle, away from the package", () => {
      run("bun", ["build", "--target=bun", "--outfile=bundled/app.mjs", "app.mjs"]);
      const alone = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-bundle-"));
      try {
        fs.copyFileSync(path.join(dir, "bundled/app.mjs"), path.join(alone, "app.mjs"));
        assert.equal(run("bun", ["app.mjs"], alone), PROBED);
        assert.equal(run("deno", ["run", "-A", "app.mjs"], alone), PROBED);
      } finally {
        fs.rmSync(alone, { recursive: true });
      }
    });

    it("a single binary", () => {
      run("bun", ["build", "--compile", "--outfile=single", "app.mjs"]);
      const alone = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-single-"));
      try {
        fs.renameSync(path.join(dir, "single"), path.join(alone, "single"));
        assert.equal(run(path.join(alone, "single"), [], alone), PROBED);
      } finally {
        fs.rmSync(alone, { recursive: true });
      }
    });
  } else {
    it("import in Deno, from node_modules", () => {
      assert.equal(run("deno", ["run", "-A", "app.mjs"]), PROBED);
    });

    it("a service in Deno", () => {
      assert.equal(run("deno", ["run", "-A", "service.mjs"]), SERVED);
    });

    it("types of a service", () => {
      write("typed.ts", TYPED);
      write(
        "deno.json",
        '{ "nodeModulesDir": "manual", "compilerOptions": { "strict": true } }',
      );
      try {
        run("deno", ["check", "--quiet", "typed.ts"]);
      } finally {
        fs.rmSync(path.join(dir, "deno.json"));
      }
    });

    it("the command in Deno", () => {
      const cli = "node_modules/hypomnesis/dist/cli.js";
      assert.match(run("deno", ["run", "-A", cli]), /RAM: used \d+ MiB/);
    });

    it("import of mod.ts by path, with no configuration", () => {
      const alone = fs.mkdtempSync(path.join(os.tmpdir(), "hypomnesis-path-"));
      try {
        // Deno takes no TypeScript from inside node_modules, so the package lies elsewhere.
        const unpacked = path.join(alone, "hypomnesis");
        fs.cpSync(path.join(dir, "node_modules/hypomnesis"), unpacked, { recursive: true });
        fs.writeFileSync(
          path.join(alone, "app.ts"),
          APP.replace('"hypomnesis"', '"./hypomnesis/mod.ts"').replace("system.", "system!."),
        );
        assert.equal(run("deno", ["run", "-A", "--no-config", "app.ts"], alone), PROBED);
      } finally {
        fs.rmSync(alone, { recursive: true });
      }
    });
  }
});
