/** The metrics, for whoever scrapes. */
import { chooseFormat } from "../../metrics/choose_format.ts";
import { renderMetrics } from "../../metrics/render.ts";
import type { Reading } from "../../reading/reading.ts";
import { pause } from "../../schedule.ts";
import type { SharedAnswers } from "../shared_answers.ts";
import { respondSharedAs } from "./respond.ts";
import type { Handlers } from "./route.ts";

/** What it needs. */
export interface MetricsOptions {
  /** Takes a reading; `cutoff` ends the wait for what is late. */
  readonly read: (cutoff?: Promise<void>) => Promise<Reading>;
  readonly shared: SharedAnswers;
  /** Series of processes: so many at most; 0: none. */
  readonly processes: number;
}

/** Scrapes are seconds apart; one probe serves all that come within one. */
const SHARED_MS = 1_000;
/** The way back takes time too. */
const OFFSET_MS = 500;
/** What the system's part may take where the drivers' is late; a quarter of a short time-out. */
const LAST_MS = 200;

/** The handler. */
export function metricsRoutes(
  { read, shared, processes }: MetricsOptions,
): Handlers<"GET /metrics"> {
  const formOf = (accept: string | null) => {
    const { format, contentType } = chooseFormat(accept);
    const make = (reading: Reading) => renderMetrics(reading, { format, processes });
    return { accept, form: format, contentType, make };
  };
  // A scraper wants the same each time, and to read what it wants costs as much as the rest of a request.
  let last = formOf(null);
  const respondAs = ({ headers }: Request) => {
    const accept = headers.get("accept");
    if (accept !== last.accept) last = formOf(accept);
    return last;
  };
  return {
    "GET /metrics": ({ request }) => {
      const ready = shared.ready("metrics", SHARED_MS, read);
      if (ready !== null) return respondSharedAs(request, ready, respondAs(request));
      return readInTime(request.headers, shared, read)
        .then((found) => respondSharedAs(request, found, respondAs(request)));
    },
  };
}

/** The whole reading where it comes before the scraper goes; else what there is by then. */
async function readInTime(
  headers: Headers,
  shared: SharedAnswers,
  read: MetricsOptions["read"],
) {
  const whole = shared.get("metrics", SHARED_MS, () => read());
  const scrapeMs = scrapeTimeOf(headers);
  if (scrapeMs === null) return await whole;
  const lastMs = Math.min(LAST_MS, scrapeMs / 4);
  const late = pause(Math.max(scrapeMs / 2, scrapeMs - OFFSET_MS - lastMs), undefined);
  try {
    const found = await Promise.race([whole, late.over.then(() => null)]);
    if (found !== null) return found;
  } finally {
    late.cancel();
  }
  // It may still come, for the next who asks.
  whole.catch(() => {});
  return await shared.get("metrics in time", SHARED_MS, () => read(pause(lastMs, undefined).over));
}

/** How long the scraper can be kept waiting; `null`: it does not say. */
function scrapeTimeOf(headers: Headers): number | null {
  const seconds = Number(headers.get("x-prometheus-scrape-timeout-seconds") ?? NaN);
  return seconds > 0 && seconds < 86_400 ? seconds * 1000 : null;
}
