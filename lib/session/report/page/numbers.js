/** Numbers of the curves as text. */

/** Bytes of the data are GiB in the plots. */
export const GIB = 2 ** 30;

/** `0:12:05` */
export function elapsedText(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value) => String(value).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** `0:12:05 · 14:03:21`, on the clock of whoever reads. */
export function momentText(startedAtMs, seconds) {
  const at = new Date(startedAtMs + seconds * 1000);
  return `${elapsedText(seconds)} · ${at.toLocaleTimeString()}`;
}

/** A number of a curve, as it stands in the plot: GiB, per cent, °C, W. */
export function valueText(unit, value) {
  if (value === null || value === undefined) return "–";
  if (unit === "bytes") {
    return value < 1 ? `${(value * 1024).toFixed(0)} MiB` : `${value.toFixed(2)} GiB`;
  }
  if (unit === "ratio") return `${value.toFixed(0)} %`;
  return unit === "celsius" ? `${value.toFixed(0)} °C` : `${value.toFixed(0)} W`;
}

/** A point of the data in the unit of the plot: a gap stays `null`, a place without a sample is `undefined`. */
export function plotted(unit, point) {
  if (point === null) return null;
  if (point === false) return undefined;
  if (unit === "bytes") return point / GIB;
  return unit === "ratio" ? point * 100 : point;
}

/** Distances of marks on the axis of time, in seconds. */
export const TIME_STEPS = [
  1,
  2,
  5,
  10,
  15,
  30,
  60,
  120,
  300,
  600,
  900,
  1800,
  3600,
  7200,
  10800,
  21600,
  43200,
  86400,
  172800,
  604800,
];
