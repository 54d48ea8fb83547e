/** Server-sent events out of a body, as the standard has them (WHATWG HTML, section 9.2.6). */
import { LARGEST_BYTES } from "./body_text.ts";

/** One event. */
export interface ServerEvent {
  /** Its name; `message` where it has none. */
  readonly event: string;
  /** `null`: the last one's still holds. */
  readonly id: string | null;
  readonly data: string;
}

/** Every whole event, in order; comments are passed over. A block that does not end is an error. */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerEvent, void, void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of body) {
    text += decoder.decode(bytes, { stream: true }).replaceAll("\r\n", "\n");
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = parseEvent(text.slice(0, end));
      text = text.slice(end + 2);
      if (event !== null) yield event;
    }
    if (text.length > LARGEST_BYTES) throw new Error("an event does not end");
  }
}

function parseEvent(block: string): ServerEvent | null {
  let [event, id]: [string, string | null] = ["message", null];
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
    else if (field === "id") id = value;
  }
  return data.length === 0 ? null : { event, id, data: data.join("\n") };
}
