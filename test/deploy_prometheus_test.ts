/** The scrape job and the alerts of `deploy/prometheus`, through the tool that is made for them. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { FAMILIES } from "../lib/metrics/families.ts";
import { promtool, skipPrometheus } from "./support/prometheus.ts";
import { repositoryFile } from "./support/run_script.ts";

const FOLDER = repositoryFile("deploy/prometheus");
const RULES = fs.readFileSync(path.join(FOLDER, "hmn_alerts.yml"), "utf8");
const ALERTS = [...RULES.matchAll(/- alert: (\S+)/g)].map(([, name]) => name!);

describe("the alerts", () => {
  it("ask for metrics that there are", () => {
    const names = new Set(FAMILIES.map(({ name }) => name));
    const used = new Set(RULES.replace(/^\s*#.*/gm, "").match(/\bhmn_[a-z_]+/g));
    assert.ok(used.size > 12, `only ${used.size} names were read`);
    for (const name of used) assert.ok(names.has(name), name);
  });

  it("have a name of their own each, and say what is the matter", () => {
    assert.equal(new Set(ALERTS).size, ALERTS.length);
    for (const word of ["severity:", "summary:", "description:"]) {
      assert.equal(RULES.split(word).length - 1, ALERTS.length, word);
    }
  });
});

describe("the files of Prometheus", { skip: skipPrometheus }, () => {
  let copy: string;

  before(() => {
    copy = fs.mkdtempSync(path.join(os.tmpdir(), "hmn-deploy-"));
    fs.cpSync(FOLDER, copy, { recursive: true });
    fs.writeFileSync(path.join(copy, "hmn_token"), "a token");
  });
  after(() => fs.rmSync(copy, { recursive: true }));

  it("are a configuration with its rules", () => {
    const { code, output } = promtool(["check", "config", "prometheus.yml"], { cwd: copy });
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`${ALERTS.length} rules found`));
  });

  it("are rules that fire when they should, and only then", () => {
    const { code, output } = promtool(["test", "rules", "hmn_alerts_test.yml"], { cwd: copy });
    assert.equal(code, 0, output);
  });

  for (const name of ALERTS) {
    it(`would not pass if ${name} never fired`, () => {
      const rule = new RegExp(`(- alert: ${name}\\n\\s+expr: )(?:\\|\\n(?: {10}.*\\n)+|.*\\n)`);
      const muted = RULES.replace(rule, "$1vector(0) > 1\n");
      assert.notEqual(muted, RULES);
      fs.writeFileSync(path.join(copy, "hmn_alerts.yml"), muted);
      assert.equal(promtool(["check", "rules", "hmn_alerts.yml"], { cwd: copy }).code, 0);
      const { code, output } = promtool(["test", "rules", "hmn_alerts_test.yml"], { cwd: copy });
      assert.notEqual(code, 0);
      assert.match(output, new RegExp(name));
    });
  }
});
