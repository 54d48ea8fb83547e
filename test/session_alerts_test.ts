/** Alerts of each kind: when they begin, change and end, what they say, and what raises none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AlertChange } from "../lib/session/alerts/alert.ts";
import { AlertEngine } from "../lib/session/alerts/engine.ts";
import { UNREADABLE_MS } from "../lib/session/alerts/lost.ts";
import { DEFAULT_SETTINGS, type SessionSettings } from "../lib/session/config/settings.ts";
import type { SessionTick } from "../lib/session/tick.ts";
import { aCgroupMemory } from "../lib/testing.ts";
import {
  aGpu,
  aGpuGap,
  aGroup,
  aGroupGap,
  aMachine,
  aTick,
  everyMs,
  GIB,
  times,
  underPressure,
} from "./support/session_ticks.ts";

/** At once, and over after 4 s. */
const settings: SessionSettings = { ...DEFAULT_SETTINGS, intervalMs: 1000 };

/** What an engine tells of these ticks, one a second, as lines. */
function lines(
  ticks: readonly Partial<SessionTick>[],
  changed: Partial<SessionSettings> = {},
): string[] {
  const engine = new AlertEngine({ ...settings, ...changed });
  return everyMs(1000, ticks).flatMap((tick) => engine.observe(tick)).map(line);
}

function line({ change, alert, atMs }: AlertChange): string {
  return `${atMs / 1000} ${change} ${alert.topic} ${alert.severity}: ${alert.message}`;
}

const gpus = (...used: (number | null)[]) => ({
  gpus: used.map((usedBytes, index) =>
    usedBytes === null ? aGpuGap("nvml hung", index) : aGpu({ index, usedBytes })
  ),
});

test("a GPU goes through its zones as one alert", () => {
  const used = [7.9, 8, 9, 10, 10.2, 10.2, 9.9, 9.7, 9, 9, 9, 9, 7.8, 7, 7, 7, 7, 7].map((gib) =>
    gpus(gib * GIB)
  );
  assert.deepEqual(lines(used), [
    "1 begin gpu 0 zone warning: GPU 0 memory 8.0 GiB of 12.0 GiB is at its caution limit of 8.0 GiB",
    "4 worse gpu 0 zone critical: GPU 0 memory 10.2 GiB of 12.0 GiB is above its critical limit of 10.0 GiB",
    "11 better gpu 0 zone warning: GPU 0 memory 9.0 GiB of 12.0 GiB is above its caution limit of 8.0 GiB",
    "16 end gpu 0 zone warning: GPU 0 memory 7.0 GiB of 12.0 GiB is below its caution limit of 8.0 GiB again",
  ]);
});

test("an alert keeps its id and its beginning, and has the latest numbers", () => {
  const engine = new AlertEngine(settings);
  const [begin] = engine.observe(aTick({ elapsedMs: 1000, ...gpus(9 * GIB) }));
  assert.deepEqual({ ...begin!.alert, message: "" }, {
    id: "gpu_zone-1",
    kind: "gpu_zone",
    subject: "gpu 0",
    topic: "gpu 0 zone",
    severity: "warning",
    sinceMs: 1000,
    value: 9 * GIB,
    limit: 8 * GIB,
    unit: "bytes",
    message: "",
  });
  const [worse] = engine.observe(aTick({ elapsedMs: 2000, ...gpus(11 * GIB) }));
  assert.deepEqual([worse!.alert.id, worse!.alert.sinceMs, worse!.atMs], [
    "gpu_zone-1",
    1000,
    2000,
  ]);
  assert.deepEqual(engine.observe(aTick({ elapsedMs: 3000, ...gpus(11.5 * GIB) })), []);
  const [active] = engine.active;
  assert.deepEqual([active!.value, active!.limit], [11.5 * GIB, 10 * GIB]);
  assert.match(active!.message, /11\.5 GiB/);
  for (const second of [4, 5, 6, 7, 8]) {
    engine.observe(aTick({ elapsedMs: second * 1000, ...gpus(0) }));
  }
  assert.deepEqual(engine.active, []);
  const [again] = engine.observe(aTick({ elapsedMs: 9000, ...gpus(9 * GIB) }));
  assert.equal(again!.alert.id, "gpu_zone-2");
});

test("GPUs are told apart by UUID, and an alert keeps its topic when they are numbered anew", () => {
  const numbered = (first: number, used: number) => ({
    gpus: [
      aGpu({ index: first, uuid: "GPU-a", usedBytes: used }),
      aGpu({ index: 1 - first, uuid: "GPU-b", usedBytes: 0 }),
    ],
  });
  const told = lines([numbered(0, 9 * GIB), ...times(6, () => numbered(1, 0))]);
  assert.deepEqual(told.map((text) => text.split(":")[0]), [
    "0 begin gpu 0 zone warning",
    "5 end gpu 0 zone warning",
  ]);
});

test("memory that wavers around a limit raises one alert", () => {
  for (const low of [7.85, 4]) {
    const told = lines(times(2000, (i) => gpus((i % 2 === 0 ? 8.1 : low) * GIB)));
    assert.equal(told.length, 1, `${low}`);
  }
});

test("a driver that hangs raises no zone and ends none, and its time does not count", () => {
  const calm = { ...settings.calm, minimumMs: 3000 };
  const hung = times(20, () => gpus(null));
  const full = (count: number) => times(count, () => gpus(11 * GIB));
  const begin = "begin gpu 0 zone critical";
  assert.deepEqual(lines([...hung, ...full(2)]).map((text) => text.split(":")[0]), [`20 ${begin}`]);
  const told = lines([...full(2), ...hung, ...full(3), ...hung, ...times(3, () => gpus(0))], {
    calm,
  });
  // Two seconds before the hang (0 and 1) and two after it make three seconds with the first look after it.
  assert.deepEqual(told.map((text) => text.split(":")[0]), [`23 ${begin}`]);
});

test("a long standstill is not a long time above a limit", () => {
  const engine = new AlertEngine({ ...settings, calm: { ...settings.calm, minimumMs: 10_000 } });
  const at = (elapsedMs: number, skipped: number) =>
    engine.observe(aTick({ elapsedMs, skipped, ...gpus(11 * GIB) }));
  at(0, 0);
  at(1000, 0);
  assert.deepEqual(at(3_600_000, 3598), []);
  for (const second of times(7, (i) => i + 1)) {
    assert.deepEqual(at(3_600_000 + second * 1000, 0), [], `${second}`);
  }
  assert.equal(at(3_608_000, 0).length, 1);
});

test("what is no number, or has no total, raises nothing", () => {
  const odd = [NaN, -1, Infinity].map((usedBytes) => ({ gpus: [aGpu({ usedBytes })] }));
  const noTotal = [null, 0, NaN].map((totalBytes) => ({
    gpus: [aGpu({ usedBytes: 11 * GIB, totalBytes })],
    system: aMachine(99 * GIB, { totalBytes }),
  }));
  const oddSystem = [NaN, -1, Infinity].map((used) => ({
    system: aMachine(used),
    watched: [aGroup("ollama", { rssBytes: used, vramBytes: used })],
  }));
  const nothing = [{ gpus: null }, { gpus: [] }, { system: null, systemGap: "proc slow" }, {}];
  const groups = [aGroupSetting(GIB)];
  assert.deepEqual(lines([...odd, ...noTotal, ...oddSystem, ...nothing], { groups }), []);
});

test("RAM warns above 85 % and is critical above 90 %, and a container by its own limit", () => {
  const ram = [85, 86, 90, 91, 80, 80, 80, 80, 80].map((gib) => ({ system: aMachine(gib * GIB) }));
  assert.deepEqual(lines(ram), [
    "1 begin ram warning: RAM 86.0 GiB of 100.0 GiB is above its warning limit of 85.0 GiB",
    "3 worse ram critical: RAM 91.0 GiB of 100.0 GiB is above its critical limit of 90.0 GiB",
    "8 end ram critical: RAM 80.0 GiB of 100.0 GiB is below its warning limit of 85.0 GiB again",
  ]);
  const cgroup = (workingSetBytes: number | null) => ({
    system: aMachine(0, { cgroup: aCgroupMemory({ limitBytes: 10 * GIB, workingSetBytes }) }),
  });
  assert.deepEqual(lines([8.5, null, 8.6].map((gib) => cgroup(gib && gib * GIB))), [
    "2 begin cgroup warning: cgroup memory 8.6 GiB of 10.0 GiB is above its warning limit of 8.5 GiB",
  ]);
  const absolute = { ram: { ...settings.ram, warningBytes: 2 * GIB, limitBytes: 3 * GIB } };
  assert.deepEqual(
    lines([2, 2.5, 3.5].map((gib) => ({ system: aMachine(gib * GIB) })), absolute)
      .map((text) => text.split(":")[0]),
    ["1 begin ram warning", "2 worse ram critical"],
  );
});

function aGroupSetting(ramLimitBytes: number | null, vramLimitBytes: number | null = null) {
  return { name: "ollama", match: ["ollama"], ramLimitBytes, vramLimitBytes, color: null };
}

/** No growth is a spike. */
const NO_SPIKES = { bytes: Number.MAX_VALUE, withinMs: 1000 };

test("a group is warned of from its limit on", () => {
  const groups = [aGroupSetting(4 * GIB, 2 * GIB)];
  const held = (rss: number | null, vram: number | null) => ({
    watched: [
      rss === null ? aGroupGap("ollama") : aGroup("ollama", { rssBytes: rss, vramBytes: vram }),
      aGroup("other", { rssBytes: 50 * GIB }),
    ],
  });
  const told = lines([
    held(4 * GIB - 1, 2 * GIB - 1),
    held(4 * GIB, 0),
    held(null, null),
    held(4.5 * GIB, 3 * GIB),
    ...times(5, () => held(0, null)),
  ], { groups, spike: NO_SPIKES });
  assert.deepEqual(told, [
    "1 begin group ollama ram warning: RAM of group ollama 4.0 GiB is at its limit of 4.0 GiB",
    "3 begin group ollama vram warning: GPU memory of group ollama 3.0 GiB is above its limit of 2.0 GiB",
    "8 end group ollama ram warning: RAM of group ollama 0 MiB is below its limit of 4.0 GiB again",
  ]);
});

test("GPU memory of a group waits where the GPUs are asked seldom", () => {
  const groups = [aGroupSetting(null, 2 * GIB)];
  const calm = { ...settings.calm, minimumMs: 4000 };
  const ticks = times(
    8,
    (i) =>
      i % 3 === 0
        ? { gpus: [aGpu()], watched: [aGroup("ollama", { vramBytes: 3 * GIB })] }
        : { gpus: null, watched: [aGroup("ollama", { vramBytes: null })] },
  );
  const told = lines(ticks, { groups, calm, spike: NO_SPIKES });
  assert.deepEqual(told.map((text) => text.split(":")[0]), ["6 begin group ollama vram warning"]);
});

test("a spike is an event: it begins with the growth and ends when the window has passed", () => {
  const rss = [1, 1, 1.5, 2, 3.5, ...times(20, () => 3.5)].map((gib) => ({
    watched: [aGroup("ollama", { rssBytes: gib * GIB })],
  }));
  assert.deepEqual(lines(rss, { spike: { bytes: GIB, withinMs: 5000 } }), [
    "3 begin group ollama ram spike warning: RAM of group ollama rose by 1.0 GiB within 2.0 s, from 1.0 GiB to 2.0 GiB",
    "13 end group ollama ram spike warning: RAM of group ollama rose fast and is 3.5 GiB now",
  ]);
});

test("slow growth, a fall, and growth over a gap are no spikes", () => {
  const spike = { bytes: GIB, withinMs: 5000 };
  const rss = (gib: number) => ({ watched: [aGroup("ollama", { rssBytes: gib * GIB })] });
  assert.deepEqual(lines(times(100, (i) => rss(i * 0.19)), { spike }), []);
  assert.deepEqual(lines(times(10, (i) => rss(10 - i)), { spike }), []);
  const gap = times(10, () => ({ watched: [aGroupGap("ollama")] }));
  assert.deepEqual(lines([rss(0), ...gap, rss(5)], { spike }), []);
});

test("a spike of GPU memory and one of a process have their own topics", () => {
  const held = (vramBytes: number) => ({
    watched: [
      aGroup("ollama", { vramBytes }),
      aGroup("4711", { kind: "process", pid: 4711, rssBytes: vramBytes }),
    ],
  });
  assert.deepEqual(lines([held(0), held(2 * GIB)]).map((text) => text.split(":")[0]), [
    "1 begin group ollama vram spike warning",
    "1 begin process 4711 ram spike warning",
  ]);
});

test("a spike is seen also where samples are further apart than its window", () => {
  const engine = new AlertEngine({ ...settings, intervalMs: 60_000 });
  const told = everyMs(
    60_100,
    [0, 0.5, 2].map((gib) => ({
      watched: [aGroup("ollama", { rssBytes: gib * GIB })],
    })),
  ).flatMap((tick) => engine.observe(tick));
  assert.equal(told.length, 1);
  assert.match(told[0]!.alert.message, /rose by 1\.5 GiB within 1 min/);
});

test("a spike of GPU memory ends in time where the GPUs are asked seldom", () => {
  const ticks = times(40, (i) => {
    const isAsked = i % 3 === 0;
    const vramBytes = isAsked ? (i < 6 ? 0 : 2 * GIB) : null;
    return { gpus: isAsked ? [aGpu()] : null, watched: [aGroup("ollama", { vramBytes })] };
  });
  assert.deepEqual(lines(ticks).map((text) => text.split(":")[0]), [
    "6 begin group ollama vram spike warning",
    "21 end group ollama vram spike warning",
  ]);
});

test("pressure", () => {
  const told = lines(
    [0.1, 0.14, 0.5, null, 0, 0, 0, 0, 0].map((ratio) =>
      ratio === null ? {} : { system: underPressure(ratio) }
    ),
  );
  assert.deepEqual(told, [
    "1 begin pressure warning: Tasks waited for memory 14 % of the last 10 s, above the warning limit of 10 %",
    "2 worse pressure critical: Tasks waited for memory 50 % of the last 10 s, above the critical limit of 40 %",
    "8 end pressure critical: Tasks waited for memory 0.0 % of the last 10 s, below the warning limit of 10 % again",
  ]);
});

test("a GPU that the driver calls lost is critical at once, one that can't be read is warned of later", () => {
  const lost = { gpus: [{ ...aGpu({ state: "lost", usedBytes: null }), gap: "nvml lost" }] };
  assert.deepEqual(lines([gpus(0), lost, lost, ...times(5, () => gpus(0))]), [
    "1 begin gpu 0 lost critical: GPU 0 is lost (nvml lost)",
    "7 end gpu 0 lost critical: GPU 0 is readable again",
  ]);
  const reset = { gpus: [{ ...aGpu({ state: "reset_required" }), gap: "nvml reset_required" }] };
  assert.deepEqual(lines([reset]), [
    "0 begin gpu 0 lost critical: GPU 0 needs a reset (nvml reset_required)",
  ]);
  const hang = (seconds: number) => [gpus(0), ...times(seconds, () => gpus(null)), gpus(0)];
  assert.deepEqual(lines(hang(UNREADABLE_MS / 1000)), []);
  assert.deepEqual(lines(hang(UNREADABLE_MS / 1000 + 1)), [
    "31 begin gpu 0 lost warning: GPU 0 has not been readable for 30.0 s (nvml hung)",
  ]);
  assert.deepEqual(lines(times(100, () => gpus(null))), [], "it was never seen");
});

test("a GPU that hangs and is then called lost is one alert that gets worse", () => {
  const lost = { gpus: [{ ...aGpu({ state: "lost", usedBytes: null }), gap: "nvml lost" }] };
  const told = lines([gpus(0), ...times(40, () => gpus(null)), lost, gpus(null)]);
  assert.deepEqual(told.map((text) => text.split(":")[0]), [
    "31 begin gpu 0 lost warning",
    "41 worse gpu 0 lost critical",
  ]);
});

test("the end of the session ends every alert and says so", () => {
  const engine = new AlertEngine(settings);
  engine.observe(aTick({ ...gpus(11 * GIB, 9 * GIB) }));
  assert.deepEqual(engine.finish(5000).map(line), [
    "5 end gpu 0 zone critical: the session ended while GPU 0 memory 11.0 GiB of 12.0 GiB is above its critical limit of 10.0 GiB",
    "5 end gpu 1 zone warning: the session ended while GPU 1 memory 9.0 GiB of 12.0 GiB is above its caution limit of 8.0 GiB",
  ]);
  assert.deepEqual([engine.active, engine.finish(6000)], [[], []]);
});

test("names from outside are in messages as they are", () => {
  const name = "a\x1b[31m/b";
  const told = lines([{ watched: [aGroup(name)] }, {
    watched: [aGroup(name, { rssBytes: 2 * GIB })],
  }]);
  assert.ok(told[0]!.includes(`RAM of group ${name} rose`));
});
