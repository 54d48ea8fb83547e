/** The legend of a plot by keyboard. */

/** The entries show and hide curves; `onShown` is told which curve, from 0, and whether it is shown, at first too. */
export function makeLegendReachable(plot, onShown = () => {}) {
  const entries = [...plot.root.querySelectorAll(".u-legend .u-series")].slice(1);
  entries.forEach((entry, i) => {
    const button = entry.querySelector("th");
    const say = () => {
      const isShown = plot.series[i + 1].show;
      button.setAttribute("aria-pressed", String(isShown));
      onShown(i, isShown);
    };
    button.tabIndex = 0;
    button.setAttribute("role", "button");
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      button.click();
    });
    button.addEventListener("click", () => queueMicrotask(say));
    say();
  });
}
