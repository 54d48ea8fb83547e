/** Models that were loaded and unloaded, what they gave back, and two at once (rotation). Pure. */
import type { Analysis, LoadCycle, LoadStep } from "../../analysis/records.ts";
import { moment, share, size, span } from "../amount_text.ts";
import { type Block, paragraph, type Styled, table } from "../document.ts";

/** Less than this given back stands out. */
const LITTLE_RATIO = 0.9;

/** The section. */
export function loads({ loads, cycles, overlaps }: Analysis): readonly Block[] {
  if (loads.length === 0) {
    return [paragraph("No step of memory was large enough to be a model that comes or goes.")];
  }
  const isPaired = (one: LoadStep) =>
    cycles.some(({ series, unload }) =>
      unload !== null && series.id === one.series.id && unload.startMs <= one.startMs &&
      one.startMs <= unload.endMs
    );
  const single = loads.filter((one) => one.kind === "unload" && !isPaired(one));
  return [
    ...(cycles.length === 0 ? [] : table(
      "Loads, and the unloads that belong to them",
      [
        "Memory",
        "Loaded at #",
        "Phase",
        "Size #",
        "Took #",
        "Unloaded at #",
        "Given back #",
        "Stayed #",
      ],
      cycles.map(cycleCells),
    )),
    ...(single.length === 0 ? [] : table(
      "Other large falls: of what was there before, or of something that goes up and down",
      ["Memory", "at #", "Phase", "Size #"],
      single.map((
        { series, startMs, phase, bytes },
      ) => [series.label, moment(startMs), phase ?? "-", size(bytes)]),
    )),
    ...(overlaps.length === 0
      ? [
        paragraph(
          "No rotation was seen in which the next model was loaded before the one before was gone.",
        ),
      ]
      : table(
        "Two models at once: the next was loaded before the one before was gone",
        ["Memory", "From #", "For #", "More than one alone #"],
        overlaps.map(({ series, startMs, endMs, extraBytes }) => [
          series.label,
          moment(startMs),
          span(endMs - startMs),
          size(extraBytes),
        ]),
      )),
  ];
}

function cycleCells({ load, unload, returnedRatio, leftBytes }: LoadCycle): (string | Styled)[] {
  const little = returnedRatio !== null && returnedRatio < LITTLE_RATIO;
  return [
    load.series.label,
    moment(load.startMs),
    load.phase ?? "-",
    size(load.bytes),
    span(load.endMs - load.startMs),
    unload === null ? "still loaded" : moment(unload.startMs),
    unload === null
      ? "-"
      : { text: share(returnedRatio), ...(little ? { tone: "caution" as const } : {}) },
    unload === null ? "-" : size(leftBytes),
  ];
}
