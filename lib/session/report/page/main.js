/** Brings the page to life. Without scripts its tables are all there. */
import { setUpTheme } from "./colors.js";
import { makePlots } from "./plots.js";
import { setUpZoom } from "./zoom.js";

const data = JSON.parse(document.getElementById("curves").textContent);
const drawn = makePlots(data, ({ id }) => document.getElementById(`plot-${id}`));
setUpTheme(document.getElementById("theme"), () => {
  for (const plot of drawn.plots) plot.redraw(false);
});
setUpZoom(drawn, document.getElementById("zoom"), document.getElementById("readout"));
document.documentElement.classList.add("alive");
// For whoever wants more of the numbers in the browser's console.
globalThis.hypomnesis = { data, ...drawn };
