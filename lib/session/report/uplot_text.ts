/**
 * The text of uPlot, which draws the curves of the page. From the sources it is read from the installed package; the
 * build puts a module that holds the text in this one's place, so that the program needs no file beside it.
 */
import { textOfFile } from "./text_of_file.ts";

/** A script, its style sheet, and the line that its licence wants kept. */
export interface UplotText {
  readonly script: string;
  readonly style: string;
  readonly licence: string;
}

/** uPlot 1.6. */
export function uplotText(): UplotText {
  const read = (name: string) => textOfFile(`../../../node_modules/uplot/${name}`, import.meta.url);
  const copyright = /^Copyright.*$/m.exec(read("LICENSE"))?.[0] ?? "";
  return {
    script: read("dist/uPlot.iife.min.js"),
    style: read("dist/uPlot.min.css"),
    licence: `uPlot, ${copyright}, MIT License, https://github.com/leeoniya/uPlot`,
  };
}
