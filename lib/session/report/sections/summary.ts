/** The conclusions of an analysis, the gravest first: for the top of the report and for the terminal. Pure. */
import type { Analysis, GrowthReport, SeriesId } from "../../analysis/records.ts";
import { isTelling } from "../../analysis/telling.ts";
import { counted, leastSlope, share, size, slope, span } from "../amount_text.ts";
import type { Tone, Verdict } from "../document.ts";

const ORDER: readonly Tone[] = ["critical", "caution", "unknown", "good"];

/** What a reader has to know first. Never empty. */
export function verdicts(analysis: Analysis): readonly Verdict[] {
  const all = [
    ...ofInsights(analysis),
    ...ofExpectations(analysis),
    ...ofGrowth(analysis),
    ...ofZones(analysis),
    ...ofRam(analysis),
    ...ofRecording(analysis),
  ];
  if (all.length === 0) all.push({ tone: "unknown", text: "Nothing was measured" });
  return all.toSorted((a, b) => ORDER.indexOf(a.tone) - ORDER.indexOf(b.tone));
}

function ofInsights({ insights }: Analysis): Verdict[] {
  return insights.flatMap(({ severity, finding }) =>
    severity === "info"
      ? []
      : [{ tone: severity === "critical" ? "critical" : "caution", text: finding }]
  );
}

function ofExpectations({ expectations }: Analysis): Verdict[] {
  if (expectations.length === 0) return [];
  const missed = expectations.filter(({ verdict }) => verdict === "missed");
  const unknown = expectations.filter(({ verdict }) => verdict === "unknown");
  const told: Verdict[] = missed.map(({ name, message }) => ({
    tone: "critical",
    text: `Expectation missed: ${name}: ${message}`,
  }));
  if (unknown.length > 0) {
    told.push({
      tone: "unknown",
      text: `${unknown.length} of ${
        counted(expectations.length, "expectation")
      } could not be measured`,
    });
  }
  const isMet = told.length === 0;
  return isMet
    ? [{ tone: "good", text: `${counted(expectations.length, "expectation")} met` }]
    : told;
}

function ofGrowth({ growth, insights, series }: Analysis): Verdict[] {
  const told = new Set(
    insights.filter(({ kind }) => kind === "leak").map(({ subject }) => subject),
  );
  const leaking = growth.filter(({ growth }) => growth.verdict === "leak");
  const untold = new Map(
    leaking.filter(({ series }) => !told.has(series.label)).map((one) => [one.series.id, one]),
  );
  const found: Verdict[] = [...untold.values()].map(({ series, phase, growth }) => ({
    tone: "critical",
    text: `${series.label} leaks${phase === null ? "" : ` in ${phase}`}: ${
      slope(growth.slopeBytesPerHour)
    }`,
  }));
  const whole = growth.filter(({ phase, growth }) =>
    phase === null && growth.verdict !== "not-judged"
  );
  const short = whole.filter(({ growth }) => growth.verdict === "too-short");
  if (short.length > 0) {
    found.push({
      tone: "unknown",
      text: `Whether there is a leak in ${names(short)} can't be told: too little was recorded`,
    });
  }
  const settled = whole.filter(({ series, growth }) =>
    growth.verdict !== "too-short" && !leaking.some((one) => one.series.id === series.id)
  );
  const statsOf = (id: string) => series.find((one) => one.series.id === id);
  const clean = settled.filter((one) => isTelling(one, statsOf(one.series.id)));
  const unsteady = settled.filter((one) => !clean.includes(one));
  if (unsteady.length > 0) {
    found.push({
      tone: "unknown",
      text: `Whether there is a leak in ${names(unsteady)} can't be told: ${leastText(unsteady)}`,
    });
  }
  if (clean.length > 0) found.push({ tone: "good", text: noLeak(clean) });
  return found;
}

function noLeak(clean: readonly GrowthReport[]): string {
  return `No leak in ${names(clean)}; ${leastText(clean)}`;
}

function leastText(reports: readonly GrowthReport[]): string {
  const least = reports.map(({ growth }) => growth.minimumDetectableBytesPerHour)
    .filter((bytes) => bytes !== null);
  return least.length === 0
    ? "too little was recorded"
    : `a growth of ${leastSlope(Math.max(...least))} or more would have shown`;
}

/** `RAM`, `RAM and Swap`, `RAM and 3 more`. */
function names(reports: readonly { readonly series: SeriesId }[]): string {
  const labels = reports.map(({ series }) => series.label);
  if (labels.length <= 2) return labels.join(" and ");
  return `${labels[0]} and ${labels.length - 1} more`;
}

function ofZones({ zones, series, insights }: Analysis): Verdict[] {
  const near = insights.filter(({ kind }) => kind === "near_limit").map(({ subject }) => subject);
  return zones.map(({ series: id, ms }) => {
    const peak = series.find((one) => one.series.id === id.id);
    const how = peak === undefined || peak.peak === null
      ? ""
      : `: peak ${size(peak.peak)} of ${size(peak.limit)} (${share(peak.peakRatio)})`;
    const known = ms.safe + ms.caution + ms.critical;
    if (known === 0) return { tone: "unknown", text: `The zone of ${id.label} is not known` };
    if (ms.critical > 0) {
      const where = near.includes(id.label) ? "" : how;
      return {
        tone: "critical",
        text: `${id.label} was in its critical zone for ${span(ms.critical)}${where}`,
      };
    }
    return ms.caution > 0
      ? {
        tone: "caution",
        text: `${id.label} was in its caution zone for ${span(ms.caution)}${how}`,
      }
      : { tone: "good", text: `${id.label} stayed in its safe zone${how}` };
  });
}

function ofRam({ ram, series }: Analysis): Verdict[] {
  if (ram === null) return [];
  const { ms } = ram;
  const stats = series.find((one) => one.series.id === "ram");
  const how = stats === undefined || stats.peak === null
    ? ""
    : `: peak ${size(stats.peak)} of ${size(stats.limit)} (${share(stats.peakRatio)})`;
  if (ms.critical > 0) {
    return [{
      tone: "critical",
      text: `RAM was at a critical level for ${span(ms.critical)}${how}`,
    }];
  }
  if (ms.warning > 0) {
    return [{
      tone: "caution",
      text: `RAM was above its warning level for ${span(ms.warning)}${how}`,
    }];
  }
  return ms.normal + ms.elevated === 0
    ? [{ tone: "unknown", text: "The level of RAM is not known" }]
    : [{ tone: "good", text: `RAM stayed below its warning level${how}` }];
}

function ofRecording({ endedBy, gaps, alerts, durationMs }: Analysis): Verdict[] {
  const told: Verdict[] = [];
  if (endedBy === null) {
    told.push({
      tone: "caution",
      text: `The recording did not end by itself: it tells about its first ${span(durationMs)}`,
    });
  }
  if (gaps.length > 0) {
    told.push({ tone: "unknown", text: `${counted(gaps.length, "gap")}: see Missing data` });
  }
  const grave = alerts.filter(({ severity }) => severity === "critical").length;
  if (alerts.length > 0) {
    told.push({
      tone: grave > 0 ? "critical" : "caution",
      text: `${counted(alerts.length, "alert")}, ${grave} of them critical`,
    });
  }
  return told;
}
