/** Made-up series of memory of which the truth is known; the same seed gives the same series on every machine. */
import type { GrowthSeries } from "../../lib/session/stats/growth.ts";

export const MIB = 2 ** 20;
export const PAGE = 4096;
export const HOUR_MS = 3_600_000;

/** Numbers from 0 up to 1. */
export type Random = () => number;

/** Mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6D2B79F5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A first-order autoregression with variance 1. */
export function autoregression(count: number, phi: number, random: Random): Float64Array {
  let value = normal(random);
  return new Float64Array(count).map(() => {
    const now = value;
    value = phi * value + Math.sqrt(1 - phi * phi) * normal(random);
    return now;
  });
}

/** A number between, whose logarithm is even. */
export function lengthOf(random: Random, least: number, most: number): number {
  return Math.round(least * (most / least) ** random());
}

/** A sample each second; or up to twice as long apart or nearly at once; or with gaps of up to a minute. */
export function timesOf(count: number, random: Random): Float64Array {
  const [kind, start] = [random(), random() * 1e9];
  let at = start;
  return new Float64Array(count).map(() => {
    const now = Math.round(at);
    if (kind < 0.5) at += 1000;
    else if (kind < 0.8) at += 200 + 1600 * random();
    else at += random() < 0.01 ? 60_000 * random() : 1000;
    return now;
  });
}

/** As memory is told: in whole pages, and above a level. */
export function paged(values: Float64Array, level: number): Float64Array {
  return values.map((value) => PAGE * Math.round((level + value) / PAGE));
}

export function seriesOf(timesMs: Float64Array, values: Float64Array): GrowthSeries {
  return { timesMs, values };
}

/** A sample each second of what `at` says at 0, 1, 2, … of `count`. */
export function everySecond(count: number, at: (i: number) => number): GrowthSeries {
  return seriesOf(
    Float64Array.from({ length: count }, (_, i) => i * 1000),
    Float64Array.from({ length: count }, (_, i) => at(i)),
  );
}

/** Teeth of varying length and height, with noise: at least two, at most sixty. */
function sawtooth(count: number, random: Random): Float64Array {
  const period = count / (2.2 + 58 * random() ** 2);
  const height = (5 + 200 * random()) * MIB;
  const [unevenness, noise] = [0.4 * random(), 0.1 * height * random()];
  let [phase, length, top] = [random(), period, height];
  return new Float64Array(count).map(() => {
    phase += 1 / length;
    if (phase >= 1) {
      phase = 0;
      length = period * (1 + unevenness * (2 * random() - 1));
      top = height * (1 + unevenness * (2 * random() - 1));
    }
    return top * phase + noise * normal(random);
  });
}

/** A heap of which every second to fifth collection is a full one; the others leave some garbage. */
function generations(count: number, random: Random): Float64Array {
  const height = 20 * MIB * (1 + random());
  const [step, fullEach] = [height / (8 + 20 * random()), 2 + Math.floor(4 * random())];
  let [heap, kept, collections] = [0, 0, 0];
  return new Float64Array(count).map(() => {
    heap += step * (0.5 + random());
    if (heap > height + kept) {
      collections += 1;
      kept = collections % fullEach === 0 ? 0 : kept + height * 0.3 * random();
      heap = kept;
    }
    return heap;
  });
}

/** A level that hardly ever changes, by a page or two. */
function ties(count: number, random: Random): Float64Array {
  const often = 0.05 * random();
  return new Float64Array(count).map(() => random() < often ? PAGE * Math.floor(3 * random()) : 0);
}

/** Ways for memory to be without ever growing. */
export const LEAK_FREE = {
  sawtooth,
  generations,
  ties,
  autoregression: (count: number, random: Random) => {
    const size = (1 + 20 * random()) * MIB;
    return autoregression(count, 0.3 + 0.65 * random(), random).map((value) => size * value);
  },
  "white noise": (count: number, random: Random) => {
    const size = (0.1 + 10 * random()) * MIB;
    return new Float64Array(count).map(() => size * normal(random));
  },
  pages: (count: number, random: Random) => {
    const size = (0.3 + 2 * random()) * PAGE;
    return autoregression(count, 0.9 * random(), random).map((value) => size * value);
  },
} as const;

/** A growth by `size`, of which the noise is at most a tenth. */
type Growing = (count: number, random: Random) => Float64Array;

function noisy(
  most: number,
  shape: (random: Random, count: number) => (i: number) => number,
): Growing {
  return (count, random) => {
    const size = (20 + 300 * random()) * MIB;
    const noise = size * (0.005 + (most - 0.005) * random());
    const phi = random() < 0.5 ? 0 : 0.3 + 0.5 * random();
    const at = shape(random, count);
    return autoregression(count, phi, random).map((value, i) => noise * value + size * at(i));
  };
}

function onTeeth(shape: (random: Random, count: number) => (i: number) => number): Growing {
  return (count, random) => {
    const at = shape(random, count);
    return sawtooth(count, random).map((value, i) => value / 3 + 250 * MIB * at(i));
  };
}

const oneStep = (random: Random, count: number) => {
  const start = count * (0.1 + 0.8 * random());
  return (i: number) => i >= start ? 1 : 0;
};

const fewSteps = (random: Random, count: number) => {
  const steps = random() < 0.5 ? 2 : 3;
  const starts = Array.from(
    { length: steps },
    (_, k) => count * (0.1 + 0.6 * (k + 0.2 + 0.6 * random()) / steps),
  );
  return (i: number) => starts.filter((start) => i >= start).length;
};

const ramp = (random: Random, count: number) => {
  const end = count * (0.1 + 0.4 * random());
  return (i: number) => Math.min(1, i / end);
};

const saturation = (random: Random, count: number) => {
  const constant = count * (0.03 + 0.09 * random());
  return (i: number) => 1 - Math.exp(-i / constant);
};

const staircase = (random: Random, count: number) => {
  const stairs = 6 + Math.floor(30 * random());
  const unevenness = 0.6 * random();
  const starts = Array.from(
    { length: stairs },
    (_, k) => count * (k + 0.5 + unevenness * (random() - 0.5)) / stairs,
  );
  return (i: number) => starts.filter((start) => i >= start).length;
};

/** Growth that is no leak, with the verdict it should have. */
export const ENDED = {
  "one step": ["step", noisy(0.1, oneStep)],
  "two or three steps": ["step", noisy(0.1, fewSteps)],
  "a step on a sawtooth": ["step", onTeeth(oneStep)],
  "a ramp": ["warm-up", noisy(0.1, ramp)],
  "a saturation": ["warm-up", noisy(0.05, saturation)],
  "a saturation without noise": ["warm-up", (count: number, random: Random) => {
    const at = saturation(random, count);
    return new Float64Array(count).map((_, i) => 300 * MIB * at(i));
  }],
  "a ramp on a sawtooth": ["warm-up", onTeeth(ramp)],
} as const;

/** Leaks that are no straight line on noise. */
export const LEAKS = {
  "a staircase": noisy(0.05, staircase),
  "a line on a sawtooth": onTeeth((_, count) => (i) => 2 * i / count),
  "a line after a ramp": noisy(
    0.03,
    (_, count) => (i) => Math.min(1, 8 * i / count) + 0.7 * i / count,
  ),
  "a line across a step": noisy(0.03, (random, count) => {
    const start = count * (0.2 + 0.6 * random());
    return (i) => (i >= start ? 1 : 0) + 0.7 * i / count;
  }),
  "a line that begins late": noisy(0.03, (_, count) => (i) => Math.max(0, i / count - 0.5)),
  "an ever steeper curve": noisy(0.03, (_, count) => (i) => (i / count) ** 2),
} as const;
