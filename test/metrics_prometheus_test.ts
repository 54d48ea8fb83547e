/** A real Prometheus scrapes what is rendered, in both formats, and tells it back. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { chooseFormat } from "../lib/metrics/choose_format.ts";
import type { Reading } from "../lib/reading/reading.ts";
import { aDevice, aGpuProcess, aProcessMemory } from "../lib/testing.ts";
import { aFullReading, aGpuPart, aReading, aSourceState } from "./support/metrics_reading.ts";
import {
  type Point,
  type Prometheus,
  skipPrometheus,
  startPrometheus,
} from "./support/prometheus.ts";
import { type MetricsServer, serveMetrics } from "./support/serve_metrics.ts";

/** Everything a name can do to a format, and to a terminal. */
const HOSTILE = 'a"b\\n\nc{d="e"} 1\n# EOF\n\r\t\u0000\u001b[31m\u202e\ud800é😀\\';
/** As a scraper gets it: what acts on a terminal is shown. */
const SHOWN = 'a"b\\n\nc{d="e"} 1\n# EOF\n\\u{d}\\u{9}\\u{0}\\u{1b}[31m\\u{202e}\\u{d800}é😀\\';

describe("a real Prometheus", { skip: skipPrometheus }, () => {
  let reading: Reading;
  let prometheus: Prometheus;
  let older: MetricsServer;
  let open: MetricsServer;

  before(async () => {
    reading = aFullReading();
    older = await serveMetrics(() => reading, () => chooseFormat(null));
    open = await serveMetrics(() => reading, chooseFormat);
    prometheus = await startPrometheus([
      { job: "older", address: older.address },
      { job: "open", address: open.address, token: "a token" },
    ]);
    await prometheus.until("up == 1", (points) => points.length === 2);
  });
  after(async () => {
    await prometheus?.close();
    await older?.close();
    await open?.close();
  });

  /** The series of one job, without the labels that the scrape adds. */
  const ofJob = (points: readonly Point[], wanted: string) =>
    points.filter(({ labels }) => labels.job === wanted).map(({ labels, value }) => {
      const { job: _job, instance: _instance, ...rest } = labels;
      return { labels: rest, value };
    }).sort((a, b) => JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1);

  it("holds the same series from both formats", async () => {
    const points = await prometheus.until(
      '{__name__=~"hmn_.+"}',
      (points) => points.length > 0 && points.length % 2 === 0,
    );
    const found = ofJob(points, "older");
    assert.ok(found.length > 80, `only ${found.length} series`);
    assert.deepEqual(ofJob(points, "open"), found);
    assert.deepEqual(found.find(({ labels }) => labels.__name__ === "hmn_gpu_memory_used_bytes"), {
      labels: { __name__: "hmn_gpu_memory_used_bytes", gpu: "0", uuid: "GPU-aa" },
      value: 250,
    });
  });

  it("sends the token it was given, and no other", () => {
    assert.ok(open.asked.length > 0 && open.asked.every((sent) => sent === "Bearer a token"));
    assert.ok(older.asked.length > 0 && older.asked.every((sent) => sent === undefined));
  });

  it("is asked for the newer format and takes it", async () => {
    const answer = await fetch(
      `${prometheus.url}/api/v1/targets/metadata?metric=hmn_source_state`,
    );
    const { data } = await answer.json();
    assert.deepEqual(
      data.map(({ target, type }: { target: Record<string, string>; type: string }) =>
        `${target.job} ${type}`
      ).sort(),
      ["older gauge", "open stateset"].sort(),
    );
  });

  it("keeps hostile names to their place", async () => {
    reading = aReading({
      gpu: aGpuPart({
        devices: [aDevice({ name: HOSTILE, uuid: HOSTILE, totalBytes: 5 })],
        processes: [aGpuProcess({ pid: 9, name: HOSTILE, usedBytes: 3 })],
      }),
      processes: [aProcessMemory({ pid: 9, name: HOSTILE, rssBytes: 4 })],
    });
    const points = await prometheus.until(
      "hmn_process_resident_memory_bytes == 4",
      (points) => points.length === 2,
    );
    for (const { labels } of points) assert.equal(labels.process_name, SHOWN);
    assert.deepEqual((await prometheus.query("up")).map(({ value }) => value), [1, 1]);
    const infos = await prometheus.query("hmn_gpu_info");
    assert.deepEqual(infos.map(({ labels }) => [labels.name, labels.uuid]), [
      [SHOWN, SHOWN],
      [SHOWN, SHOWN],
    ]);
  });

  it("sees the numbers of a source that failed go at once, and its health stay", async () => {
    reading = aFullReading();
    await prometheus.until("hmn_gpu_memory_used_bytes == 250", (points) => points.length === 2);
    reading = aReading({
      sources: [aSourceState({ state: "hung", message: "-", lastSuccessMs: 5_500, hangs: 1 })],
    });
    await prometheus.until("hmn_source_up == 0", (points) => points.length === 2);
    assert.deepEqual(await prometheus.query('{__name__=~"hmn_gpu_.+|hmn_system_.+"}'), []);
    const told = await prometheus.query("hmn_last_success_timestamp_seconds");
    assert.deepEqual(told.map(({ value }) => value), [5.5, 5.5]);
    const states = await prometheus.query("hmn_source_state == 1");
    assert.deepEqual(states.map(({ labels }) => labels.hmn_source_state), ["hung", "hung"]);
  });
});
