/**
 * A reading as Prometheus text format 0.0.4 or OpenMetrics 1.0.
 *
 * Samples have the same names and labels in both, so that a history does not break when a scraper changes its mind.
 * What is not known has no series: a 0 is a measurement.
 */
import type { Reading } from "../reading/reading.ts";
import { escapeText } from "../text.ts";
import { FAMILIES } from "./families.ts";
import type { Family, Labels } from "./family.ts";
import { type View, viewOf } from "./view.ts";

/** The formats. */
export type MetricsFormat = "prometheus" | "openmetrics";

/** How metrics are written. */
export interface MetricsOptions {
  readonly format: MetricsFormat;
  /** So many processes are shown, the largest first, by RAM and by GPU memory each; 0: none. */
  readonly processes: number;
}

/** Writes a reading: families by name, and their series by their labels. */
export function renderMetrics(
  reading: Reading,
  { format, processes }: MetricsOptions,
): string {
  const view = viewOf(reading, processes);
  const text = FAMILIES.toSorted((a, b) => byText(a.name, b.name))
    .map((family) => familyText(family, view, format)).join("");
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

function familyText(family: Family, view: View, format: MetricsFormat): string {
  // A series that stood there twice would cost the scraper the whole answer, so the first one counts.
  const series = new Map<string, number>();
  for (const { labels, value } of family.samples(view)) {
    const text = labelsText(labels);
    if (value !== null && Number.isFinite(value) && !series.has(text)) series.set(text, value);
  }
  if (series.size === 0) return "";
  const lines = [...series].sort(([a], [b]) => byText(a, b))
    .map(([labels, value]) => `${family.name}${labels} ${value}`);
  return [...head(family, format), ...lines, ""].join("\n");
}

function head({ name, type, unit, help }: Family, format: MetricsFormat): readonly string[] {
  if (format === "prometheus") {
    const known = type === "counter" ? "counter" : "gauge";
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${known}`];
  }
  const family = familyName(name, type);
  return [
    `# TYPE ${family} ${type}`,
    ...unit === null ? [] : [`# UNIT ${family} ${unit}`],
    `# HELP ${family} ${help}`,
  ];
}

/** OpenMetrics names a family without what its kind adds to the samples. */
function familyName(name: string, type: Family["type"]): string {
  if (type === "counter") return name.replace(/_total$/, "");
  return type === "info" ? name.replace(/_info$/, "") : name;
}

/** An empty label is none to a scraper, so two series could be the same that differ here. */
function labelsText(labels: Labels): string {
  const known = Object.entries(labels).flatMap(([name, value]) =>
    value === null || value === "" ? [] : [`${name}="${escapeLabel(String(value))}"`]
  );
  return known.length === 0 ? "" : `{${known.join(",")}}`;
}

/**
 * Both formats escape the same three characters. What acts on a terminal is shown as everywhere else, for people look
 * at metrics with curl; and half of a surrogate pair has no UTF-8 form.
 */
function escapeLabel(value: string): string {
  return value.split("\n").map(escapeText).join("\n")
    .replace(/[\\"\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`);
}

/** By code units: the same on every machine. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
