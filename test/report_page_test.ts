/** The HTML report in a real browser: it draws, it can be used, it asks nobody for anything. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { analyzeSession } from "../lib/session/analysis/analyze.ts";
import { compareAnalyses } from "../lib/session/analysis/compare.ts";
import { analysisDocument } from "../lib/session/report/analysis_document.ts";
import { comparisonDocument } from "../lib/session/report/comparison_document.ts";
import { curvesOf } from "../lib/session/report/curves.ts";
import { renderPage } from "../lib/session/report/html_page.ts";
import { isOurs } from "../lib/session/report/marker.ts";
import { uplotText } from "../lib/session/report/uplot_text.ts";
import { actsOn, aFullAnalysis, anAnalysis, HOSTILE } from "./support/an_analysis.ts";
import { type Chromium, type OpenPage, skipPages, startChromium } from "./support/chromium.ts";
import { aSession, aSpan, GIB, MINUTE, ramps, SECOND } from "./support/session_data.ts";

/** A session with a gap, phases, an alert and a spike of one sample, watched under a hostile name. */
function session(name: string) {
  const isLost = (atMs: number) => atMs > 10 * MINUTE && atMs < 12 * MINUTE;
  return aSession({
    durationMs: 30 * MINUTE,
    gpus: [{
      usedBytes: (atMs) =>
        isLost(atMs) ? null : atMs === 20 * MINUTE ? 11 * GIB : ramps([0, GIB], [
          30 * MINUTE,
          9 * GIB,
        ])(atMs),
      utilizationRatio: 0.5,
      temperatureCelsius: 60,
      powerWatts: 200,
    }],
    system: { usedBytes: 16 * GIB, cpuUtilizationRatio: 0.2 },
    processes: { [name]: { rssBytes: 2 * GIB, vramBytes: GIB } },
    phases: [aSpan("Idle", 0, 5 * MINUTE), aSpan(name, 5 * MINUTE, 30 * MINUTE)],
    gaps: [{ subject: "gpu 0", startMs: 10 * MINUTE, endMs: 12 * MINUTE, reason: name }],
    events: [{
      time: "",
      elapsedMs: 20 * MINUTE,
      tick: 600,
      phase: null,
      event: "alert_begin",
      subject: name,
      severity: "critical",
      value: 1,
      limit: 1,
      unit: "bytes",
      type: null,
      step: null,
      labels: null,
      message: name,
    }],
  });
}

describe("the page", { skip: skipPages }, () => {
  let folder: string;
  let chromium: Chromium;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "hmn-page-"));
    chromium = await startChromium();
  });
  after(async () => {
    await chromium.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (name: string, html: string) => {
    const path = join(folder, name);
    writeFileSync(path, html);
    return pathToFileURL(path).href;
  };
  const pageOf = async (name: string) => {
    const data = session(name);
    return await renderPage(analysisDocument(analyzeSession(data)), curvesOf(data));
  };
  const assertQuiet = ({ complaints, requests }: OpenPage, url: string) => {
    assert.deepEqual(complaints, []);
    assert.deepEqual(requests, [url]);
  };
  /** The part of the time that all plots show, in seconds. */
  const shown = ({ page }: OpenPage) =>
    page.evaluate(`hypomnesis.plots.map(({ scales: { x } }) => [x.min, x.max])`) as Promise<
      [number, number][]
    >;

  it("draws all plots, complains about nothing, and asks nobody", async () => {
    const url = write("plain.html", await pageOf("worker"));
    const open = await chromium.open(url);
    const colors = await open.page.evaluate(`
      [...document.querySelectorAll(".uplot canvas")].map((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
      })`) as number[];
    assert.equal(colors.length, 3);
    assert.ok(colors.every((count) => count > 20), `colours: ${colors}`);
    const headings = await open.page.evaluate(
      `[...document.querySelectorAll("h2")].map(({ textContent }) => textContent)`,
    ) as string[];
    assert.deepEqual(headings.slice(0, 6), [
      "Memory over time",
      "Memory efficiency",
      "Performance correlation",
      "Optimization insights",
      "Scaling predictions",
      "Stability",
    ]);
    assert.ok(
      await open.page.evaluate(`document.querySelectorAll("main table").length`) as number > 8,
    );
    assertQuiet(open, url);
    await open.page.close();
  });

  it("keeps gaps as gaps and every peak", async () => {
    const open = await chromium.open(write("gaps.html", await pageOf("worker")));
    const [inGap, peak] = await open.page.evaluate(`(() => {
      const [times, vram] = hypomnesis.plots[0].data;
      const inGap = vram.filter((_, i) => times[i] > 600 && times[i] < 720);
      return [inGap.map((value) => value === null), Math.max(...vram.filter(Boolean))];
    })()`) as [boolean[], number];
    assert.equal(inGap.length, 59);
    assert.ok(inGap.every(Boolean));
    assert.equal(peak, 11);
    await open.page.close();
  });

  it("zooms by dragging, and shows everything again", async () => {
    const open = await chromium.open(write("zoom.html", await pageOf("worker")), { height: 1600 });
    const { page } = open;
    assert.deepEqual(await shown(open), Array(3).fill([0, 1800]));
    const box = (await (await page.$("#plot-gpu .u-over"))!.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 4 });
    await page.mouse.up();
    const zoomed = await shown(open);
    assert.ok(
      Math.abs(zoomed[0]![0] - 450) < 20 && Math.abs(zoomed[0]![1] - 900) < 20,
      `${zoomed}`,
    );
    assert.deepEqual(zoomed[1], zoomed[0]);
    await page.click('[data-zoom="all"]');
    assert.deepEqual(await shown(open), Array(3).fill([0, 1800]));
    await page.click('[data-zoom="in"]');
    assert.deepEqual(await shown(open), Array(3).fill([450, 1350]));
    await page.click('[data-zoom="right"]');
    assert.deepEqual(await shown(open), Array(3).fill([900, 1800]));
    await page.mouse.click(box.x + 100, box.y + 40, { count: 2 });
    assert.deepEqual(await shown(open), Array(3).fill([0, 1800]));
    assert.deepEqual(open.complaints, []);
    await page.close();
  });

  it("can be used without a mouse", async () => {
    const open = await chromium.open(write("keys.html", await pageOf("worker")));
    const { page } = open;
    await page.focus("#plot-gpu");
    for (const key of ["ArrowRight", "ArrowRight"] as const) await page.keyboard.press(key);
    const told = await page.evaluate(`document.getElementById("readout").textContent`) as string;
    assert.match(told, /^0:00:0\d: GPU 0 memory 1\.0\d GiB, GPU memory of worker 1\.00 GiB$/);
    await page.keyboard.press("+");
    const [[min, max]] = await shown(open) as [[number, number]];
    assert.equal(max - min, 900);
    await page.keyboard.press("0");
    assert.deepEqual((await shown(open))[0], [0, 1800]);
    // An entry of the legend hides its curve.
    await page.focus("#plot-gpu .u-legend .u-series:nth-child(2) th");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(`hypomnesis.plots[0].series[1].show`), false);
    await page.close();
  });

  it("is dark where the system is, and at the press of a button", async () => {
    const url = write("dark.html", await pageOf("worker"));
    const ground = ({ page }: OpenPage) =>
      page.evaluate(`getComputedStyle(document.body).backgroundColor`);
    const dark = await chromium.open(url, { dark: true });
    const light = await chromium.open(url);
    const [ofDark, ofLight] = [await ground(dark), await ground(light)];
    assert.notEqual(ofDark, ofLight);
    await light.page.bringToFront();
    await light.page.click("#theme");
    assert.equal(await ground(light), ofDark);
    await light.page.click("#theme");
    assert.equal(await ground(light), ofLight);
    await dark.page.close();
    await light.page.close();
  });

  it("fits a narrow screen: tables scroll by themselves", async () => {
    const open = await chromium.open(write("narrow.html", await pageOf("worker")), { width: 360 });
    const [page, plot, frames] = await open.page.evaluate(`[
      document.documentElement.scrollWidth,
      Math.max(...[...document.querySelectorAll(".uplot")].map((one) => one.getBoundingClientRect().right)),
      [...document.querySelectorAll(".frame")].filter((one) => one.scrollWidth > one.clientWidth).length,
    ]`) as [number, number, number];
    assert.equal(page, 360);
    assert.ok(plot <= 360, `plots end at ${plot}`);
    assert.ok(frames > 0);
    await open.page.close();
  });

  it("runs nothing and shows everything of hostile names", async () => {
    const data = session(HOSTILE);
    const analysis = { ...aFullAnalysis(HOSTILE), gaps: data.gaps };
    const url = write("hostile.html", await renderPage(analysisDocument(analysis), curvesOf(data)));
    const open = await chromium.open(url);
    assert.equal(await open.page.evaluate("globalThis.pwned"), undefined);
    const [images, scripts, label, legend] = await open.page.evaluate(`[
      document.images.length,
      document.scripts.length,
      document.querySelector("#memory-efficiency tbody th").textContent,
      document.querySelector("#plot-ram .u-legend").textContent,
    ]`) as [number, number, string, string];
    assert.equal(images, 0);
    assert.equal(scripts, 2);
    assert.ok(
      label.startsWith('RAM of a|b `c` **d** <img src=x onerror="globalThis.pwned=1">'),
      label,
    );
    assert.ok(legend.includes("<img src=x"), legend);
    assert.ok(!actsOn(label + legend));
    assertQuiet(open, url);
    await open.page.close();
  });

  it("lets nothing in that is not its own, even if something got into the page", async () => {
    const html = await pageOf("worker");
    const url = write(
      "injected.html",
      html.replace(
        "</body>",
        `<script>globalThis.pwned = 1</script><img src="http://127.0.0.1:9/x" onerror="pwned = 1"></body>`,
      ),
    );
    const open = await chromium.open(url);
    assert.equal(await open.page.evaluate("globalThis.pwned"), undefined);
    assert.ok(open.complaints.some((text) => /Content Security Policy/.test(text)));
    await open.page.close();
  });

  it("a million samples: few points, drawn all the same", async () => {
    const data = aSession({
      durationMs: 100_000 * SECOND,
      intervalMs: SECOND,
      gpus: [{ usedBytes: (atMs) => atMs === 77_777 * SECOND ? 11 * GIB : 4 * GIB }],
    });
    const url = write(
      "long.html",
      await renderPage(analysisDocument(anAnalysis()), curvesOf(data)),
    );
    const open = await chromium.open(url);
    const [points, peak] = await open.page.evaluate(`(() => {
      const [times, vram] = hypomnesis.plots[0].data;
      return [times.length, Math.max(...vram.filter(Boolean))];
    })()`) as [number, number];
    assert.equal(points, 4_000);
    assert.equal(peak, 11);
    assertQuiet(open, url);
    await open.page.close();
  });

  it("without curves it is a page of tables: the comparison", async () => {
    const comparison = compareAnalyses(aFullAnalysis(HOSTILE), aFullAnalysis(HOSTILE));
    const url = write("compare.html", await renderPage(comparisonDocument(comparison), null));
    const open = await chromium.open(url, { width: 360 });
    const [tables, scripts, width] = await open.page.evaluate(`[
      document.querySelectorAll("table").length,
      document.scripts.length,
      document.documentElement.scrollWidth,
    ]`) as number[];
    assert.equal(tables, 2);
    assert.equal(scripts, 0);
    assert.equal(width, 360);
    assertQuiet(open, url);
    await open.page.close();
  });
});

it("the page carries uPlot's licence line, and knows itself again", async () => {
  const data = session("worker");
  const html = await renderPage(analysisDocument(analyzeSession(data)), curvesOf(data));
  const { licence } = uplotText();
  assert.match(licence, /^uPlot, Copyright \(c\) \d{4} Leon Sorokin, MIT License/);
  assert.ok(html.includes(licence));
  assert.ok(isOurs(html.slice(0, 1024), html.slice(-1024)));
});
