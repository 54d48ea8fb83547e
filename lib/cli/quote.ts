/** An argument as an error shows it. */
import { escapeText } from "../text.ts";

/** In quotes, what acts on a terminal made visible. */
export function quote(text: string): string {
  return `"${escapeText(text)}"`;
}
