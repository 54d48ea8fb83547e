/** Server-sent events out of a body, as the standard has them (WHATWG HTML, section 9.2.6). */
import { HypomnesisError } from "../errors.ts";
import { LARGEST_BYTES } from "./body_text.ts";

/** One event. */
export interface ServerEvent {
  /** Its name; `message` where it has none. */
  readonly event: string;
  /** `null`: the last one's still holds. */
  readonly id: string | null;
  readonly data: string;
}

/**
 * Every whole event, in order; comments are passed over, and so is what no empty line ends.
 *
 * @throws {HypomnesisError} `bad_value` for an event that does not end
 */
export async function* eventsOf(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerEvent, void, void> {
  const decoder = new TextDecoder();
  let block: string[] = [];
  // Pieces of the line that has begun: put together only once, however many there are.
  let line: string[] = [];
  let length = 0;
  let wasReturn = false;
  for await (const bytes of body) {
    let text = decoder.decode(bytes, { stream: true });
    if (text === "") continue;
    // A line may end with \r\n, of which the \n is in the next piece.
    if (wasReturn && text.startsWith("\n")) text = text.slice(1);
    wasReturn = text === "" ? false : text.endsWith("\r");
    const [first = "", ...others] = text.split(/\r\n|\n|\r/);
    line.push(first);
    length += text.length;
    for (const next of others) {
      const whole = line.join("");
      line = [next];
      if (whole !== "") {
        block.push(whole);
        continue;
      }
      const event = parseEvent(block);
      block = [];
      length = next.length;
      if (event !== null) yield event;
    }
    if (length > LARGEST_BYTES) {
      throw new HypomnesisError("bad_value", "Cannot read the stream: an event does not end");
    }
  }
}

function parseEvent(lines: readonly string[]): ServerEvent | null {
  let [event, id]: [string, string | null] = ["message", null];
  const data: string[] = [];
  for (const line of lines) {
    const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
    else if (field === "id" && !value.includes("\0")) id = value;
  }
  return data.length === 0 ? null : { event: event || "message", id, data: data.join("\n") };
}
