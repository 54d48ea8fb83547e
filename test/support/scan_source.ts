/**
 * Reads what a TypeScript file imports and which names it uses, without a parser: comments and the inside
 * of strings, templates and regular expressions are set aside first, so that nothing in them counts.
 */

/** One import or export from another module. */
export interface Import {
  readonly specifier: string;
  /** `"type"`: erased when it runs. `"dynamic"`: loaded when the call is reached. */
  readonly kind: "static" | "dynamic" | "type";
}

/** What a file says. */
export interface Scan {
  readonly imports: readonly Import[];
  /** An `import(…)` whose specifier is computed, so that nobody can tell what it loads. */
  readonly computedImport: boolean;
  /** The code alone: each string is `"n"`, where n is its place in `strings`. */
  readonly code: string;
  /** The strings, raw. Text of templates counts, piece by piece. */
  readonly strings: readonly string[];
}

/** Scans the text of a file. */
export function scanSource(text: string): Scan {
  const { code, strings } = setStringsAside(text);
  const imports: Import[] = [];
  const found = (index: string | undefined, kind: Import["kind"]) =>
    imports.push({ specifier: strings[Number(index)]!, kind });
  const statement = /(?:^|[;\n])\s*(?:import|export)\s+(type\s)?([^;"]*?)\bfrom\s*"(\d+)"/g;
  for (const [, type, names, index] of code.matchAll(statement)) {
    found(index, type !== undefined || onlyTypes(names!) ? "type" : "static");
  }
  for (const [, index] of code.matchAll(/(?:^|[;\n])\s*import\s*"(\d+)"/g)) found(index, "static");
  const calls = [...code.matchAll(/\bimport\s*\(\s*(?:"(\d+)"\s*[,)])?/g)];
  for (const [, index] of calls) if (index !== undefined) found(index, "dynamic");
  return { imports, computedImport: calls.some(([, index]) => index === undefined), code, strings };
}

function onlyTypes(names: string): boolean {
  const list = /^\s*\{([\s\S]*)\}\s*$/.exec(names)?.[1];
  if (list === undefined) return false;
  const each = list.split(",").map((name) => name.trim()).filter((name) => name !== "");
  return each.length > 0 && each.every((name) => name.startsWith("type "));
}

/** Between these and a slash there is no value to divide, so the slash begins a regular expression. */
const BEFORE_REGEX = /(?:^|[=(,:;!&|?{}[+\-*%<>~^]|\b(?:return|typeof|case|in|of|await|yield))\s*$/;

function setStringsAside(text: string): { code: string; strings: string[] } {
  const strings: string[] = [];
  /** For each open `${`, how many braces are open inside it. */
  const templates: number[] = [];
  let code = "";
  let at = 0;
  const keep = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const match = pattern.exec(text)?.[0] ?? text[at]!;
    at += match.length;
    return match;
  };
  const aside = (string: string) => {
    code += `"${strings.length}"`;
    strings.push(string);
  };
  const template = () => {
    const piece = keep(/(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y);
    aside(piece.replace(/`$|\$\{$/, ""));
    if (!piece.endsWith("`")) {
      code += "+";
      templates.push(0);
    }
  };
  while (at < text.length) {
    const next = text[at]!;
    if (text.startsWith("//", at)) keep(/[^\n]*/y);
    else if (text.startsWith("/*", at)) keep(/\/\*[\s\S]*?\*\//y);
    else if (next === '"' || next === "'") {
      aside(keep(/"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'/y).slice(1, -1));
    } else if (next === "`") {
      at++;
      template();
    } else if (next === "/" && BEFORE_REGEX.test(code.slice(-40))) {
      keep(/\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y);
      code += "/r/";
    } else if (next === "}" && templates.at(-1) === 0) {
      at++;
      templates.pop();
      code += "+";
      template();
    } else {
      const depth = next === "{" ? 1 : next === "}" ? -1 : 0;
      if (templates.length > 0) templates[templates.length - 1]! += depth;
      code += next;
      at++;
    }
  }
  return { code, strings };
}
