/**
 * The page's own script and style sheet: the files in `page/`, as text. The build puts a module that holds the text in
 * this one's place.
 */
import { oneScript } from "./one_script.ts";
import { textOfFile } from "./text_of_file.ts";

/** In the order in which they need each other. */
const SCRIPTS = ["numbers", "colors", "draw", "legend", "plots", "zoom", "main"];

/** A script in which the modules are one scope, and the style sheet. */
export interface PageText {
  readonly script: string;
  readonly style: string;
}

/** The text of the page's own files. */
export function pageText(): PageText {
  const read = (name: string) => textOfFile(`./page/${name}`, import.meta.url);
  return {
    script: oneScript(SCRIPTS.map((name) => read(`${name}.js`))),
    style: read("page.css"),
  };
}
