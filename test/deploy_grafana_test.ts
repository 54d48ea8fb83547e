/** The dashboard of `deploy/grafana`: its form, and each of its questions asked of a real Prometheus. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { chooseFormat } from "../lib/metrics/choose_format.ts";
import { FAMILIES } from "../lib/metrics/families.ts";
import { aFullReading } from "./support/metrics_reading.ts";
import {
  type Prometheus,
  promtool,
  skipPrometheus,
  startPrometheus,
} from "./support/prometheus.ts";
import { repositoryFile } from "./support/run_script.ts";
import { type MetricsServer, serveMetrics } from "./support/serve_metrics.ts";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: unknown;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly { readonly expr: string; readonly datasource: unknown }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly query: unknown;
    }[];
  };
}

const TEXT = fs.readFileSync(repositoryFile("deploy/grafana/hypomnesis.json"), "utf8");
const { panels, templating }: Dashboard = JSON.parse(TEXT);
const QUESTIONS = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ title, expr }))
);

/** What Grafana puts in the place of its variables when everything is chosen. */
const filledIn = (expr: string) =>
  expr.replaceAll(/\$(?:job|instance)\b/g, ".*")
    .replaceAll(/\$__(?:rate_interval|range)\b/g, "1m");

describe("the dashboard", () => {
  it("asks for metrics that there are, in every place", () => {
    const names = new Set(FAMILIES.map(({ name }) => name));
    const used = new Set(TEXT.match(/\bhmn_[a-z_]+/g));
    assert.ok(used.size > 25, `only ${used.size} names were read`);
    for (const name of used) assert.ok(names.has(name), name);
  });

  it("has every panel in its place, on the data source that is chosen", () => {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const taken = new Set<string>();
    for (const { title, type, gridPos: { x, y, w, h }, targets = [], datasource } of panels) {
      assert.ok(x >= 0 && x + w <= 24, title);
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          assert.ok(!taken.has(`${column} ${line}`), `${title} lies on another`);
          taken.add(`${column} ${line}`);
        }
      }
      assert.equal(targets.length > 0, type !== "row", title);
      if (type === "row") continue;
      for (const source of [datasource, ...targets.map(({ datasource }) => datasource)]) {
        assert.deepEqual(source, { type: "prometheus", uid: "${datasource}" }, title);
      }
    }
  });

  it("keeps to the job and the machines that are chosen", () => {
    for (const { title, expr } of QUESTIONS) {
      const [metrics, selected] = [
        /\b(?:hmn_[a-z_]+|up)\{/g,
        /\{job=~"\$job", instance=~"\$instance"/g,
      ]
        .map((pattern) => expr.match(pattern)?.length ?? 0);
      assert.ok(metrics! > 0, title);
      assert.equal(metrics, selected, title);
    }
    assert.deepEqual(templating.list.map(({ name, type }) => `${name} ${type}`), [
      "datasource datasource",
      "job query",
      "instance query",
    ]);
  });

  it("asks in PromQL", { skip: skipPrometheus }, () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hmn-dashboard-"));
    const check = (exprs: readonly string[]) => {
      // JSON is YAML. A rule is checked for its expression; one after the other has its own name.
      const rules = exprs.map((expr, index) => ({
        record: `asked:${index}`,
        expr: filledIn(expr),
      }));
      fs.writeFileSync(
        path.join(folder, "rules.yml"),
        JSON.stringify({ groups: [{ name: "dashboard", rules }] }),
      );
      return promtool(["check", "rules", "rules.yml"], { cwd: folder });
    };
    try {
      const { code, output } = check(QUESTIONS.map(({ expr }) => expr));
      assert.equal(code, 0, output);
      assert.notEqual(check(["sum(hmn_gpu_info{)"]).code, 0);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});

describe("the dashboard on a Prometheus", { skip: skipPrometheus }, () => {
  let server: MetricsServer;
  let prometheus: Prometheus;

  before(async () => {
    const reading = aFullReading();
    const sources = [...reading.sources, {
      ...reading.sources[0]!,
      source: "nvidia_smi" as const,
      state: "absent" as const,
    }];
    server = await serveMetrics(() => ({ ...reading, sources }), chooseFormat);
    prometheus = await startPrometheus([{ job: "hmn", address: server.address }]);
    // Rates need two scrapes.
    await prometheus.until("count_over_time(up[1m]) >= 2", (points) => points.length === 1);
  });
  after(async () => {
    await prometheus?.close();
    await server?.close();
  });

  for (const { title, expr } of QUESTIONS) {
    it(`shows something: ${title}: ${expr}`, async () => {
      assert.ok((await prometheus.query(filledIn(expr))).length > 0);
    });
  }

  it("counts no source as failing that is not there at all", async () => {
    const { expr } = QUESTIONS.find(({ title }) => title === "Sources that fail")!;
    assert.deepEqual((await prometheus.query(filledIn(expr))).map(({ value }) => value), [0]);
  });
});
