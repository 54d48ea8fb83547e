/** The user and password of a URL as a header, so that no message shows them. Pure. */

/** Value of `authorization` for them, percent-encoded as in a URL; `null`: there are none. */
export function basicAuth(username: string, password: string): string | null {
  if (username + password === "") return null;
  const bytes = new TextEncoder().encode([username, password].map(percentDecoded).join(":"));
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** The text without its percent-encoding; a lone percent sign stands for itself. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
