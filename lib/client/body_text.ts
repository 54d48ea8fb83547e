/** The text of an answer, bounded: who answers is not known. */

/** The history of an hour of many GPUs is some MB. */
export const LARGEST_BYTES = 32 << 20;

/** The text; `null`: it is too long. */
export async function bodyText(response: Response): Promise<string | null> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const bytes of response.body) {
    length += bytes.length;
    if (length > LARGEST_BYTES) return null;
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}
