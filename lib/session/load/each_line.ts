/** Lines of a stream of bytes in UTF-8, as they come. */

/** A line with more characters than this is none. */
const LONGEST_LINE = 2 ** 22;

/**
 * Gives on each line without its end, `null` for one that is too long. Returns whether there is a last line without an
 * end, which is not given on.
 */
export async function eachLine(
  stream: AsyncIterable<Uint8Array>,
  take: (line: string | null) => void,
): Promise<boolean> {
  const decoder = new TextDecoder();
  let rest = "";
  let isTooLong = false;
  for await (const piece of stream) {
    const text = decoder.decode(piece, { stream: true });
    let start = 0;
    for (let end; (end = text.indexOf("\n", start)) >= 0; start = end + 1) {
      take(isTooLong ? null : (rest + text.slice(start, end)).replace(/\r$/, ""));
      rest = "";
      isTooLong = false;
    }
    isTooLong ||= rest.length + text.length - start > LONGEST_LINE;
    rest = isTooLong ? "" : rest + text.slice(start);
  }
  return isTooLong || rest !== "";
}
