/** The configuration of the RustChain stress test, on a session as it goes. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { AlertEngine } from "../lib/session/alerts/engine.ts";
import { parseConfig } from "../lib/session/config/read_config.ts";
import { PHASE_NAMES } from "../lib/session/config/settings.ts";
import { PhaseFinder } from "../lib/session/phases/rules.ts";
import type { SessionTick } from "../lib/session/tick.ts";
import { repositoryFile } from "./support/run_script.ts";
import {
  aGpu,
  aGpuGap,
  aGroup,
  aGroupGap,
  aMachine,
  everyMs,
  GIB,
  times,
} from "./support/session_ticks.ts";

const text = fs.readFileSync(repositoryFile("examples/rustchain.toml"), "utf8");
const { settings } = parseConfig(text, "rustchain.toml");

test("it says what the stress test needs", () => {
  assert.deepEqual([settings.name, settings.intervalMs], ["RustChain-HighCapacity", 2000]);
  assert.deepEqual(settings.gpu, {
    cautionRatio: 2 / 3,
    criticalRatio: 5 / 6,
    cautionBytes: null,
    criticalBytes: null,
  });
  const { targetRatio, warningRatio, criticalRatio } = settings.ram;
  assert.deepEqual([targetRatio, warningRatio, criticalRatio], [0.7, 0.85, 0.9]);
  assert.deepEqual(
    settings.groups.map(({ name, ramLimitBytes, color }) => [name, ramLimitBytes, color]),
    [
      ["RustChain", 2 * GIB, "cyan"],
      ["Ollama", 4 * GIB, "magenta"],
    ],
  );
  assert.deepEqual(
    settings.phases.map(({ phase }) => phase).toSorted(),
    [...PHASE_NAMES].toSorted(),
  );
  assert.deepEqual(
    [...new Set(settings.expect.map(({ type }) => type))],
    ["planning", "implementation", "analysis", null],
  );
});

/** What the machine does at a tick. Memory in GiB. */
interface Moment {
  readonly vram: number;
  readonly busy: number;
  /** Cores that RustChain uses; `null`: it does not run. */
  readonly chain: number | null;
  readonly ollama?: number;
  readonly chainRam?: number;
  readonly ram?: number;
}

function tickOf(
  { vram, busy, chain, ollama = 0.5, chainRam = 0.5, ram = 20 }: Moment,
): Partial<SessionTick> {
  return {
    gpus: [aGpu({ usedBytes: vram * GIB, utilizationRatio: busy })],
    system: aMachine(ram * GIB),
    watched: [
      chain === null
        ? aGroup("RustChain", { processCount: 0 })
        : aGroup("RustChain", { cpuRatio: chain, rssBytes: chainRam * GIB }),
      aGroup("Ollama", { rssBytes: ollama * GIB }),
    ],
  };
}

/** The phases that are found, one after the other, each with the tick it was found at. */
function found(ticks: readonly Partial<SessionTick>[]): string[] {
  const finder = new PhaseFinder(settings.phases);
  let current: string | null = settings.initialPhase;
  return everyMs(settings.intervalMs, ticks).flatMap((tick) => {
    const phase = finder.observe(tick);
    if (phase === null || phase === current) return [];
    current = phase;
    return [`${tick.tick} ${phase}`];
  });
}

const idle: Moment = { vram: 0.3, busy: 0, chain: null };
/** 2.5 GiB within 8 s. */
const load = times(5, (i): Moment => ({ vram: 0.3 + 0.5 * (i + 1), busy: 0, chain: null }));
const answer: Moment = { vram: 2.8, busy: 0.9, chain: null };
const full: Moment = { vram: 2.9, busy: 0.9, chain: 0.5 };
const chainOnly: Moment = { vram: 2.9, busy: 0, chain: 1.2 };
const resting: Moment = { vram: 2.9, busy: 0, chain: null };

/** 60 s idle, a load, the model alone, both, RustChain alone, then nobody with the model still there. */
const SESSION: readonly Moment[] = [
  ...times(30, () => idle),
  ...load,
  ...times(30, () => answer),
  ...times(30, () => full),
  ...times(30, () => chainOnly),
  ...times(30, () => resting),
];

test("the five phases are found without help", () => {
  assert.deepEqual(found(SESSION.map(tickOf)), [
    "31 Model-Loading",
    "38 Model-Active",
    "67 Full-Processing",
    "97 RustChain-Active",
    "130 Idle",
  ]);
});

test("pauses between answers, and utilization between the limits, change no phase", () => {
  const wavering = times(200, (i): Moment => i % 4 === 3 ? { ...full, busy: 0 } : full);
  assert.deepEqual(found([...times(5, () => full), ...wavering].map(tickOf)), [
    "2 Full-Processing",
  ]);
  const between = times(100, (): Moment => ({ ...full, busy: 0.15 }));
  assert.deepEqual(found([...times(5, () => full), ...between].map(tickOf)), ["2 Full-Processing"]);
});

test("a driver that hangs during a load, and a group that can't be read, change no phase", () => {
  const ticks = SESSION.map(tickOf);
  const hang = times(20, () => ({
    ...tickOf(full),
    gpus: [aGpuGap()],
    watched: [aGroupGap("RustChain"), aGroupGap("Ollama")],
  }));
  const told = found([...ticks.slice(0, 80), ...hang, ...ticks.slice(80)]);
  assert.deepEqual(told, [
    "31 Model-Loading",
    "38 Model-Active",
    "67 Full-Processing",
    "117 RustChain-Active",
    "150 Idle",
  ]);
});

test("a model switch is a load again", () => {
  const unloaded: Moment = { vram: 0.4, busy: 0, chain: 0.01 };
  const ticks = [
    ...times(10, () => full),
    ...times(2, () => unloaded),
    ...times(3, (i): Moment => ({ ...unloaded, vram: 0.4 + i })),
    ...times(20, () => full),
  ];
  assert.deepEqual(found(ticks.map(tickOf)), [
    "2 Full-Processing",
    "13 Model-Loading",
    "19 Full-Processing",
  ]);
});

/** What the alerts say, without the numbers. */
function alerts(moments: readonly Moment[]): string[] {
  const engine = new AlertEngine(settings);
  return everyMs(settings.intervalMs, moments.map(tickOf)).flatMap((tick) => engine.observe(tick))
    .map(({ change, alert }) => `${change} ${alert.topic} ${alert.severity}`);
}

test("an ordinary session raises nothing", () => {
  assert.deepEqual(alerts(SESSION), []);
});

test("yellow above 8 of 12 GiB, red above 10, and RAM above 85 and 90 %", () => {
  const steps = (moments: readonly Partial<Moment>[]) =>
    alerts(moments.flatMap((moment) => times(5, () => ({ ...full, ...moment }))));
  assert.deepEqual(
    steps([{ vram: 7.9 }, { vram: 8.5 }, { vram: 10.5 }, { vram: 9 }, { vram: 3 }]),
    [
      "begin gpu 0 zone warning",
      "worse gpu 0 zone critical",
      "better gpu 0 zone warning",
      "end gpu 0 zone warning",
    ],
  );
  assert.deepEqual(steps([{ ram: 85 }, { ram: 86 }, { ram: 91 }, { ram: 20 }]), [
    "begin ram warning",
    "worse ram critical",
    "end ram critical",
  ]);
});

test("the targets of RustChain and Ollama, and the spikes of each", () => {
  const moments = [
    ...times(10, (): Moment => full),
    ...times(10, (): Moment => ({ ...full, chainRam: 2.1 })),
    ...times(10, (): Moment => ({ ...full, chainRam: 2.1, ollama: 4.2 })),
    ...times(20, (): Moment => full),
  ];
  assert.deepEqual(
    alerts(moments),
    [
      "begin group RustChain ram warning",
      "begin group RustChain ram spike warning",
      "end group RustChain ram spike warning",
      "begin group Ollama ram warning",
      "begin group Ollama ram spike warning",
      "end group Ollama ram spike warning",
      "end group RustChain ram warning",
      "end group Ollama ram warning",
    ],
  );
});
