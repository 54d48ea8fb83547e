/** Forecasts: steady growth is told in time, with an interval that holds the truth; nothing else is growth. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AlertEngine } from "../lib/session/alerts/engine.ts";
import { type Point, steadySlope } from "../lib/session/alerts/slope.ts";
import { DEFAULT_SETTINGS, type SessionSettings } from "../lib/session/config/settings.ts";
import type { SessionTick } from "../lib/session/tick.ts";
import { aCgroupMemory } from "../lib/testing.ts";
import { aGpu, aGpuGap, aMachine, everyMs, GIB, MIB, times } from "./support/session_ticks.ts";

/** Nothing but forecasts: other limits are never reached. */
const settings: SessionSettings = {
  ...DEFAULT_SETTINGS,
  gpu: { cautionRatio: 1, criticalRatio: 1, cautionBytes: null, criticalBytes: null },
  ram: { ...DEFAULT_SETTINGS.ram, warningRatio: 1, criticalRatio: 1 },
};

/** Normal numbers with a fixed seed. */
function noise(seed: number): () => number {
  let state = seed;
  const uniform = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Sampled every 2 s. */
function told(ticks: readonly Partial<SessionTick>[], changed: Partial<SessionSettings> = {}) {
  const engine = new AlertEngine({ ...settings, ...changed });
  return everyMs(2000, ticks).flatMap((tick) => engine.observe(tick));
}

const gpu = (usedBytes: number) => ({ gpus: [aGpu({ usedBytes })] });

test("a GPU that fills is told of in minutes, before it is full", () => {
  // 10 MiB a second: full after 20 min 28 s.
  const changes = told(times(600, (i) => gpu(i * 20 * MIB)));
  assert.deepEqual(changes.map(({ change, alert }) => [change, alert.kind, alert.severity]), [
    ["begin", "forecast", "warning"],
    ["worse", "forecast", "critical"],
  ]);
  const [begin, worse] = changes;
  assert.match(
    begin!.alert.message,
    /^GPU 0 memory 3\.2 GiB grows by 600 MiB a minute: limit of 12\.0 GiB reached in 15 min ± 1$/,
  );
  assert.ok(Math.abs(begin!.alert.value! - 900_000) < 3000, `${begin!.alert.value}`);
  assert.deepEqual([begin!.alert.limit, begin!.alert.unit], [900_000, "ms"]);
  assert.ok(Math.abs(worse!.alert.value! - 300_000) < 3000, `${worse!.alert.value}`);
  assert.equal(worse!.alert.topic, "gpu 0 forecast");
});

test("below three minutes it counts in seconds", () => {
  const changes = told(times(290, (i) => gpu(Math.min(8 * GIB + i * 14 * MIB, 12 * GIB))), {
    forecast: { windowMs: 60_000, horizonMs: 120_000 },
  });
  assert.match(changes[0]!.alert.message, /reached in 119 s ± 1$/);
});

test("the interval holds the true time with noise", () => {
  const random = noise(3);
  let held = 0;
  let begun = 0;
  for (const _ of times(50, (i) => i)) {
    const ticks = times(400, (i) => gpu(GIB + i * 20 * MIB + 100 * MIB * random()));
    const [begin] = told(ticks);
    if (begin === undefined) continue;
    begun += 1;
    const [, minutes, margin] = /in (\d+) min ± (\d+)$/.exec(begin.alert.message)!;
    const left = 11 * GIB - 10 * MIB * begin.atMs / 1000;
    const truth = left / (10 * MIB) / 60;
    if (Math.abs(Number(minutes) - truth) <= Number(margin) + 0.5) held += 1;
  }
  assert.equal(begun, 50);
  assert.ok(held >= 47, `${held} of 50`);
});

test("the reserve of a GPU can't be had", () => {
  const ticks = (reservedBytes: number | null, usedIncludesReserved: boolean) =>
    times(600, (i) => ({
      gpus: [aGpu({ usedBytes: i * 20 * MIB, reservedBytes, usedIncludesReserved })],
    }));
  const limitOf = (...reserve: Parameters<typeof ticks>) =>
    /limit of (\S+) GiB/.exec(told(ticks(...reserve))[0]!.alert.message)![1];
  assert.deepEqual([limitOf(null, true), limitOf(GIB, false), limitOf(GIB, true)], [
    "12.0",
    "11.0",
    "12.0",
  ]);
});

test("RAM and a container's limit are forecast too, and RAM's absolute limit counts", () => {
  const machine = (i: number) => ({
    system: aMachine(i * 20 * MIB, {
      cgroup: aCgroupMemory({ limitBytes: 12 * GIB, workingSetBytes: i * 20 * MIB }),
    }),
  });
  const ram = { ...settings.ram, limitBytes: 11 * GIB };
  const topics = told(times(250, machine), { ram }).map(({ alert }) => alert.topic);
  assert.deepEqual(topics, ["ram forecast", "cgroup forecast"]);
  assert.deepEqual(
    told(
      times(250, machine).map(({ system }) => ({
        system: { ...system, cgroup: null },
      })),
    ),
    [],
  );
});

test("a step, an ended ramp, a fall and a flat line are no growth that goes on", () => {
  const shapes: Readonly<Record<string, (i: number) => number>> = {
    step: (i) => i < 150 ? GIB : 6 * GIB,
    ramp: (i) => Math.min(Math.max(0, i - 100), 60) * 100 * MIB,
    fall: (i) => 11.9 * GIB - i * 20 * MIB,
    flat: () => 11.9 * GIB,
  };
  for (const [name, shape] of Object.entries(shapes)) {
    const steps = told(times(600, (i) => gpu(shape(i))));
    assert.deepEqual(steps.map(({ alert }) => alert.message), [], name);
  }
});

test("noise around a level near the limit is no growth", () => {
  const random = noise(11);
  let wrong = 0;
  for (const series of times(200, (i) => i)) {
    let value = 0;
    const correlation = series % 2 === 0 ? 0 : 0.9;
    const ticks = times(300, () => {
      value = correlation * value + random() * 50 * MIB;
      return gpu(11 * GIB + value);
    });
    if (told(ticks).length > 0) wrong += 1;
  }
  assert.ok(wrong <= 6, `${wrong} of 200`);
});

test("growth that speeds up is told of", () => {
  const changes = told(times(400, (i) => gpu(GIB * 1.006 ** i)));
  assert.equal(changes[0]?.alert.severity, "warning");
});

test("growth that ends takes the forecast away, calmly", () => {
  const changes = told([
    ...times(450, (i) => gpu(i * 20 * MIB)),
    ...times(200, () => gpu(450 * 20 * MIB)),
  ]);
  assert.deepEqual(changes.map(({ change }) => change), ["begin", "end"]);
  assert.match(
    changes.at(-1)!.alert.message,
    /^GPU 0 memory 8\.8 GiB does not grow steadily any more$/,
  );
  assert.equal(changes.at(-1)!.alert.value, null);
});

test("a model that is unloaded during a forecast ends it", () => {
  const changes = told([
    ...times(400, (i) => gpu(i * 20 * MIB)),
    ...times(100, () => gpu(0)),
  ]);
  assert.deepEqual(changes.map(({ change }) => change), ["begin", "end"]);
});

test("too few samples, a long hang and a horizon of 0 tell nothing", () => {
  assert.deepEqual(told(times(70, (i) => gpu(i * 100 * MIB))), []);
  const gap = times(200, () => ({ gpus: [aGpuGap()] }));
  const grow = (from: number) => times(70, (i) => gpu((from + i) * 80 * MIB));
  const changes = told([...grow(0), ...gap, ...grow(70)]);
  assert.deepEqual(changes.filter(({ alert }) => alert.kind === "forecast"), []);
  const never = { forecast: { windowMs: 300_000, horizonMs: 0 } };
  assert.deepEqual(told(times(600, (i) => gpu(i * 20 * MIB)), never), []);
});

test("a hang during a forecast leaves it on", () => {
  const changes = told([
    ...times(300, (i) => gpu(i * 20 * MIB)),
    ...times(10, () => ({ gpus: [aGpuGap()] })),
    ...times(50, (i) => gpu((310 + i) * 20 * MIB)),
  ]);
  assert.deepEqual(changes.map(({ change }) => change), ["begin"]);
});

test("a limit that stays about as far away as the horizon is told of once", () => {
  const random = noise(17);
  // The growth slows down just so that the limit is always 15 min away, give or take `swing`.
  const ticks = (swing: number, noiseBytes: number) => {
    let left = 10 * GIB;
    return times(1000, (i) => {
      left -= left * 2 / (900 * (1 + swing * Math.sin(2 * Math.PI * i / 500)));
      return gpu(12 * GIB - left + random() * noiseBytes);
    });
  };
  for (const [swing, noiseBytes] of [[0, 10 * MIB], [0, 150 * MIB], [0.2, 0]] as const) {
    const changes = told(ticks(swing, noiseBytes));
    assert.deepEqual(changes.map(({ change }) => change), ["begin"], `${swing} ${noiseBytes}`);
  }
});

test("samples that are far apart are looked back at for longer, and few ones tell nothing", () => {
  const engine = new AlertEngine({ ...settings, intervalMs: 30_000 });
  const changes = everyMs(30_000, times(60, (i) => gpu(i * 200 * MIB)))
    .flatMap((tick) => engine.observe(tick));
  assert.equal(changes[0]?.alert.kind, "forecast");
  const mostlyGaps = times(600, (i) => i % 10 === 0 ? gpu(i * 20 * MIB) : { gpus: [aGpuGap()] });
  assert.deepEqual(told(mostlyGaps), []);
});

test("the slope is the median of all pairs, against the straight way to compute it", () => {
  const random = noise(5);
  const points: Point[] = times(41, (i) => ({ atMs: i * 10, value: i * 3 + random() })) as Point[];
  const slopes = points.flatMap((a, i) =>
    points.slice(i + 1).map((b) => (b.value - a.value) / (b.atMs - a.atMs))
  ).sort((a, b) => a - b);
  const middle = slopes.length / 2;
  const { rate, low, high } = steadySlope(points);
  assert.equal(rate, (slopes[middle - 1]! + slopes[middle]!) / 2);
  assert.ok(low < 0.3 && 0.3 < high && low > 0.29 && high < 0.31, `${low} ${high}`);
});
