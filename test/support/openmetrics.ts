/**
 * A strict reader of OpenMetrics 1.0 text, as far as gauges, counters, infos and state sets go. It takes nothing that
 * the specification does not allow, so what it takes any scraper does.
 */

/** One family as it was read. */
export interface ReadFamily {
  readonly type: string;
  readonly unit: string | null;
  readonly help: string | null;
  readonly samples: ReadSample[];
}

/** One line of it. */
export interface ReadSample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** What stands above the samples of a family. */
interface Head {
  readonly name: string;
  type?: string;
  unit?: string;
  help?: string;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,(?!$)|$)/;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const SUFFIXES: Readonly<Record<string, string>> = {
  gauge: "",
  counter: "_total",
  info: "_info",
  stateset: "",
};

/**
 * Reads a text whole.
 *
 * @throws {Error} naming the line that is not as it must be
 */
export function readOpenMetrics(text: string): ReadonlyMap<string, ReadFamily> {
  demand(text.isWellFormed(), "the text has no UTF-8 form");
  demand(text.endsWith("# EOF\n"), "the text does not end with # EOF and a line break");
  const families = new Map<string, ReadFamily>();
  const sampleNames = new Set<string>();
  let current = null as Head | null;
  for (const line of text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1)) {
    const comment = /^# (TYPE|UNIT|HELP) (\S+) (.*)$/.exec(line);
    if (comment !== null) {
      const [, kind = "", name = "", rest = ""] = comment;
      demand(NAME.test(name), `a name that is none: ${line}`);
      if (current?.name !== name) {
        demand(!families.has(name), `the family came before: ${line}`);
        current = { name };
      }
      demand(!families.has(name), `it stands after the samples: ${line}`);
      const key = kind.toLowerCase() as "type" | "unit" | "help";
      demand(current[key] === undefined, `it stands twice: ${line}`);
      current[key] = rest;
      continue;
    }
    demand(!line.startsWith("#"), `a comment that is none: ${line}`);
    demand(current !== null && current.type !== undefined, `a sample without its type: ${line}`);
    const family = familyOf(families, sampleNames, current);
    const sample = readSample(line);
    checkSample(sample, current.name, family, line);
    family.samples.push(sample);
  }
  for (const [name, { samples }] of families) checkMetrics(name, samples);
  return families;
}

function familyOf(
  families: Map<string, ReadFamily>,
  sampleNames: Set<string>,
  { name, type = "", unit, help }: Head,
): ReadFamily {
  const known = families.get(name);
  if (known !== undefined) return known;
  const suffix = SUFFIXES[type];
  demand(suffix !== undefined, `a type that is none: ${type}`);
  if (unit !== undefined) {
    demand(name.endsWith(`_${unit}`), `${name} does not end with its unit ${unit}`);
    demand(type === "gauge" || type === "counter", `${name} may have no unit`);
  }
  demand(type !== "counter" || !name.endsWith("_total"), `${name} has _total in its family`);
  demand(type !== "info" || !name.endsWith("_info"), `${name} has _info in its family`);
  for (const taken of new Set([name, name + suffix])) {
    demand(!sampleNames.has(taken), `${taken} belongs to two families`);
    sampleNames.add(taken);
  }
  const family: ReadFamily = { type, unit: unit ?? null, help: help ?? null, samples: [] };
  families.set(name, family);
  return family;
}

function readSample(line: string): ReadSample {
  const parts = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/.exec(line);
  demand(parts !== null, `no sample: ${line}`);
  const [, name = "", labelsText = "", value = ""] = parts;
  demand(NUMBER.test(value), `no number: ${line}`);
  const labels = new Map<string, string>();
  for (let rest = labelsText; rest !== "";) {
    const label = LABEL.exec(rest);
    demand(label !== null, `no label: ${line}`);
    const [all, key = "", escaped = ""] = label;
    demand(!labels.has(key), `a label stands twice: ${line}`);
    labels.set(key, escaped.replace(/\\(.)/g, (_, char) => char === "n" ? "\n" : char));
    rest = rest.slice(all.length);
  }
  return { name, labels, value: Number(value) };
}

function checkSample(
  { name, labels, value }: ReadSample,
  of: string,
  family: ReadFamily,
  line: string,
) {
  demand(name === of + SUFFIXES[family.type], `a sample of another family: ${line}`);
  if (family.type === "counter") demand(value >= 0, `a counter below 0: ${line}`);
  if (family.type === "info") demand(value === 1, `an info that is not 1: ${line}`);
  if (family.type === "stateset") {
    demand(labels.has(of), `a state without its label: ${line}`);
    demand(value === 0 || value === 1, `a state that is neither 0 nor 1: ${line}`);
  }
}

/** A series stands once, and the states of one metric stand together. */
function checkMetrics(family: string, samples: readonly ReadSample[]): void {
  const series = new Set<string>();
  const metrics = new Set<string>();
  let last: string | null = null;
  for (const { labels } of samples) {
    // An empty label is the same as none.
    const known = [...labels].filter(([, value]) => value !== "").sort();
    const key = JSON.stringify(known);
    demand(!series.has(key), `${family} has a series twice: ${key}`);
    series.add(key);
    const metric = JSON.stringify(known.filter(([name]) => name !== family));
    demand(metric === last || !metrics.has(metric), `${family} has ${metric} in two places`);
    metrics.add(metric);
    last = metric;
  }
}

function demand(holds: boolean, why: string): asserts holds {
  if (!holds) throw new Error(`Not OpenMetrics: ${why}`);
}
