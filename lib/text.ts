/**
 * Text from outside (names of processes, devices, commands) made safe to show.
 *
 * Any process may choose its name, so a name can hold terminal escape sequences, line breaks that fake a
 * row, or characters that reverse or hide what stands beside them. They are shown as `\u{1b}` instead.
 */

/**
 * Everything that acts on a terminal or can't be seen: controls (C0, DEL, C1), format characters (bidi
 * overrides and isolates, zero-width characters, tags, soft hyphen), line and paragraph separators, lone
 * surrogates, and the other code points that are drawn as nothing (fillers, variation selectors).
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Replaces every character that could act on a terminal or hide by `\u{hex}`. Text without such
 * characters is returned as it is, and escaping twice changes nothing more. A backslash is kept, so this
 * is for reading and not for decoding: the exact name stands in the JSON output.
 */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

/**
 * Replaces the same characters in a JSON text by `\uXXXX`, which means the same to every JSON parser.
 * For JSON on one line: there such characters stand inside strings only.
 */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (char) => {
    let escaped = "";
    for (let i = 0; i < char.length; i++) {
      escaped += `\\u${char.charCodeAt(i).toString(16).padStart(4, "0")}`;
    }
    return escaped;
  });
}

/** Writes text that ends with a line break to standard output, in Bun and Deno alike. */
export function printText(text: string): void {
  // `console.log` ends the line itself, and takes a lone argument literally, `%` included.
  console.log(text.endsWith("\n") ? text.slice(0, -1) : text);
}
