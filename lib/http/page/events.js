/** Server-sent events out of pieces of text. */

/** No event is longer, and what never ends must not fill the memory. */
const MOST_CHARACTERS = 2 ** 25;

/** Takes the pieces as they come, and calls `onEvent({ type, data, id })` for each event that is whole. */
export function eventReader(onEvent) {
  let rest = "";
  let type = "";
  let data = null;
  let id = null;
  const take = (text) => {
    if (text === "") {
      if (data !== null) onEvent({ type: type || "message", data, id });
      type = "";
      data = null;
      return;
    }
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(text);
    if (name === "data") data = data === null ? value : `${data}\n${value}`;
    else if (name === "event") type = value;
    // An id stays until another one is told.
    else if (name === "id" && !value.includes("\0")) id = value;
  };
  return (piece) => {
    rest += piece;
    // A carriage return at the end may be the first half of a line end.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    if (rest.length > MOST_CHARACTERS) throw new Error("the server sent an event without an end");
    lines.forEach(take);
  };
}
