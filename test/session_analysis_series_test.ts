/** The series of a session, their numbers, and the time in each zone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SETTINGS } from "../lib/session/config/settings.ts";
import { alignedTo } from "../lib/session/analysis/align.ts";
import { Quantiles } from "../lib/session/analysis/quantiles.ts";
import { heldMs, levelAt, rangeOf } from "../lib/session/analysis/samples.ts";
import { seriesOf } from "../lib/session/analysis/series.ts";
import { measure } from "../lib/session/analysis/series_stats.ts";
import { ramTimes, zoneTimes } from "../lib/session/analysis/zones.ts";
import { aSession, GIB, MINUTE, SECOND, stairs } from "./support/session_data.ts";

const idsOf = (data: ReturnType<typeof aSession>) =>
  seriesOf(data, DEFAULT_SETTINGS).map(({ id }) => id.id);

test("what is measured has a name that stays", () => {
  const data = aSession({
    gpus: [{ usedBytes: GIB, utilizationRatio: 0.5 }, { usedBytes: GIB }],
    system: { usedBytes: GIB, swapUsedBytes: 0, cpuUtilizationRatio: 0.1 },
    processes: { ollama: { rssBytes: GIB, vramBytes: GIB }, web: { rssBytes: GIB } },
    allocators: [{ allocatedBytes: 1, reservedBytes: 2 }],
  });
  assert.deepEqual(idsOf(data), [
    "vram:gpu0",
    "vram:gpu1",
    "vram:all",
    "utilization:gpu0",
    "ram",
    "swap",
    "cpu",
    "rss:ollama",
    "vram:ollama",
    "rss:web",
    "allocated:4242",
    "reserved:4242",
  ]);
});

test("names are unique, whatever the groups are called", () => {
  const data = aSession({ processes: { gpu0: { rssBytes: 1, vramBytes: 1 } } });
  assert.deepEqual(idsOf(data), ["vram:gpu0", "rss:gpu0", "vram:gpu0#2"]);
});

test("memory of which nothing is known is a series all the same", () => {
  assert.deepEqual(idsOf(aSession({ gpus: [{}], system: {} })), ["vram:gpu0", "ram"]);
});

test("a session without GPU and without anything has no series", () => {
  assert.deepEqual(idsOf(aSession({ gpus: [] })), []);
});

test("each series is measured against its limit", () => {
  const group = { name: "ollama", match: ["ollama"], color: null };
  const settings = {
    ...DEFAULT_SETTINGS,
    ram: { ...DEFAULT_SETTINGS.ram, limitBytes: 48 * GIB },
    groups: [{ ...group, ramLimitBytes: 4 * GIB, vramLimitBytes: null }],
  };
  const data = aSession({
    gpus: [{ usedBytes: GIB }, { usedBytes: GIB, totalBytes: 24 * GIB }],
    system: { usedBytes: GIB, cgroupUsedBytes: GIB, cgroupLimitBytes: 8 * GIB },
    processes: { ollama: { rssBytes: GIB, vramBytes: GIB } },
  });
  const limits = seriesOf(data, settings).map(({ id, limit }) => [id.id, limit && limit / GIB]);
  assert.deepEqual(Object.fromEntries(limits), {
    "vram:gpu0": 12,
    "vram:gpu1": 24,
    "vram:all": 36,
    "ram": 48,
    "cgroup": 8,
    "rss:ollama": 4,
    "vram:ollama": null,
  });
});

test("the sum over GPUs is not known where one of them is not", () => {
  const data = aSession({
    durationMs: 4 * SECOND,
    gpus: [{ usedBytes: 1 }, { usedBytes: (atMs) => atMs === 2000 ? null : 2 }],
  });
  const all = seriesOf(data, DEFAULT_SETTINGS).find(({ id }) => id.id === "vram:all")!;
  assert.deepEqual([...all.values], [3, NaN, 3]);
});

test("samples that are not of the same moment are put together within half a tick", () => {
  const times = Float64Array.of(0, 1000, 2000, 3000);
  const other = {
    timesMs: Float64Array.of(90, 1080, 3900),
    values: Float64Array.of(1, 2, 3),
    holdMs: 1500,
  };
  assert.deepEqual([...alignedTo(times, other)], [1, 2, NaN, NaN]);
});

/** The numbers of GPU 0 over the session. */
function numbersOf(data: ReturnType<typeof aSession>, startMs = 0, endMs = data.durationMs) {
  return measure(seriesOf(data, DEFAULT_SETTINGS)[0]!, { startMs, endMs }, new Quantiles());
}

test("a session's numbers", () => {
  // 0 at 0 s, 2 at 2 s, … 100 at 100 s: 51 samples.
  const { stats, knownMs } = numbersOf(
    aSession({ durationMs: 100 * SECOND, gpus: [{ usedBytes: (atMs) => atMs / 1000 }] }),
  );
  const { series, ...numbers } = stats;
  assert.equal(series.label, "GPU 0 memory");
  assert.deepEqual(numbers, {
    samples: 51,
    unknown: 0,
    peak: 100,
    peakAtMs: 100 * SECOND,
    minimum: 0,
    // Each sample counts until the next: the last one for no time.
    mean: 49,
    p50: 50,
    p95: 95,
    p99: 99,
    first: 0,
    last: 100,
    limit: 12 * GIB,
    peakRatio: 100 / (12 * GIB),
    meanRatio: 49 / (12 * GIB),
  });
  assert.equal(knownMs, 100 * SECOND);
});

test("the mean leaves gaps out, and a sample before a gap counts for one and a half intervals", () => {
  // 4 s of 10, then 90 s of nothing, then 4 s of 20.
  const { stats, knownMs } = numbersOf(aSession({
    durationMs: 98 * SECOND,
    gpus: [{ usedBytes: stairs([0, 10], [50_000, 20]) }],
    skip: (atMs) => atMs >= 4000 && atMs < 94_000,
  }));
  assert.equal(knownMs, 2000 + 3000 + 2000 + 2000);
  assert.equal(stats.mean, (5 * 10 + 4 * 20) / 9);
  assert.equal(stats.unknown, 0);
});

test("samples without a number are counted apart and change nothing else", () => {
  const { stats, knownMs } = numbersOf(aSession({
    durationMs: 10 * SECOND,
    gpus: [{ usedBytes: (atMs) => atMs === 4000 || atMs === 6000 ? null : 5 }],
  }));
  assert.deepEqual([stats.samples, stats.unknown, stats.mean, stats.p99], [4, 2, 5, 5]);
  assert.equal(knownMs, 6 * SECOND);
});

test("a column of nothing gives nothing, and no 0", () => {
  const { stats, knownMs } = numbersOf(aSession({ gpus: [{}] }));
  const { series: _, limit: __, samples, unknown, ...numbers } = stats;
  assert.deepEqual(Object.values(numbers), Array(11).fill(null));
  assert.deepEqual([samples, unknown, knownMs], [0, 301, 0]);
});

test("a session of one row has its number as mean", () => {
  const { stats, knownMs } = numbersOf(aSession({ durationMs: 0, gpus: [{ usedBytes: 7 }] }));
  assert.deepEqual([stats.samples, stats.mean, stats.p50, knownMs], [1, 7, 7, 0]);
});

test("a time span has the samples from its start up to its end", () => {
  const data = aSession({
    durationMs: 10 * SECOND,
    gpus: [{ usedBytes: (atMs) => atMs / 1000 }],
  });
  const inner = numbersOf(data, 2000, 6000).stats;
  assert.deepEqual([inner.samples, inner.first, inner.last, inner.mean], [2, 2, 4, 3]);
  // Only what ends with the session has the last sample too.
  assert.equal(numbersOf(data, 6000, 10_000).stats.last, 10);
  const empty = numbersOf(data, 2100, 2900).stats;
  assert.deepEqual([empty.samples, empty.peak, empty.mean], [0, null, null]);
});

test("the level at a moment is that of the sample before, while it counts", () => {
  const samples = {
    timesMs: Float64Array.of(1000, 2000, 9000),
    values: Float64Array.of(1, 2, NaN),
    holdMs: 1500,
    sessionEndMs: 9000,
  };
  const levels = [999, 1000, 1999, 3500, 3501, 9000].map((atMs) => levelAt(samples, atMs));
  assert.deepEqual(levels, [null, 1, 1, 2, null, null]);
  assert.deepEqual([0, 1, 2].map((i) => heldMs(samples, i, 9000)), [1000, 1500, 0]);
  assert.deepEqual(rangeOf(samples, { startMs: 1001, endMs: 2000 }), { from: 1, to: 1 });
});

test("time in the zones adds up to the session, what is not known included", () => {
  const data = aSession({
    gpus: [{
      usedBytes: (atMs) =>
        atMs < 2 * MINUTE
          ? 4 * GIB
          : atMs < 5 * MINUTE
          ? 9 * GIB
          : atMs < 6 * MINUTE
          ? null
          : 11 * GIB,
    }],
    skip: (atMs) => atMs > 8 * MINUTE && atMs < 9 * MINUTE,
  });
  const [zones] = zoneTimes(data, seriesOf(data, DEFAULT_SETTINGS), DEFAULT_SETTINGS.gpu);
  assert.deepEqual(zones!.series.id, "vram:gpu0");
  assert.deepEqual(zones!.ms, {
    safe: 2 * MINUTE,
    caution: 3 * MINUTE,
    // The sample at 8:00 counts for 3 s.
    critical: 2 * MINUTE + 3 * SECOND + MINUTE,
    unknown: MINUTE + 57 * SECOND,
  });
});

test("zones are those of the settings", () => {
  const data = aSession({ gpus: [{ usedBytes: 4 * GIB }] });
  const gpu = { ...DEFAULT_SETTINGS.gpu, cautionBytes: 2 * GIB, criticalBytes: 3 * GIB };
  const [zones] = zoneTimes(data, seriesOf(data, DEFAULT_SETTINGS), gpu);
  assert.equal(zones!.ms.critical, 10 * MINUTE);
});

test("time at the levels of RAM", () => {
  const data = aSession({
    system: {
      totalBytes: 100 * GIB,
      usedBytes: stairs([0, 60 * GIB], [MINUTE, 75 * GIB], [3 * MINUTE, 88 * GIB], [
        6 * MINUTE,
        95 * GIB,
      ]),
    },
  });
  assert.deepEqual(ramTimes(data, DEFAULT_SETTINGS.ram)!.ms, {
    normal: MINUTE,
    elevated: 2 * MINUTE,
    warning: 3 * MINUTE,
    critical: 4 * MINUTE,
    unknown: 0,
  });
  assert.equal(ramTimes(aSession(), DEFAULT_SETTINGS.ram), null);
});
