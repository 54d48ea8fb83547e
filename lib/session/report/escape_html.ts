/** Untrusted text in HTML and XML. Pure. */
import { escapeJson, escapeText } from "../../text.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For text and for attributes in quotes. What could act or hide is written `\u{1b}`. */
export function escapeHtml(text: string): string {
  return escapeText(text).replace(/[&<>"']/g, (char) => ENTITIES[char]!);
}

/**
 * A value as JSON inside `<script type="application/json">`: nothing in it can end the element or begin a comment, and
 * line separators and invisible characters are written `\uXXXX`.
 */
export function jsonForScript(value: unknown): string {
  return escapeJson(JSON.stringify(value)).replace(
    /[<>&]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
