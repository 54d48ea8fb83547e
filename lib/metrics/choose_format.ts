/** Which format a scraper gets, by its `Accept` header (RFC 9110, section 12.5.1). */
import type { MetricsFormat } from "./render.ts";

/** A format and how an answer says so. */
export interface ChosenFormat {
  readonly format: MetricsFormat;
  /** The value of `Content-Type`. */
  readonly contentType: string;
}

interface Offer extends ChosenFormat {
  readonly type: string;
  readonly version: string;
}

/** What is wanted equally is given in this order; the first is also for who wants nothing we have. */
const OFFERS: readonly [Offer, ...Offer[]] = [
  {
    format: "prometheus",
    type: "text/plain",
    version: "0.0.4",
    contentType: "text/plain; version=0.0.4; charset=utf-8",
  },
  {
    format: "openmetrics",
    type: "application/openmetrics-text",
    version: "1.0.0",
    contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  },
];

/** One range of the header. */
interface Range {
  readonly type: string;
  readonly version: string | null;
  readonly quality: number;
}

/** Chooses. Without a header, and where nothing in it fits, it is the older format, which everybody reads. */
export function chooseFormat(accept: string | null): ChosenFormat {
  const ranges = (accept ?? "*/*").split(",").flatMap((text) => parseRange(text) ?? []);
  let best = { offer: OFFERS[0], quality: 0 };
  for (const offer of OFFERS) {
    const quality = qualityOf(offer, ranges);
    if (quality > best.quality) best = { offer, quality };
  }
  const { format, contentType } = best.offer;
  return { format, contentType };
}

/** The range that fits most closely tells how much an offer is wanted. */
function qualityOf({ type, version }: Offer, ranges: readonly Range[]): number {
  const family = `${type.split("/")[0]}/*`;
  const closeness = (range: Range): number => {
    if (range.type === type && range.version === version) return 4;
    if (range.type === type && range.version === null) return 3;
    if (range.version !== null) return 0;
    return range.type === family ? 2 : range.type === "*/*" ? 1 : 0;
  };
  const found = ranges.map((range) => ({ range, close: closeness(range) }))
    .filter(({ close }) => close > 0)
    .sort((a, b) => b.close - a.close || b.range.quality - a.range.quality);
  return found[0]?.range.quality ?? 0;
}

const QUALITY = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** A range; `null` for what is none. Parameters that mean nothing here are passed over. */
function parseRange(text: string): Range | null {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  if (!/^[^\s/]+\/[^\s/]+$/.test(type)) return null;
  const values = new Map(parameters.map((parameter) => {
    const [name = "", value = ""] = parameter.split("=", 2);
    return [name.trim(), value.trim().replace(/^"(.*)"$/, "$1")] as const;
  }));
  const quality = values.get("q") ?? "1";
  if (!QUALITY.test(quality)) return null;
  return { type, version: values.get("version") ?? null, quality: Number(quality) };
}
