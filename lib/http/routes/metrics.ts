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

const SHARED_MS = 200;
/** The way back takes time too. */
const OFFSET_MS = 500;
/** What the system's part may take where the drivers' is late. */
const LAST_MS = 200;

/** The handler. */
export function metricsRoutes(
  { read, shared, processes }: MetricsOptions,
): Handlers<"GET /metrics"> {
  const respondAs = (request: Request) => {
    const { format, contentType } = chooseFormat(request.headers.get("accept"));
    const make = (reading: Reading) => renderMetrics(reading, { format, processes });
    return { form: format, contentType, make };
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
  const patienceMs = patienceOf(headers);
  if (patienceMs === null) return await whole;
  const late = pause(patienceMs, undefined);
  try {
    const found = await Promise.race([whole, late.over.then(() => null)]);
    if (found !== null) return found;
  } finally {
    late.cancel();
  }
  // It may still come, for the next who asks.
  whole.catch(() => {});
  return await shared.get("metrics in time", SHARED_MS, () => read(pause(LAST_MS, undefined).over));
}

/** How long the scraper can be kept waiting; `null`: it does not say. */
function patienceOf(headers: Headers): number | null {
  const seconds = Number(headers.get("x-prometheus-scrape-timeout-seconds") ?? NaN);
  if (!(seconds > 0 && seconds < 86_400)) return null;
  return Math.max(seconds * 1000 / 2, seconds * 1000 - OFFSET_MS - LAST_MS);
}
