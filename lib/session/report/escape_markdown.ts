/** Untrusted text in GitHub-flavoured Markdown. Pure. */
import { escapeText } from "../../text.ts";

/**
 * The text as it is, whatever it looks like: no emphasis, code, link, HTML, entity, table cell, formula or mention. The
 * characters that can begin one get a backslash, so that the source is still readable; an underscore within a word
 * begins nothing.
 */
export function escapeMarkdown(text: string): string {
  return escapeText(text)
    .replace(/[\\`*[\]<>|~&$!]/g, "\\$&")
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\_")
    // Links without brackets: a scheme, www., an address. GitHub looks for mentions and issues behind Markdown, where
    // only something between the two characters helps.
    .replace(/:(?=\/\/)/g, "\\:")
    .replace(/\b(www)\./gi, "$1\\.")
    .replace(/([@#])(?=[\p{L}\p{N}])/gu, "\\$1<!-- -->");
}

/** The same at the beginning of a line, where more characters have a meaning: headings, lists, rules, code. */
export function escapeLineStart(text: string): string {
  return escapeMarkdown(text).trimStart()
    .replace(/^[-+=#:]/, "\\$&")
    .replace(/^(\d{1,9})([.)])/, "$1\\$2");
}
