/** The live page: one document that needs nothing beside it but the server it came from. */
import { contentHash } from "../session/report/content_hash.ts";
import { escapeHtml } from "../session/report/escape_html.ts";
import { pageText } from "../session/report/page_text.ts";
import { uplotText } from "../session/report/uplot_text.ts";
import { VERSION } from "../version.ts";
import { LARGEST_PROCESSES } from "./live/live_reading.ts";
import { livePageText } from "./live_page_text.ts";

/** A document and the headers it is to be sent with. */
export interface LivePage {
  readonly html: string;
  readonly headers: Record<string, string>;
}

const SECTIONS = [
  ["memory", "Memory"],
  ["history", "Last hour"],
  ["processes", "Processes"],
  ["incidents", "Phases and alerts"],
  ["allocators", "Allocators"],
  ["sources", "Sources"],
] as const;

/** The plots, as `page/panels.js` names them. */
const PLOTS = [
  ["gpu", "GPU memory (GiB)"],
  ["ram", "RAM (GiB)"],
  ["utilization", "GPU utilisation (%)"],
  ["allocator", "Allocator: use of its reserve (%)"],
] as const;

/** The page. It asks for `v1/history` and `v1/stream` in the folder that it is served in. */
export async function livePage(): Promise<LivePage> {
  const uplot = uplotText();
  const own = livePageText();
  const style = `${uplot.style}\n${pageText().style}\n${own.style}`;
  const script = `/* ${uplot.licence} */\n${uplot.script}\n${own.script}`;
  return {
    html: documentOf(style, script, uplot.licence),
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; " +
        `script-src ${await contentHash(script)}; style-src ${await contentHash(style)}; ` +
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; " +
        "frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      // A newer program has another page under the same address.
      "cache-control": "no-cache",
    },
  };
}

function documentOf(style: string, script: string, licence: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>hypomnesis</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>hypomnesis <span id="where" class="where"></span></h1>
<span class="needs-data"><strong id="badge" class="badge"></strong> <span id="badge-of" class="small soft"></span></span>
<span class="grow"></span>
<span class="status needs-script"><span id="connection" class="connection" role="status" aria-live="polite"></span> <span id="connection-why" class="small soft"></span></span>
<button id="theme" class="needs-script" type="button" aria-pressed="false">Dark</button>
</header>
<nav class="needs-data" aria-label="Sections"><ul>
${SECTIONS.map(([id, title]) => `<li><a href="#${id}">${title}</a></li>`).join("\n")}
</ul></nav>
<main>
<noscript><p>This page draws what the server measures, and needs scripts for that. The same numbers are JSON under <code>v1/</code>, and <code>hmn watch</code> shows them in a terminal.</p></noscript>
<form id="token" class="token-form" hidden>
<p id="token-remark"></p>
<div class="fields">
<label for="token-input">Token</label>
<input id="token-input" type="password" autocomplete="off" spellcheck="false" aria-describedby="token-remark">
<button>Connect</button>
</div>
</form>
<p id="stale" class="stale-line" hidden></p>
<p class="until-data needs-script soft">No reading has come yet.</p>
<ul id="troubles" class="verdicts needs-data" aria-label="What is wrong now" hidden></ul>
${section("memory", MEMORY)}
${section("history", HISTORY)}
${section("processes", PROCESSES)}
${section("incidents", INCIDENTS)}
${section("allocators", ALLOCATORS)}
${section("sources", SOURCES)}
</main>
<footer>hypomnesis ${escapeHtml(VERSION)}. Curves drawn by ${escapeHtml(licence)}.</footer>
<script>${script}</script>
</body>
</html>
`;
}

type SectionId = (typeof SECTIONS)[number][0];

function section(wanted: SectionId, content: string): string {
  const title = SECTIONS.find(([id]) => id === wanted)![1];
  return `<section id="${wanted}" class="needs-data" aria-labelledby="${wanted}-title">
<h2 id="${wanted}-title">${title}</h2>
${content}
</section>`;
}

const MEMORY = `<p id="no-devices" class="remark" hidden></p>
<div class="cards">
<article id="machine-card" class="card">
<h3>Machine</h3>
<p id="machine-state" class="state tone critical" hidden></p>
</article>
<div id="device-cards" class="contents"></div>
</div>
<p class="remark">Marks in a bar: caution from 75 %, critical above 90 %. Striped: what the driver keeps for itself. Hatched and <span class="not-known">?</span>: not known.</p>`;

const HISTORY = `<p id="no-history" class="remark" hidden></p>
<div id="spans" class="toolbar" role="group" aria-label="Time shown">
<button type="button" data-minutes="5" aria-pressed="false">5 min</button>
<button type="button" data-minutes="15" aria-pressed="true">15 min</button>
<button type="button" data-minutes="60" aria-pressed="false">1 hour</button>
</div>
<div class="plots">
${
  PLOTS.map(([id, title]) =>
    `<div id="part-${id}" hidden>
<h3>${title}</h3>
<div id="plot-${id}" class="plot" tabindex="0" role="group" aria-label="Plot: ${title}; arrows move the cursor"></div>
</div>`
  ).join("\n")
}
</div>
<p class="remark">Coloured stripes: phases. Dashed lines across: 75 % and 90 %. Triangles and bars at the bottom: alerts. Hatched: nothing is known. The entries below a plot show and hide its curves.</p>`;

const PROCESSES = `<div class="fields">
<label for="process-filter">Filter</label>
<input id="process-filter" type="search" autocomplete="off" spellcheck="false" placeholder="name, PID, gpu 0">
</div>
<div id="process-frame" class="frame" tabindex="0" role="region" aria-label="Processes">
<table>
<thead><tr id="process-head"></tr></thead>
<tbody id="process-rows"></tbody>
</table>
</div>
<p class="remark">The processes on GPUs, and the ${LARGEST_PROCESSES} that hold most RAM.</p>
<p id="process-remark" class="remark"></p>`;

const INCIDENTS = `<div class="incidents">
<div>
<h3>Phases</h3>
<p id="no-phases" class="remark">No phase was set in the last hour.</p>
<ul id="phase-list" class="verdicts" tabindex="0" aria-label="Phases"></ul>
</div>
<div>
<h3>Alerts</h3>
<p id="no-alerts" class="remark">There was no alert in the last hour.</p>
<ul id="alert-list" class="verdicts" tabindex="0" aria-label="Alerts"></ul>
</div>
</div>`;

const ALLOCATORS =
  `<p id="no-allocators" class="remark">No program has told what its allocator holds.</p>
<div id="allocator-cards" class="cards"></div>`;

const SOURCES = `<div class="frame" tabindex="0" role="region" aria-label="Sources">
<table>
<thead><tr><th scope="col">Source</th><th scope="col">State</th><th scope="col">Since</th><th scope="col">Last number</th><th scope="col" class="number">Hangs</th><th scope="col">Why</th></tr></thead>
<tbody id="source-rows"></tbody>
</table>
</div>
<p id="probe-times" class="remark"></p>
<div id="failures-part" hidden>
<h3>Not read</h3>
<ul id="failures" class="small"></ul>
</div>`;
