/** A session as a whole: growth, predictions, alerts, cost, and sessions of which there is little. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { alertSpans } from "../lib/session/analysis/alerts.ts";
import { analyzeSession } from "../lib/session/analysis/analyze.ts";
import { DEFAULT_SETTINGS } from "../lib/session/config/settings.ts";
import {
  aSession,
  aSpan,
  GIB,
  HOUR,
  MIB,
  MINUTE,
  noisy,
  SECOND,
  type SessionPlan,
  stairs,
} from "./support/session_data.ts";
import { anEventRow } from "./support/session_files.ts";

const analysisOf = (plan: SessionPlan = {}) => analyzeSession(aSession(plan));

test("what the session was stands at its head", () => {
  const { meta, ...rest } = aSession({ system: { usedBytes: GIB } });
  const analysis = analyzeSession({ ...rest, meta: { ...meta!, command: ["train", "--fast"] } });
  const { name, host, command, endedBy, devices, ramTotalBytes, intervalMs, durationMs } = analysis;
  assert.deepEqual({ name, host, command, endedBy, ramTotalBytes, intervalMs, durationMs }, {
    name: "test",
    host: "box",
    command: ["train", "--fast"],
    endedBy: "stopped",
    ramTotalBytes: 64 * GIB,
    intervalMs: 2000,
    durationMs: 600_000,
  });
  assert.deepEqual(devices, [{
    gpu: 0,
    name: "NVIDIA Test",
    uuid: "GPU-0",
    totalBytes: 12 * GIB,
  }]);
});

test("a foreign recording has no head, and everything else", () => {
  const data = aSession({ events: [anEventRow({ event: "end", message: "SIGINT" })] });
  const analysis = analyzeSession({ ...data, meta: null });
  assert.deepEqual([analysis.host, analysis.command, analysis.ramTotalBytes], [null, null, null]);
  assert.equal(analysis.endedBy, "SIGINT");
  assert.equal(analysis.series[0]!.peak, GIB);
  const log = analyzeSession({ ...data, meta: null, events: [], format: "nvidia_smi" });
  assert.equal(log.endedBy, "the end of the log");
  const killed = analyzeSession({ ...data, meta: null, events: [] });
  assert.equal(killed.endedBy, null);
});

test("an empty session, and one of a single row, are analysed", () => {
  const empty = analyzeSession({ ...aSession({ gpus: [], durationMs: -1 }), durationMs: 0 });
  assert.deepEqual([empty.series, empty.zones, empty.thermal, empty.growth], [[], [], [], []]);
  assert.deepEqual([empty.ram, empty.cost], [null, null]);
  const one = analysisOf({
    durationMs: 0,
    gpus: [{ usedBytes: GIB, utilizationRatio: 0.5, powerWatts: 100, smClockMhz: 1000 }],
    system: { usedBytes: GIB },
    processes: { ollama: { rssBytes: GIB } },
    phases: [aSpan("Idle", 0, 0)],
  });
  assert.deepEqual(one.series.map(({ mean }) => mean), [GIB, 0.5, GIB, GIB]);
  assert.deepEqual(one.zones[0]!.ms, { safe: 0, caution: 0, critical: 0, unknown: 0 });
  assert.equal(one.phases[0]!.series[0]!.peak, GIB);
  assert.deepEqual([one.loads, one.thermal[0]!.energyWattHours], [[], null]);
});

test("everything is plain JSON", () => {
  const analysis = analysisOf({
    gpus: [{
      usedBytes: stairs([0, GIB], [MINUTE, 4 * GIB], [4 * MINUTE, 2 * GIB]),
      utilizationRatio: 0,
      powerWatts: 100,
    }],
    system: { usedBytes: (atMs) => GIB + atMs },
    phases: [aSpan("A", 0, 5 * MINUTE)],
  });
  assert.ok(analysis.insights.length > 0);
  assert.deepEqual(JSON.parse(JSON.stringify(analysis)), analysis);
  assert.ok(!JSON.stringify(analysis).includes('"mean":NaN'));
});

test("the data is not changed", () => {
  const plan: SessionPlan = { gpus: [{ usedBytes: noisy(() => GIB, MIB), utilizationRatio: 0.5 }] };
  const data = aSession(plan);
  const before = [...data.gpus[0]!.columns.usedBytes];
  analyzeSession(data);
  assert.deepEqual([...data.gpus[0]!.columns.usedBytes], before);
});

/** A server that leaks 300 MiB an hour, for two hours. */
const LEAKING: SessionPlan = {
  durationMs: 2 * HOUR,
  intervalMs: 10 * SECOND,
  gpus: [],
  processes: { server: { rssBytes: noisy((atMs) => GIB + 300 * MIB * atMs / HOUR, 4 * MIB) } },
  settings: {
    groups: [{
      name: "server",
      match: ["server"],
      ramLimitBytes: 2 * GIB,
      vramLimitBytes: null,
      color: null,
    }],
  },
};

test("a planted leak is found, with the time to the limit", () => {
  const { growth, scaling } = analysisOf(LEAKING);
  assert.deepEqual(
    growth.map(({ series, phase, basis, growth }) => [series.id, phase, basis, growth.verdict]),
    [["rss:server", null, "samples", "leak"]],
  );
  const slope = growth[0]!.growth.slopeBytesPerHour! / MIB;
  assert.ok(slope > 290 && slope < 310, `${slope}`);
  const [prediction] = scaling;
  // 424 MiB are left at the end.
  assert.ok(Math.abs(prediction!.timeToLimitMs! / HOUR - 424 / 300) < 0.1);
  assert.ok(prediction!.timeToLimitLowMs! <= prediction!.timeToLimitMs!);
});

test("a series that never changes is not judged, nor one that is no memory", () => {
  const { growth } = analysisOf({
    gpus: [{ usedBytes: GIB, utilizationRatio: (atMs) => atMs / 1e6 }],
    system: { usedBytes: noisy(() => GIB, MIB) },
  });
  assert.deepEqual(growth.map(({ series }) => series.id), ["ram"]);
});

test("phases of one name are judged each by itself, and from one to the next", () => {
  const phases = Array.from(
    { length: 10 },
    (_, i) => aSpan("Chain", i * 6 * MINUTE, (i + 1) * 6 * MINUTE),
  );
  const { growth } = analysisOf({
    durationMs: HOUR,
    gpus: [],
    // Every chain keeps 20 MiB, and is level within.
    processes: {
      server: {
        rssBytes: noisy((atMs) => GIB + 20 * MIB * Math.floor(atMs / (6 * MINUTE)), MIB / 4),
      },
    },
    phases,
  });
  const repetitions = growth.filter(({ basis }) => basis === "repetitions");
  assert.deepEqual(repetitions.map(({ series, phase }) => [series.id, phase]), [
    ["rss:server", "Chain"],
  ]);
  assert.deepEqual([repetitions[0]!.growth.samples, repetitions[0]!.growth.verdict], [10, "leak"]);
  const slope = repetitions[0]!.growth.rawSlopeBytesPerHour! / MIB;
  assert.ok(Math.abs(slope - 200) < 20, `${slope}`);
  const within = growth.filter(({ phase, basis }) => phase === "Chain" && basis === "samples");
  assert.equal(within.length, 10);
  assert.equal(new Set(within.map(({ startMs }) => startMs)).size, 10);
  assert.ok(within.every(({ growth }) => growth.verdict !== "leak"));
});

test("what grows within each phase and is given back is a leak of the phases alone", () => {
  const phases = [0, 1, 2, 3].map((i) => aSpan("Work", i * HOUR, (i + 1) * HOUR));
  const { growth, insights, scaling } = analysisOf({
    ...LEAKING,
    durationMs: 4 * HOUR,
    intervalMs: 10 * SECOND,
    gpus: [],
    processes: {
      server: { rssBytes: noisy((atMs) => GIB + 300 * MIB * (atMs % HOUR) / HOUR, MIB) },
    },
    phases,
  });
  const verdicts = growth.map(({ phase, growth }) => [phase, growth.verdict]);
  assert.deepEqual(verdicts, [[null, "sawtooth"], ...Array(4).fill(["Work", "leak"])]);
  assert.deepEqual(scaling.map(({ timeToLimitMs }) => timeToLimitMs), [null]);
  const [leak] = insights.filter(({ kind }) => kind === "leak");
  assert.match(
    leak!.finding,
    /^RAM of server grows during Work, from .* on by (29|30)\d MiB an hour/,
  );
});

test("what is a leak in one phase is chance in one of many", () => {
  const verdictAmong = (count: number) => {
    const weak = noisy((atMs) => GIB + 2.5 * MIB * atMs / (10 * MINUTE), MIB);
    const phases = Array.from(
      { length: count },
      (_, i) => aSpan(`Part ${i}`, i * 10 * MINUTE, (i + 1) * 10 * MINUTE),
    );
    const { growth } = analysisOf({
      durationMs: count * 10 * MINUTE,
      gpus: [],
      // Only the first phase is not level; p is about 0.001 there.
      processes: { server: { rssBytes: (atMs) => atMs < 10 * MINUTE ? weak(atMs) : GIB } },
      phases,
    });
    return growth.find(({ phase, basis }) => phase === "Part 0" && basis === "samples")!.growth
      .verdict;
  };
  assert.equal(verdictAmong(1), "leak");
  assert.equal(verdictAmong(30), "stable");
});

test("what was sampled beside a jump of the clock is not judged", () => {
  const clock = anEventRow({ event: "clock", elapsedMs: 300_000 });
  const samplesOf = (events: SessionPlan["events"]) =>
    analysisOf({ system: { usedBytes: noisy(() => GIB, MIB) }, events: events ?? [] })
      .growth[0]!.growth.samples;
  assert.equal(samplesOf([]) - samplesOf([clock]), 3);
});

test("verdicts are limited, and the longest phases are judged", () => {
  const phases = Array.from(
    { length: 300 },
    (_, i) => aSpan(`Step ${i}`, i * 70 * SECOND, (i * 70 + 60 + i % 10) * SECOND),
  );
  const { growth, notices } = analysisOf({
    durationMs: 300 * 70 * SECOND,
    gpus: [{ usedBytes: noisy(() => GIB, MIB) }],
    phases,
  });
  assert.equal(growth.length, 200);
  const durations = growth.slice(1).map(({ startMs, endMs }) => (endMs - startMs) / SECOND);
  assert.ok(Math.min(...durations) >= 63, `${Math.min(...durations)}`);
  assert.match(notices.join(), /Growth was judged 200 times.* 101 more series within phases/);
});

test("how many more fit is told by the largest load, else by the rise", () => {
  const loaded = analysisOf({
    gpus: [{ usedBytes: stairs([0, GIB], [MINUTE, 3.5 * GIB], [2 * MINUTE, 4.5 * GIB]) }],
    system: { usedBytes: (atMs) => 10 * GIB + 10 * GIB * atMs / (10 * MINUTE) },
  });
  const [gpu, ram] = loaded.scaling;
  assert.deepEqual(
    [gpu!.unitBytes, gpu!.unitSource, gpu!.moreFit, gpu!.moreFitSafely, gpu!.note],
    [2.5 * GIB, "load_step", 3, 2, null],
  );
  assert.deepEqual(
    [ram!.unitBytes, ram!.unitSource, ram!.moreFit, ram!.moreFitSafely],
    [10 * GIB, "peak_less_baseline", 4, 3],
  );
});

test("what can't be predicted says why", () => {
  const note = (plan: SessionPlan) =>
    analysisOf(plan).scaling.map(({ moreFit, note }) => [moreFit, note]);
  assert.deepEqual(note({ gpus: [{ usedBytes: GIB }] }), [
    [null, "It hardly changed, so what one more would take is not known"],
  ]);
  assert.deepEqual(note({ gpus: [{}] }), [[null, "Nothing is known of it"]]);
  assert.deepEqual(note({ gpus: [{ usedBytes: GIB, totalBytes: () => null }] }), []);
  const cgroup = { usedBytes: GIB, cgroupUsedBytes: stairs([0, GIB], [MINUTE, 2 * GIB]) };
  const [, container] = analysisOf({ gpus: [], system: { ...cgroup, cgroupLimitBytes: 8 * GIB } })
    .scaling;
  assert.deepEqual([container!.moreFit, container!.moreFitSafely, container!.note], [
    6,
    null,
    "No critical level is set for it",
  ]);
  // Nothing more fits where the limit was passed.
  const over = analysisOf({ gpus: [{ usedBytes: stairs([0, GIB], [MINUTE, 11 * GIB]) }] });
  assert.deepEqual([over.scaling[0]!.moreFit, over.scaling[0]!.moreFitSafely], [0, 0]);
});

test("alerts from their events", () => {
  const event = (
    event: "alert_begin" | "alert_end",
    subject: string,
    elapsedMs: number,
    severity: "info" | "warning" | "critical",
    message = `${subject} ${severity}`,
  ) => anEventRow({ event, subject, elapsedMs, severity, message });
  const spans = alertSpans([
    anEventRow(),
    event("alert_begin", "gpu 0 zone", 1000, "warning"),
    event("alert_begin", "ram", 2000, "warning"),
    event("alert_begin", "gpu 0 zone", 3000, "critical"),
    event("alert_begin", "gpu 0 zone", 3500, "critical", "as grave as before"),
    event("alert_begin", "gpu 0 zone", 4000, "warning"),
    event("alert_end", "gpu 0 zone", 5000, "info"),
    event("alert_begin", "gpu 0 zone", 6000, "warning"),
    event("alert_end", "spike", 7000, "info"),
  ]);
  assert.deepEqual(spans, [
    {
      subject: "gpu 0 zone",
      severity: "critical",
      startMs: 1000,
      endMs: 5000,
      message: "gpu 0 zone critical",
    },
    { subject: "ram", severity: "warning", startMs: 2000, endMs: null, message: "ram warning" },
    {
      subject: "gpu 0 zone",
      severity: "warning",
      startMs: 6000,
      endMs: null,
      message: "gpu 0 zone warning",
    },
  ]);
});

test("what the recording cost", () => {
  const { cost } = analysisOf({
    system: {
      ownCpuRatio: (atMs) => atMs === 0 ? null : 0.02,
      ownRssBytes: stairs([0, 50 * MIB], [MINUTE, 70 * MIB], [2 * MINUTE, 60 * MIB]),
      gpuProbeMs: (atMs) => atMs % 20_000 === 0 ? 50 : 5,
    },
  });
  assert.deepEqual(cost, {
    meanCpuRatio: 0.02,
    maxRssBytes: 70 * MIB,
    p95GpuProbeMs: 50,
    p95SystemProbeMs: null,
  });
  assert.equal(analysisOf({ system: { usedBytes: GIB } }).cost, null);
});

test("other settings than the recorded ones can be judged by", () => {
  const gpu = { ...DEFAULT_SETTINGS.gpu, criticalBytes: GIB / 2 };
  const data = aSession();
  assert.equal(analyzeSession(data).zones[0]!.ms.safe, 600_000);
  const { zones } = analyzeSession(data, { settings: { ...DEFAULT_SETTINGS, gpu } });
  assert.equal(zones[0]!.ms.critical, 600_000);
});

test("a million rows of twelve columns, with phases", () => {
  const course = noisy((atMs) => 4 * GIB + GIB * Math.sin(atMs / HOUR), MIB);
  const ratio = (atMs: number) => 0.5 + 0.4 * Math.sin(atMs / MINUTE);
  const analysis = analysisOf({
    durationMs: 999_999 * SECOND,
    intervalMs: SECOND,
    gpus: [{
      usedBytes: course,
      freeBytes: course,
      utilizationRatio: ratio,
      temperatureCelsius: 60,
      powerWatts: 100,
      smClockMhz: (atMs) => 1500 + atMs % 7,
    }],
    phases: Array.from(
      { length: 100 },
      (_, i) => aSpan("Epoch", i * 10_000 * SECOND, (i + 1) * 10_000 * SECOND),
    ),
  });
  assert.equal(analysis.series[0]!.samples, 1_000_000);
  assert.ok(Math.abs(analysis.thermal[0]!.energyWattHours! - 100 * 999_999 / 3600) < 1e-3);
});
