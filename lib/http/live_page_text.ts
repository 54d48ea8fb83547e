/**
 * The live page's own script and style sheet: the files in `page/`, and those of the report's page that both share, as
 * text. The build puts a module that holds the text in this one's place.
 */
import { oneScript } from "../session/report/one_script.ts";
import { textOfFile } from "../session/report/text_of_file.ts";

/** Of the report's page. */
const SHARED = ["numbers", "colors", "draw", "legend"];
/** In the order in which they need each other. */
const OWN = [
  "text",
  "dom",
  "events",
  "token",
  "connection",
  "ring",
  "past",
  "known",
  "reasons",
  "bars",
  "devices",
  "machine",
  "processes",
  "process_table",
  "incidents",
  "allocators",
  "sources",
  "trouble",
  "panels",
  "charts",
  "main",
];

/** A script in which the modules are one scope, and the style sheet that comes behind that of the report's page. */
export interface LivePageText {
  readonly script: string;
  readonly style: string;
}

/** The text of the page's own files. */
export function livePageText(): LivePageText {
  const read = (path: string) => textOfFile(path, import.meta.url);
  const modules = [
    ...SHARED.map((name) => `../session/report/page/${name}.js`),
    ...OWN.map((name) => `./page/${name}.js`),
  ];
  return {
    script: oneScript(modules.map(read)),
    style: read("./page/live.css"),
  };
}
