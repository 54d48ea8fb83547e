/** What a content security policy knows a script or a style by. */

/** `'sha256-…'` of a text that stands in a document. */
export async function contentHash(text: string): Promise<string> {
  // A browser reads line ends of a document as \n before it hashes.
  const bytes = new TextEncoder().encode(text.replace(/\r\n?/g, "\n"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `'sha256-${btoa(String.fromCharCode(...digest))}'`;
}
