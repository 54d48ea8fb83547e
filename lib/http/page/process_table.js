/** The table of processes: sorted by a column, filtered by a text. */
import { byId, element, keyedList, setAttribute, setShown, setText, setValue } from "./dom.js";
import { filteredRows, PROCESS_COLUMNS, processRows, sortedRows } from "./processes.js";
import { counted, NONE, safe, sizeText } from "./text.js";

/** More rows help nobody; the filter finds the others. */
const MOST_ROWS = 200;

/** Draws the table; `redraw` is called where a click or a key wants it anew. */
export function processTable(redraw) {
  const head = byId("process-head");
  const body = byId("process-rows");
  const filter = byId("process-filter");
  const remark = byId("process-remark");
  const order = { id: "vram", isDown: true };
  const headers = PROCESS_COLUMNS.map((column) => header(column, order, redraw));
  head.append(...headers.map(({ root }) => root));
  filter.addEventListener("input", redraw);
  const list = keyedList(body, ({ key }) => key, tableRow);
  return ({ reading }) => {
    for (const { show } of headers) show();
    const all = processRows(reading);
    const found = sortedRows(filteredRows(all, filter.value), order);
    list(found.slice(0, MOST_ROWS), isSelecting(body));
    setText(remark, remarkOf(all, found));
    setShown(remark, remark.textContent !== "");
  };
}

/** Rows that would move away under a selection stay where they are. */
function isSelecting(body) {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && selection.containsNode(body, true);
}

function remarkOf(all, found) {
  if (all.length === 0) return "No process was told of.";
  const shown = Math.min(found.length, MOST_ROWS);
  const reasons = new Set(
    found.slice(0, MOST_ROWS).flatMap(({ vram, rss }) =>
      [vram, rss].flatMap(({ bytes, note }) => bytes === null && note !== "" ? [note] : [])
    ),
  );
  return [
    ...shown < all.length
      ? [`${shown} of ${counted(all.length, "process", "processes")} shown.`]
      : [],
    ...reasons.size > 0 ? [`?: ${[...reasons].join("; ")}.`] : [],
  ].join(" ");
}

/** A header is a button; the column that decides says so. */
function header({ id, title, isNumber }, order, redraw) {
  const arrow = element("span", { class: "arrow", "aria-hidden": "true" });
  const button = element("button", { type: "button", class: "sort" }, title, arrow);
  const root = element("th", { scope: "col", ...isNumber ? { class: "number" } : {} }, button);
  button.addEventListener("click", () => {
    order.isDown = order.id === id ? !order.isDown : isNumber;
    order.id = id;
    redraw();
  });
  const show = () => {
    const isChosen = order.id === id;
    setAttribute(root, "aria-sort", !isChosen ? null : order.isDown ? "descending" : "ascending");
    setText(arrow, !isChosen ? "" : order.isDown ? " ▼" : " ▲");
  };
  return { root, show };
}

const ON_NONE = "it is on no GPU";

function tableRow() {
  const pid = element("td", { class: "number" });
  const name = element("span");
  const note = element("span", { class: "soft small" });
  const gpus = element("td");
  const amounts = Object.fromEntries(
    ["vram", "rss", "peak", "swap"].map((id) => [id, element("td", { class: "number value" })]),
  );
  const root = element(
    "tr",
    {},
    pid,
    element("th", { scope: "row" }, name, note),
    gpus,
    ...Object.values(amounts),
  );
  const update = (row) => {
    setText(pid, String(row.pid));
    setValue(name, row.name === null ? null : safe(row.name));
    setText(note, row.note === "" ? "" : ` (${row.note})`);
    if (row.gpus !== "") setValue(gpus, row.gpus);
    else if (row.vram.isNone) setValue(gpus, NONE, ON_NONE);
    else setValue(gpus, null, row.vram.note);
    for (const [id, cell] of Object.entries(amounts)) {
      const { bytes, note, isNone } = row[id];
      if (isNone) setValue(cell, NONE, ON_NONE);
      else setValue(cell, sizeText(bytes), bytes === null ? note : null);
    }
  };
  return { root, update };
}
