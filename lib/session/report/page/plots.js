/* global uPlot */
/** The plots, one below the other, over one axis of time. */
import { color, curveColor, curveDash } from "./colors.js";
import { drawAbove, drawBehind, FONT, LANE, lanesOf } from "./draw.js";
import { makeLegendReachable } from "./legend.js";
import { elapsedText, GIB, momentText, plotted, TIME_STEPS, valueText } from "./numbers.js";

const HEIGHTS = { gpu: 320, ram: 280, activity: 240 };
const SCALE_OF = { bytes: "bytes", ratio: "percent", celsius: "percent", watts: "watts" };

/** Width of the axis on the right. */
const WATTS_WIDTH = 44;

/** Makes a plot for each panel, in its element. */
export function makePlots(data, elementOf) {
  const names = [...new Set(data.phases.map(({ name }) => name))];
  const seconds = data.timesMs.map((ms) => ms / 1000);
  const whole = { min: 0, max: Math.max(data.durationMs, 1) / 1000 };
  const plots = [];
  let isFollowing = false;
  const follow = (plot, key) => {
    if (key !== "x" || isFollowing) return;
    isFollowing = true;
    const { min, max } = plot.scales.x;
    for (const other of plots) if (other !== plot) other.setScale("x", { min, max });
    isFollowing = false;
  };
  for (const panel of data.panels) {
    const element = elementOf(panel);
    const series = [
      seconds,
      ...panel.curves.map(({ unit, values }) => values.map((point) => plotted(unit, point))),
    ];
    const plot = new uPlot(optionsOf(panel, data, names, whole, follow, element), series, element);
    makeLegendReachable(plot);
    new ResizeObserver(() => {
      const width = widthOf(element);
      if (width !== plot.width) plot.setSize({ width, height: plot.height });
    }).observe(element);
    plots.push(plot);
  }
  return { plots, whole };
}

const isWatts = ({ unit }) => unit === "watts";

function widthOf(element) {
  return Math.max(200, Math.floor(element.clientWidth));
}

function optionsOf(panel, data, names, whole, follow, element) {
  const hasWatts = panel.curves.some(isWatts);
  const anyWatts = data.panels.some(({ curves }) => curves.some(isWatts));
  const axis = { stroke: () => color("soft"), font: `11px ${FONT}` };
  const grid = { stroke: () => color("line"), width: 1 };
  const memory = panel.id !== "activity";
  return {
    width: widthOf(element),
    height: HEIGHTS[panel.id],
    // As wide as the axis of watts where there is one, so that the same time stands at the same place.
    padding: [lanesOf(data) * LANE + 6, hasWatts ? 0 : anyWatts ? WATTS_WIDTH : 24, 0, 0],
    scales: {
      x: { time: false, range: (_, min, max) => [min ?? whole.min, max ?? whole.max] },
      bytes: { range: (_, __, most) => [0, topOf(most, panel.levels)] },
      percent: { range: (_, __, most) => [0, Math.max(100, (most ?? 0) * 1.05)] },
      watts: { range: (_, __, most) => [0, Math.max(10, (most ?? 0) * 1.1)] },
    },
    axes: [
      {
        ...axis,
        grid,
        ticks: grid,
        incrs: TIME_STEPS,
        space: 70,
        size: 32,
        values: (_, at) => at.map(elapsedText),
      },
      {
        ...axis,
        scale: memory ? "bytes" : "percent",
        grid,
        ticks: { show: false },
        size: 46,
        gap: 4,
        values: (_, at) => at.map((value) => String(Number(value.toPrecision(6)))),
      },
      ...(hasWatts
        ? [{
          ...axis,
          scale: "watts",
          side: 1,
          size: WATTS_WIDTH,
          gap: 4,
          grid: { show: false },
          ticks: { show: false },
        }]
        : []),
    ],
    series: [
      {
        label: "Time",
        value: (_, at) => at === null || at === undefined ? "–" : momentText(data.startedAtMs, at),
      },
      ...panel.curves.map(({ label, unit, isShown }, i) => ({
        label,
        scale: SCALE_OF[unit],
        show: isShown,
        stroke: () => curveColor(i),
        dash: curveDash(i),
        width: 1.5,
        spanGaps: false,
        points: { show: false },
        value: (_, value) => valueText(unit, value),
      })),
    ],
    legend: { live: true },
    cursor: {
      sync: { key: "time", setSeries: false },
      drag: { x: true, y: false, uni: 10 },
      // A place without a sample of this curve tells the sample before it; a gap tells that it is one.
      dataIdx: (plot, series, index) => {
        const values = plot.data[series];
        let at = index;
        while (series > 0 && at > 0 && values[at] === undefined) at--;
        return series > 0 && values[at] === undefined ? index : at;
      },
    },
    hooks: {
      drawClear: [(plot) => drawBehind(plot, panel, data, names)],
      draw: [(plot) => drawAbove(plot, panel, data)],
      setScale: [follow],
    },
  };
}

/** Room for the highest curve, and for the levels that are not far above it. */
function topOf(most, levels) {
  const highest = most ?? 0;
  const near = levels.map(({ bytes }) => bytes / GIB).filter((level) => level <= 1.6 * highest);
  return Math.max(highest, ...near, 1 / 1024) * 1.06;
}
