/** What stands behind and above the curves: phases, zones, gaps, alerts. */
import { color, phaseColor } from "./colors.js";
import { GIB } from "./numbers.js";

/** Height of a lane of phases, in CSS pixels. */
export const LANE = 18;
/** Phases nested deeper than this share the last lane. */
export const MOST_LANES = 3;

/** A position on the canvas. */
const x = (plot, ms) => plot.valToPos(ms / 1000, "x", true);

/** The part of a time span that is in view, in canvas pixels; `null`: none of it. */
function inView(plot, startMs, endMs) {
  const { left, width } = plot.bbox;
  const from = Math.max(left, x(plot, startMs));
  const to = Math.min(left + width, x(plot, endMs));
  return to > from ? { from, width: to - from } : null;
}

/** Behind everything. */
export function drawBehind(plot, panel, data, names) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  for (const phase of data.phases) {
    const view = inView(plot, phase.startMs, phase.endMs);
    if (view === null) continue;
    const lane = Math.min(phase.depth, MOST_LANES - 1);
    const lanes = lanesOf(data);
    ctx.fillStyle = phaseColor(names, phase.name);
    if (phase.depth === 0) {
      ctx.globalAlpha = 0.06;
      ctx.fillRect(view.from, bbox.top, view.width, bbox.height);
    }
    drawLabel(plot, phase, view, bbox.top - (lanes - lane) * LANE * ratio);
  }
  ctx.globalAlpha = 1;
  drawBands(plot, panel);
  for (const gap of panel.gaps) drawGap(plot, gap);
  ctx.restore();
}

/** Lanes of phases that are needed. */
export function lanesOf({ phases }) {
  return phases.reduce((most, { depth }) => Math.max(most, Math.min(depth + 1, MOST_LANES)), 0);
}

function drawLabel(plot, { name }, { from, width }, top) {
  const { ctx } = plot;
  const ratio = devicePixelRatio;
  const height = (LANE - 2) * ratio;
  ctx.globalAlpha = 0.26;
  // A pixel stays free, so that phases of one name that follow each other are told apart.
  ctx.fillRect(from, top, Math.max(ratio, width - ratio), height);
  if (width < 14 * ratio) return;
  ctx.globalAlpha = 1;
  const fill = ctx.fillStyle;
  ctx.fillStyle = color("ink");
  ctx.font = `${11 * ratio}px ${FONT}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillText(fitting(ctx, name, width - 8 * ratio), from + 4 * ratio, top + height / 2);
  ctx.fillStyle = fill;
}

/** The font of everything on the canvas. */
export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

/** The text, cut where it does not fit. */
function fitting(ctx, text, width) {
  if (ctx.measureText(text).width <= width) return text;
  const cut = [...text].slice(0, 60);
  while (cut.length > 0 && ctx.measureText(`${cut.join("")}…`).width > width) cut.pop();
  return cut.length === 0 ? "" : `${cut.join("")}…`;
}

/** From each level to the next one. */
function drawBands(plot, { levels }) {
  const { ctx, bbox } = plot;
  const bottom = bbox.top + bbox.height;
  const place = ({ bytes }) => plot.valToPos(bytes / GIB, "bytes", true);
  const sorted = [...levels].sort((a, b) => a.bytes - b.bytes);
  sorted.forEach((level, i) => {
    if (level.tone === "limit") return;
    const from = Math.min(bottom, place(level));
    const next = sorted[i + 1];
    const to = Math.max(bbox.top, next === undefined ? bbox.top : place(next));
    if (from <= to) return;
    ctx.fillStyle = color(level.tone);
    ctx.globalAlpha = 0.1;
    ctx.fillRect(bbox.left, to, bbox.width, from - to);
  });
  ctx.globalAlpha = 1;
}

/** Hatched: nothing is known. */
function drawGap(plot, { startMs, endMs }) {
  const view = inView(plot, startMs, endMs);
  if (view === null) return;
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(view.from, bbox.top, Math.max(view.width, 2 * ratio), bbox.height);
  ctx.clip();
  ctx.strokeStyle = color("soft");
  ctx.globalAlpha = 0.35;
  ctx.lineWidth = ratio;
  ctx.beginPath();
  for (let at = view.from - bbox.height; at < view.from + view.width; at += 7 * ratio) {
    ctx.moveTo(at, bbox.top + bbox.height);
    ctx.lineTo(at + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}

/** Above the curves. */
export function drawAbove(plot, panel, data) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `${10 * ratio}px ${FONT}`;
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  for (const { label, tone, bytes } of panel.levels) {
    const at = plot.valToPos(bytes / GIB, "bytes", true);
    if (!(at >= bbox.top && at <= bbox.top + bbox.height)) continue;
    ctx.strokeStyle = ctx.fillStyle = color(tone === "limit" ? "soft" : tone);
    ctx.lineWidth = ratio;
    ctx.setLineDash([4 * ratio, 4 * ratio]);
    line(ctx, bbox.left, at, bbox.left + bbox.width, at);
    ctx.fillText(label, bbox.left + bbox.width - 4 * ratio, at - 2 * ratio);
  }
  ctx.setLineDash([]);
  for (const alert of data.alerts) drawAlert(plot, alert, data.durationMs);
  ctx.restore();
}

/** A line where it began, and a bar at the bottom for as long as it was on. */
function drawAlert(plot, { severity, startMs, endMs }, durationMs) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const bottom = bbox.top + bbox.height;
  ctx.fillStyle = ctx.strokeStyle = color(severity === "critical" ? "critical" : "caution");
  const view = inView(plot, startMs, endMs ?? durationMs);
  if (view !== null) {
    ctx.fillRect(view.from, bottom - 4 * ratio, Math.max(view.width, 2 * ratio), 4 * ratio);
  }
  const at = x(plot, startMs);
  if (at < bbox.left || at > bbox.left + bbox.width) return;
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  line(ctx, at, bbox.top, at, bottom);
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(at, bbox.top + 8 * ratio);
  ctx.lineTo(at - 4.5 * ratio, bbox.top);
  ctx.lineTo(at + 4.5 * ratio, bbox.top);
  ctx.fill();
}

function line(ctx, fromX, fromY, toX, toY) {
  ctx.beginPath();
  ctx.moveTo(fromX, fromY);
  ctx.lineTo(toX, toY);
  ctx.stroke();
}
