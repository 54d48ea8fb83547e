/** Modules of a page as one script, which a document can hold. */

/** The texts, in the order in which they need each other, as one scope. */
export function oneScript(modules: readonly string[]): string {
  const bare = modules.map((text) =>
    text
      .replace(/^import [^;]*;\n/gm, "")
      .replace(/^export (?=async function |class |const |function )/gm, "")
  );
  return `(() => {\n"use strict";\n${bare.join("\n")}})();\n`;
}
