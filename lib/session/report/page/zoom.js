/** Zooming and reading without a mouse: buttons and keys. */
import { elapsedText } from "./numbers.js";

/** Closer than this nothing more is seen. */
const LEAST_SECONDS = 1;

/** Makes the buttons and keys work; all plots show the same time. */
export function setUpZoom({ plots, whole }, toolbar, readout) {
  const first = plots[0];
  if (first === undefined) return;
  const show = (min, max) => {
    const width = Math.min(whole.max - whole.min, Math.max(LEAST_SECONDS, max - min));
    const from = Math.min(Math.max(whole.min, min), whole.max - width);
    first.setScale("x", { min: from, max: from + width });
  };
  const zoom = (factor, around) => {
    const { min, max } = first.scales.x;
    const at = around ?? (min + max) / 2;
    show(at - (at - min) * factor, at + (max - at) * factor);
  };
  const move = (share) => {
    const { min, max } = first.scales.x;
    const by = (max - min) * share;
    show(min + by, max + by);
  };
  const actions = {
    in: () => zoom(0.5),
    out: () => zoom(2),
    left: () => move(-0.5),
    right: () => move(0.5),
    all: () => show(whole.min, whole.max),
  };
  toolbar.addEventListener("click", ({ target }) => {
    actions[target.closest("button")?.dataset.zoom]?.();
  });
  for (const plot of plots) {
    plot.over.addEventListener("dblclick", () => actions.all());
    plot.root.parentElement.addEventListener("keydown", (event) => {
      if (event.target !== plot.root.parentElement) return;
      const at = plot.cursor.idx;
      const around = at === null || at === undefined ? undefined : plot.data[0][at];
      const keys = {
        "+": () => zoom(0.5, around),
        "=": () => zoom(0.5, around),
        "-": () => zoom(2, around),
        "0": actions.all,
        Escape: actions.all,
        ArrowLeft: () => point(plot, event.shiftKey ? -20 : -1, readout),
        ArrowRight: () => point(plot, event.shiftKey ? 20 : 1, readout),
      };
      const action = keys[event.key];
      if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    });
  }
}

/** Moves the cursor by so many points, within what is in view, and says what stands there. */
function point(plot, by, readout) {
  const times = plot.data[0];
  const { min, max } = plot.scales.x;
  const now = plot.cursor.idx ?? times.findIndex((time) => time >= min);
  let next = Math.min(times.length - 1, Math.max(0, now + by));
  while (next < times.length - 1 && times[next] < min) next++;
  while (next > 0 && times[next] > max) next--;
  plot.setCursor({ left: plot.valToPos(times[next], "x"), top: plot.over.clientHeight / 2 });
  const told = plot.series.slice(1).flatMap((series, i) => {
    const at = plot.cursor.idxs?.[i + 1] ?? next;
    return series.show ? [`${series.label} ${series.value(plot, plot.data[i + 1][at])}`] : [];
  });
  readout.textContent = `${elapsedText(times[next])}: ${told.join(", ")}`;
}
