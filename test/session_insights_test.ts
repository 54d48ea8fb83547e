/** Each kind of insight: one recording in which it appears, and one that is nearly the same in which it does not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { analyzeSession } from "../lib/session/analysis/analyze.ts";
import type { Insight, InsightKind } from "../lib/session/analysis/records.ts";
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

/** A recording, and what is said of it. */
interface Case {
  readonly seen: SessionPlan;
  readonly missed: SessionPlan;
  readonly subject: string;
  readonly severity: Insight["severity"];
  readonly finding: RegExp;
  readonly numbers: Readonly<Record<string, number>>;
}

const gpu = (course: NonNullable<SessionPlan["gpus"]>[number]): SessionPlan => ({ gpus: [course] });
const ollama = (ramLimitBytes: number) => ({
  groups: [{ name: "ollama", match: ["ollama"], ramLimitBytes, vramLimitBytes: null, color: null }],
});

/** Hot after three minutes; its clock falls then. */
const throttled = (celsius: number, lowMhz = 1500) =>
  gpu({
    usedBytes: 4 * GIB,
    utilizationRatio: 0.95,
    temperatureCelsius: stairs([0, 60], [180_000, celsius]),
    smClockMhz: stairs([0, 1800], [200_000, lowMhz], [230_000, 1800]),
  });

const CASES: Readonly<Record<InsightKind, Case>> = {
  idle_vram_held: {
    seen: gpu({
      usedBytes: 3 * GIB,
      utilizationRatio: stairs([0, 0.9], [2 * MINUTE, 0], [8 * MINUTE, 0.9]),
    }),
    missed: gpu({
      usedBytes: 3 * GIB,
      utilizationRatio: stairs([0, 0.9], [2 * MINUTE, 0], [6.9 * MINUTE, 0.9]),
    }),
    subject: "GPU 0 memory",
    severity: "info",
    finding: /^GPU 0 held memory for 6 min without working; the longest time was 6 min with at /,
    numbers: { idleMs: 360_000, longestMs: 360_000, longestAtMs: 120_000, heldBytes: 3 * GIB },
  },
  not_returned: {
    seen: gpu({ usedBytes: stairs([0, GIB], [MINUTE, 4 * GIB], [4 * MINUTE, 2 * GIB]) }),
    missed: gpu({
      usedBytes: stairs([0, GIB], [MINUTE, 4 * GIB], [4 * MINUTE, GIB + 290 * MIB]),
    }),
    subject: "GPU 0 memory",
    severity: "warning",
    finding:
      /1 of 1 unload did not .* at 3 min 58 s, 1\.0 GiB more .* 3\.0 GiB .* \(67 % came back\)/,
    numbers: {
      unloads: 1,
      incompleteUnloads: 1,
      loadedBytes: 3 * GIB,
      leftBytes: GIB,
      returnedRatio: 2 / 3,
    },
  },
  reserve_unused: {
    seen: { allocators: [{ reservedBytes: 8 * GIB, allocatedBytes: 6 * GIB }] },
    // The same on average, but once it was needed.
    missed: {
      allocators: [{
        reservedBytes: 8 * GIB,
        allocatedBytes: stairs([0, 6 * GIB], [MINUTE, 7 * GIB], [2 * MINUTE, 5 * GIB]),
      }],
    },
    subject: "The allocator of process 4242",
    severity: "info",
    finding: /reserved up to 8\.0 GiB and never used more than 6\.0 GiB: 2\.0 GiB were held for/,
    numbers: { reservedBytes: 8 * GIB, usedBytes: 6 * GIB, unusedBytes: 2 * GIB },
  },
  fragmentation: {
    seen: {
      allocators: [{
        reservedBytes: 8 * GIB,
        allocatedBytes: stairs([0, 8 * GIB], [MINUTE, 5 * GIB]),
      }],
    },
    missed: {
      allocators: [{
        reservedBytes: 8 * GIB,
        allocatedBytes: stairs([0, 8 * GIB], [MINUTE, 5.7 * GIB]),
      }],
    },
    subject: "The allocator of process 4242",
    severity: "warning",
    finding: /had 38 % of its reserved memory not in use, in the median of 301 reports/,
    numbers: { fragmentationRatio: 3 / 8, reports: 301 },
  },
  swap_during_phase: {
    seen: {
      system: { usedBytes: 60 * GIB, swapUsedBytes: stairs([0, GIB], [90_000, GIB + 64 * MIB]) },
      phases: [aSpan("Full-Processing", MINUTE, 2 * MINUTE)],
    },
    // As much, but it was swapped out before.
    missed: {
      system: { usedBytes: 60 * GIB, swapUsedBytes: stairs([0, GIB], [50_000, GIB + 64 * MIB]) },
      phases: [aSpan("Full-Processing", MINUTE, 2 * MINUTE)],
    },
    subject: "Full-Processing",
    severity: "warning",
    finding: /^Swap in use grew by 64 MiB during the phase Full-Processing$/,
    numbers: { swapGrowthBytes: 64 * MIB, phases: 1 },
  },
  pressure_during_phase: {
    seen: {
      system: { usedBytes: 60 * GIB, pressureSomeRatio: stairs([0, 0], [90_000, 0.1]) },
      phases: [aSpan("Work", 0, MINUTE), aSpan("Work", MINUTE, 2 * MINUTE)],
    },
    missed: {
      system: { usedBytes: 60 * GIB, pressureSomeRatio: stairs([0, 0], [90_000, 0.09]) },
      phases: [aSpan("Work", 0, MINUTE), aSpan("Work", MINUTE, 2 * MINUTE)],
    },
    subject: "Work",
    severity: "warning",
    finding:
      /^Tasks waited for memory up to 10 % .* the phase Work \(in 1 of 2 phases of this name\)$/,
    numbers: { maxPressureRatio: 0.1, limitRatio: 0.1, phases: 1 },
  },
  leak: {
    seen: {
      durationMs: 2 * HOUR,
      intervalMs: 10 * SECOND,
      gpus: [],
      processes: {
        server: { rssBytes: noisy((atMs) => GIB + 200 * MIB * atMs / HOUR, 4 * MIB) },
      },
    },
    missed: {
      durationMs: 2 * HOUR,
      intervalMs: 10 * SECOND,
      gpus: [],
      processes: { server: { rssBytes: noisy(() => GIB, 4 * MIB) } },
    },
    subject: "RAM of server",
    severity: "warning",
    finding: /^RAM of server grows by (19\d|20\d) MiB an hour/,
    numbers: {},
  },
  near_limit: {
    seen: gpu({ usedBytes: stairs([0, 4 * GIB], [MINUTE, 11 * GIB], [2 * MINUTE, 4 * GIB]) }),
    missed: gpu({ usedBytes: stairs([0, 4 * GIB], [MINUTE, 10 * GIB], [2 * MINUTE, 4 * GIB]) }),
    subject: "GPU 0 memory",
    severity: "warning",
    finding: /came to 11\.0 GiB of 12\.0 GiB \(92 %\), and was above 10\.0 GiB for 1 min/,
    numbers: {
      peakBytes: 11 * GIB,
      limitBytes: 12 * GIB,
      peakRatio: 11 / 12,
      levelBytes: 10 * GIB,
      nearMs: MINUTE,
    },
  },
  headroom: {
    seen: gpu({ usedBytes: 6 * GIB }),
    missed: gpu({ usedBytes: 6.1 * GIB }),
    subject: "GPU 0 memory",
    severity: "info",
    finding: /never took more than 6\.0 GiB of 12\.0 GiB \(50 %\): 6\.0 GiB were free all the time/,
    numbers: { peakBytes: 6 * GIB, limitBytes: 12 * GIB, freeBytes: 6 * GIB },
  },
  model_overlap: {
    seen: gpu({
      usedBytes: stairs([0, 0], [MINUTE, 3 * GIB], [4 * MINUTE, 5.5 * GIB], [250_000, 2.5 * GIB]),
    }),
    missed: gpu({
      usedBytes: stairs([0, 0], [MINUTE, 3 * GIB], [4 * MINUTE, 0], [250_000, 2.5 * GIB]),
    }),
    subject: "GPU 0 memory",
    severity: "info",
    finding: /: 1 overlap of two models, 12\.0 s in all; the one at 3 min 58 s took 2\.5 GiB more/,
    numbers: { overlaps: 1, overlapMs: 12_000, extraBytes: 2.5 * GIB },
  },
  low_utilization: {
    seen: gpu({ usedBytes: 4 * GIB, utilizationRatio: 0.25 }),
    missed: gpu({ usedBytes: 4 * GIB, utilizationRatio: 0.31 }),
    subject: "GPU 0 memory",
    severity: "info",
    finding: /^GPU 0 was 25 % busy on average in the 10 min in which it held memory and had work$/,
    numbers: { meanUtilizationRatio: 0.25, workMs: 10 * MINUTE },
  },
  throttling: {
    seen: throttled(84),
    missed: throttled(79),
    subject: "GPU 0",
    severity: "warning",
    finding: /lowered its clock by 10 % or more 1 time .* hot \(up to 84 °C\), first at 3 min 20 s/,
    numbers: { clockDrops: 1, maxCelsius: 84, firstAtMs: 200_000 },
  },
  group_over_limit: {
    seen: { processes: { ollama: { rssBytes: 4.5 * GIB } }, settings: ollama(4 * GIB) },
    missed: { processes: { ollama: { rssBytes: 4 * GIB } }, settings: ollama(4 * GIB) },
    subject: "RAM of ollama",
    severity: "warning",
    finding:
      /^RAM of ollama came to 4\.5 GiB; its limit is 4\.0 GiB, and it was over it for 10 min$/,
    numbers: { peakBytes: 4.5 * GIB, limitBytes: 4 * GIB, overMs: 10 * MINUTE },
  },
  recorder_cost: {
    seen: { system: { usedBytes: GIB, ownCpuRatio: 0.06 } },
    missed: { system: { usedBytes: GIB, ownCpuRatio: 0.05 } },
    subject: "the recorder",
    severity: "info",
    finding: /^The recording itself took 6\.0 % of a core$/,
    numbers: { meanCpuRatio: 0.06, intervalMs: 2000 },
  },
  missing_data: {
    seen: {
      gpus: [{ usedBytes: (atMs) => atMs >= MINUTE && atMs < 100_000 ? null : GIB }],
      gaps: [
        { subject: "gpu 0", startMs: MINUTE, endMs: 95_000, reason: "nvml hung" },
        { subject: "gpu 0", startMs: 95_000, endMs: 100_000, reason: "nvml failed" },
        { subject: "gpu 1", startMs: 0, endMs: 600_000, reason: "nvml gone" },
      ],
    },
    missed: gpu({ usedBytes: (atMs) => atMs >= MINUTE && atMs < 90_000 ? null : GIB }),
    subject: "GPU 0 memory",
    severity: "warning",
    finding: /is not known for 40\.0 s, 7 % of the session \(mostly: nvml hung\)/,
    numbers: { missingMs: 40_000, missingRatio: 40 / 600 },
  },
};

const kindOf = (kind: InsightKind, plan: SessionPlan) =>
  analyzeSession(aSession(plan)).insights.filter((insight) => insight.kind === kind);

for (const [kind, one] of Object.entries(CASES) as [InsightKind, Case][]) {
  test(`${kind} appears where it should`, () => {
    const found = kindOf(kind, one.seen);
    assert.equal(found.length, 1, JSON.stringify(found));
    const [{ subject, severity, finding, advice, numbers }] = found as [Insight];
    assert.deepEqual([subject, severity], [one.subject, one.severity]);
    assert.match(finding, one.finding);
    assert.ok(advice.length > 20);
    for (const [name, value] of Object.entries(one.numbers)) {
      const off = Math.abs(numbers[name]! - value);
      assert.ok(off <= 1e-9 * Math.max(1, value), `${name}: ${numbers[name]} is not ${value}`);
    }
    if (kind !== "leak") {
      assert.deepEqual(Object.keys(numbers).sort(), Object.keys(one.numbers).sort());
    }
    for (const value of Object.values(numbers)) assert.ok(Number.isFinite(value));
  });

  test(`${kind} does not appear in what is nearly the same`, () => {
    assert.deepEqual(kindOf(kind, one.missed), []);
  });
}

test("a quiet session needs no advice", () => {
  const { insights } = analyzeSession(aSession({
    gpus: [{ usedBytes: 7 * GIB, utilizationRatio: 0.8, temperatureCelsius: 60, smClockMhz: 1800 }],
    system: {
      usedBytes: 20 * GIB,
      swapUsedBytes: 0,
      pressureSomeRatio: 0,
      ownCpuRatio: 0.01,
      ownRssBytes: 60 * MIB,
    },
  }));
  assert.deepEqual(insights, []);
});

test("a session of nothing has one insight: that nothing is known", () => {
  const { insights } = analyzeSession(aSession({ gpus: [{}] }));
  assert.deepEqual(insights.map(({ kind }) => kind), ["missing_data"]);
  assert.equal(insights[0]!.numbers.missingRatio, 1);
  assert.deepEqual(analyzeSession(aSession({ gpus: [], durationMs: 0 })).insights, []);
});

test("a clock that falls a little, or while the GPU has no work, is no throttling", () => {
  assert.deepEqual(kindOf("throttling", throttled(90, 1650)), []);
  const idle = throttled(90).gpus![0]!;
  assert.deepEqual(kindOf("throttling", gpu({ ...idle, utilizationRatio: 0.2 })), []);
});

test("memory held by a desktop is not worth a word", () => {
  const held = (usedBytes: number) =>
    kindOf("idle_vram_held", gpu({ usedBytes, utilizationRatio: 0 }));
  assert.equal(held(500 * MIB).length, 0);
  assert.equal(held(700 * MIB).length, 1);
});

test("work with short pauses is no idling", () => {
  const pausing = gpu({
    usedBytes: 4 * GIB,
    utilizationRatio: (atMs) => atMs % (90 * SECOND) < 50 * SECOND ? 0 : 0.9,
  });
  assert.deepEqual(kindOf("idle_vram_held", pausing), []);
});

test("swap and pressure are told of the session where it has no phases", () => {
  const plan = {
    system: {
      usedBytes: GIB,
      swapUsedBytes: stairs([0, 0], [MINUTE, GIB]),
      pressureSomeRatio: 0.5,
    },
  };
  const { insights } = analyzeSession(aSession(plan));
  assert.deepEqual(insights.map(({ kind, subject, severity }) => [kind, subject, severity]), [
    ["pressure_during_phase", "the session", "critical"],
    ["swap_during_phase", "the session", "warning"],
    ["headroom", "GPU 0 memory", "info"],
  ]);
});

test("a limit that is nearly reached is critical", () => {
  const severities = (bytes: number) =>
    kindOf("near_limit", gpu({ usedBytes: bytes })).map(({ severity }) => severity);
  assert.deepEqual(severities(11.3 * GIB), ["warning"]);
  assert.deepEqual(severities(11.5 * GIB), ["critical"]);
  const ram = (bytes: number) => kindOf("near_limit", { system: { usedBytes: bytes } }).length;
  assert.deepEqual([ram(57 * GIB), ram(58 * GIB)], [0, 1]);
});

test("a container and a group are near their own limits", () => {
  const near = (plan: SessionPlan) => kindOf("near_limit", plan).map(({ subject }) => subject);
  const container = (bytes: number) =>
    near({ system: { cgroupUsedBytes: bytes, cgroupLimitBytes: 10 * GIB, usedBytes: GIB } });
  assert.deepEqual(container(9.5 * GIB), ["Memory of the container"]);
  assert.deepEqual(container(8.9 * GIB), []);
  const group = (bytes: number) =>
    near({ processes: { ollama: { rssBytes: bytes } }, settings: ollama(4 * GIB) });
  assert.deepEqual(group(3.7 * GIB), ["RAM of ollama"]);
  assert.deepEqual(group(4.1 * GIB), [], "that is told as over its limit");
});

test("a load is told once: of the GPU, or of its process where no GPU is measured", () => {
  const usedBytes = stairs([0, 0], [MINUTE, 4 * GIB], [4 * MINUTE, 2 * GIB]);
  const processes = { ollama: { rssBytes: usedBytes, vramBytes: usedBytes } };
  const subjects = (plan: SessionPlan) =>
    kindOf("not_returned", plan).map(({ subject }) => subject);
  assert.deepEqual(subjects({ gpus: [{ usedBytes }], processes }), ["GPU 0 memory"]);
  assert.deepEqual(subjects({ gpus: [], processes: { ollama: { rssBytes: usedBytes } } }), [
    "RAM of ollama",
  ]);
});

test("an overlap that comes into the critical zone is a warning", () => {
  const usedBytes = stairs([0, 0], [MINUTE, 6 * GIB], [4 * MINUTE, 11 * GIB], [250_000, 5 * GIB]);
  const [overlap] = kindOf("model_overlap", gpu({ usedBytes }));
  assert.equal(overlap!.severity, "warning");
});

test("insights are in the order of their gravity", () => {
  const { insights } = analyzeSession(aSession({
    gpus: [{ usedBytes: 11.9 * GIB, utilizationRatio: 0.1 }],
    system: { usedBytes: GIB, swapUsedBytes: stairs([0, 0], [MINUTE, GIB]), ownCpuRatio: 0.5 },
  }));
  assert.deepEqual(insights.map(({ kind }) => kind), [
    "near_limit",
    "swap_during_phase",
    "low_utilization",
    "recorder_cost",
  ]);
});

test("the settings' own levels are used", () => {
  const lower = { ...DEFAULT_SETTINGS.gpu, criticalBytes: 4 * GIB };
  const found = kindOf("near_limit", { ...gpu({ usedBytes: 5 * GIB }), settings: { gpu: lower } });
  assert.equal(found[0]!.numbers.levelBytes, 4 * GIB);
});
