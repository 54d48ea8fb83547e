/* global uPlot */
/** The plots of the last hour. */
import { color, curveColor, curveDash } from "../../session/report/page/colors.js";
import { drawAbove, drawBehind, FONT, LANE, lanesOf } from "../../session/report/page/draw.js";
import { makeLegendReachable } from "../../session/report/page/legend.js";
import { TIME_STEPS } from "../../session/report/page/numbers.js";
import { byId, setShown } from "./dom.js";
import { PANELS, panelsOf } from "./panels.js";
import { clockText, NONE, rounded } from "./text.js";

const HEIGHT = 210;

/** Draws all plots; `spanMs` is how much of the time they show. */
export function historyPlots() {
  const plots = PANELS.map((panel) => ({ id: panel.id, ...plotOf(panel) }));
  return {
    draw: (known, spanMs) => {
      const panels = panelsOf(known, spanMs);
      for (const { id, draw } of plots) draw(panels[id], panels.marks, panels.view);
    },
    recolor: () => {
      for (const { current } of plots) current()?.redraw(false);
    },
    /** For whoever wants the numbers in the browser's console. */
    get all() {
      return Object.fromEntries(plots.map(({ id, current }) => [id, current()]));
    },
  };
}

/** One plot. It is made anew when its curves are others, and else only gets new data. */
function plotOf({ id, unit }) {
  const part = byId(`part-${id}`);
  const host = byId(`plot-${id}`);
  const hidden = new Set();
  /** What the hooks draw, always the latest. */
  const shown = { panel: null, marks: { phases: [], alerts: [] }, view: { startMs: 0, endMs: 1 } };
  let plot = null;
  let shape = "";
  new ResizeObserver(() => {
    if (plot !== null && widthOfHost(host) !== plot.width) {
      plot.setSize({ width: widthOfHost(host), height: HEIGHT });
    }
  }).observe(host);
  host.addEventListener("keydown", (event) => plot !== null && moveCursor(plot, host, event));
  const draw = (panel, marks, view) => {
    const known = panel.curves.length > 0 && panel.seconds.length > 0;
    setShown(part, known);
    if (!known) return;
    Object.assign(shown, { panel, view, marks: { ...marks, durationMs: view.endMs } });
    const data = [panel.seconds, ...panel.columns];
    const next = JSON.stringify(panel.curves.map(({ key, label }) => [key, label]));
    if (next === shape) {
      plot.setData(data);
      return;
    }
    plot?.destroy();
    shape = next;
    plot = new uPlot(plotOptions(shown, unit, hidden, widthOfHost(host)), data, host);
    makeLegendReachable(plot, (i, isShown) => {
      const { key } = shown.panel.curves[i];
      if (isShown) hidden.delete(key);
      else hidden.add(key);
    });
  };
  return { draw, current: () => plot };
}

const widthOfHost = (host) => Math.max(200, Math.floor(host.clientWidth));

function plotOptions(shown, unit, hidden, width) {
  const axis = { stroke: () => color("soft"), font: `11px ${FONT}` };
  const grid = { stroke: () => color("line"), width: 1 };
  const namesOfPhases = () => [...new Set(shown.marks.phases.map(({ name }) => name))];
  return {
    width,
    height: HEIGHT,
    padding: [() => lanesOf(shown.marks) * LANE + 8, 14, 0, 0],
    scales: {
      x: { time: false, range: () => [shown.view.startMs / 1000, shown.view.endMs / 1000] },
      // The report's drawing finds the zones on the scale of this name.
      bytes: { range: (_, __, most) => [0, Math.max(shown.panel.top ?? 0, most ?? 0) || 1] },
    },
    axes: [
      {
        ...axis,
        grid,
        ticks: grid,
        incrs: TIME_STEPS,
        space: 70,
        size: 30,
        values: (plot, at) => {
          const { min, max } = plot.scales.x;
          return at.map((seconds) => clockText(seconds * 1000, max - min < 600));
        },
      },
      {
        ...axis,
        scale: "bytes",
        grid,
        ticks: { show: false },
        size: 46,
        gap: 4,
        values: (_, at) => at.map((value) => String(Number(value.toPrecision(6)))),
      },
    ],
    series: [
      {
        label: "Time",
        value: (plot, at) => clockText((at ?? plot.data[0].at(-1) ?? 0) * 1000),
      },
      ...shown.panel.curves.map(({ key, label }, i) => ({
        label,
        scale: "bytes",
        show: !hidden.has(key),
        stroke: () => curveColor(i),
        dash: curveDash(i),
        width: 1.5,
        spanGaps: false,
        points: { show: false },
        // Without a cursor: the latest.
        value: (plot, value, series, index) =>
          pointText(index === null ? plot.data[series]?.at(-1) : value, unit),
      })),
    ],
    legend: { live: true },
    cursor: {
      sync: { key: "time", setSeries: false },
      drag: { x: false, y: false },
    },
    hooks: {
      drawClear: [(plot) => drawBehind(plot, shown.panel, shown.marks, namesOfPhases())],
      draw: [(plot) => drawAbove(plot, shown.panel, shown.marks)],
    },
  };
}

function pointText(value, unit) {
  return typeof value === "number" ? `${rounded(value, unit === "GiB" ? 2 : 1)} ${unit}` : NONE;
}

/** Arrows move the cursor of a focused plot, whose legend then tells the numbers; Escape takes it away. */
function moveCursor(plot, host, event) {
  if (event.target !== host || event.ctrlKey || event.metaKey || event.altKey) return;
  const steps = { ArrowLeft: -1, ArrowRight: 1 };
  const last = plot.data[0].length - 1;
  if (event.key === "Escape") plot.setCursor({ left: -10, top: -10 });
  else if (event.key in steps) {
    const by = steps[event.key] * (event.shiftKey ? 20 : 1);
    const next = Math.min(last, Math.max(0, (plot.cursor.idx ?? last + 1) + by));
    plot.setCursor({
      left: plot.valToPos(plot.data[0][next], "x"),
      top: plot.over.clientHeight / 2,
    });
  } else return;
  event.preventDefault();
}
