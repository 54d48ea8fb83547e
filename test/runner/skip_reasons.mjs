// Neither runtime's report says why a test was skipped, so the reason is looked up in its source.

/**
 * The reasons that a test file may give for skipping the test `name`: the texts that its `skip` option
 * leads to. `read` gives the text of a file the test imports, or `null`.
 *
 * @type {(name: string, text: string, read: (path: string) => string | null) => string[]}
 */
export const skipReasons = (name, text, read) => {
  const title = name.split(" > ").at(-1);
  const at =
    ['"', "`"].map((quote) => text.indexOf(quote + title + quote)).find((at) => at !== -1) ?? -1;
  const own = at === -1 ? null : /\bskip\b[^,}]*/.exec(text.slice(at, at + title.length + 80));
  const options = own === null ? text.match(/\{ skip\b[^}]*/g) ?? [] : [own[0]];
  const reasons = options.flatMap((option) => follow(option, text, read, 3));
  return [...new Set(reasons)];
};

/** Texts in an expression, and in what its names stand for. */
function follow(expression, text, read, depth) {
  const found = sentences(expression);
  if (found.length > 0 || depth === 0) return found;
  return [...new Set(expression.match(/[A-Za-z_$][\w$]*/g))]
    .flatMap((name) => follow(meaning(name, text, read), text, read, depth - 1));
}

/** Texts with a blank in them; other texts are names, not reasons. */
function sentences(code) {
  return [...code.matchAll(/"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)]
    .map(([, plain, template]) => plain ?? template)
    .filter((text) => text.includes(" "));
}

/** The statement that defines a name, here or in an imported file. */
function meaning(name, text, read) {
  const defined = (code) =>
    new RegExp(`\\b(?:const|let) ${name}\\b[^;]*;`).exec(code)?.[0].replace(/^\w+ \w+/, "") ??
      new RegExp(`\\bfunction ${name}\\([\\s\\S]*?\\n\\}`).exec(code)?.[0].replace(name, "");
  const here = defined(text);
  if (here !== undefined) return here;
  const importing = new RegExp(`(?:import|export) \\{[^}]*\\b${name}\\b[^}]*\\} from "(\\.[^"]+)"`);
  const from = importing.exec(text)?.[1];
  const there = from === undefined ? null : read(from);
  if (there === null) return "";
  const path = importing.exec(there)?.[1];
  return defined(there) ?? (path === undefined ? "" : defined(read(path) ?? "") ?? "");
}
