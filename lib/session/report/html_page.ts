/** A report as one page that needs nothing beside it: no network, no file. Pure but for the texts it is made from. */
import { escapeText } from "../../text.ts";
import { VERSION } from "../../version.ts";
import { contentHash } from "./content_hash.ts";
import type { Curves, Panel } from "./curves.ts";
import type { ReportDocument } from "./document.ts";
import { escapeHtml, jsonForScript } from "./escape_html.ts";
import { renderBlocks, renderSection } from "./html_blocks.ts";
import { MARKER_COMMENT } from "./marker.ts";
import { pageText } from "./page_text.ts";
import { span } from "./amount_text.ts";
import { uplotText } from "./uplot_text.ts";

/** The page; `curves`: what is drawn, `null` where there is nothing to draw. */
export async function renderPage(
  { title, lead, sections }: ReportDocument,
  curves: Curves | null,
): Promise<string> {
  const uplot = uplotText();
  const own = pageText();
  const isDrawn = curves !== null && curves.panels.length > 0;
  const style = isDrawn ? `${uplot.style}\n${own.style}` : own.style;
  const script = `/* ${uplot.licence} */\n${uplot.script}\n${own.script}`;
  const links = isDrawn ? [{ id: "curves-title", title: "Curves" }, ...sections] : sections;
  return `<!doctype html>
${MARKER_COMMENT}
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${await policy(
    style,
    isDrawn ? [script] : [],
  )}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>
${isDrawn ? '<button id="theme" class="needs-script" aria-pressed="false">Dark</button>' : ""}
</header>
<nav aria-label="Sections"><ul>
${
    links.map(({ id, title }) => `<li><a href="#${escapeHtml(id)}">${escapeHtml(title)}</a></li>`)
      .join("\n")
  }
</ul></nav>
<main>
${renderBlocks(lead)}
${isDrawn ? plots(curves) : ""}
${sections.map(renderSection).join("\n")}
</main>
<footer>Written by hypomnesis ${escapeHtml(VERSION)}.${
    isDrawn ? ` Curves drawn by ${escapeHtml(uplot.licence)}.` : ""
  }</footer>
${
    isDrawn
      ? `<script type="application/json" id="curves">${jsonForScript(safeTexts(curves))}</script>
<script>${script}</script>`
      : ""
  }
</body>
</html>
`;
}

/** Nothing may be loaded or sent, and no other script or style than ours counts, whatever gets into the page. */
async function policy(style: string, scripts: readonly string[]): Promise<string> {
  const hashes = await Promise.all(scripts.map(contentHash));
  const scriptSources = hashes.length === 0 ? "'none'" : hashes.join(" ");
  return `default-src 'none'; script-src ${scriptSources}; style-src ${await contentHash(
    style,
  )}; ` +
    "img-src data:; base-uri 'none'; form-action 'none'";
}

function plots(curves: Curves): string {
  const { bucketMs, panels } = curves;
  const thinned = bucketMs === null
    ? ""
    : ` Each point stands for at most ${escapeHtml(span(bucketMs))}, of which the lowest and the ` +
      "highest number are kept.";
  return `<section id="memory-over-time" aria-labelledby="curves-title">
<h2 id="curves-title">Memory over time</h2>
<noscript><p>The curves need scripts; everything else on this page does not.</p></noscript>
<p class="remark needs-script">Drag over a plot to zoom, double-click to see everything again. With the keyboard: focus a plot, arrows move the cursor, + and - zoom, 0 shows everything. The entries below a plot show and hide its curves.${thinned}</p>
<div id="zoom" class="toolbar needs-script" role="group" aria-label="Zoom">
<button data-zoom="in">Zoom in</button>
<button data-zoom="out">Zoom out</button>
<button data-zoom="left" aria-label="Earlier">◀</button>
<button data-zoom="right" aria-label="Later">▶</button>
<button data-zoom="all">Whole session</button>
</div>
${panels.map(plot).join("\n")}
<p class="remark needs-script">Coloured stripes: phases. Dashed lines across: limits, with their zones above. Triangles and bars at the bottom: alerts. Hatched: nothing is known.</p>
<p id="readout" class="readout needs-script" aria-live="polite"></p>
</section>`;
}

const UNITS: Readonly<Record<Panel["id"], string>> = {
  gpu: "GiB",
  ram: "GiB",
  activity: "left: % and °C, right: W",
};

function plot({ id, title }: Panel): string {
  return `<h3 class="needs-script">${escapeHtml(title)} (${UNITS[id]})</h3>
<div id="plot-${id}" class="plot" tabindex="0" role="group" aria-label="${
    escapeHtml(`Plot: ${title}`)
  }"></div>`;
}

/** Texts of the data made safe to show, as everywhere else on the page. */
function safeTexts(value: unknown): unknown {
  if (typeof value === "string") return escapeText(value);
  if (Array.isArray(value)) return value.map(safeTexts);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, safeTexts(item)]));
}
