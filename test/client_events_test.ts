/** Server-sent events as the client reads them, wherever the pieces of the body end. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LARGEST_BYTES } from "../lib/client/body_text.ts";
import { eventsOf, type ServerEvent } from "../lib/client/events.ts";

async function* inPieces(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

/** The events of a text that comes in pieces of so many bytes. */
async function eventsIn(text: string | Uint8Array, size = Infinity): Promise<ServerEvent[]> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
  const found: ServerEvent[] = [];
  for await (const event of eventsOf(inPieces(pieces))) found.push(event);
  return found;
}

const event = (data: string, fields: Partial<ServerEvent> = {}): ServerEvent => ({
  event: "message",
  id: null,
  data,
  ...fields,
});

const TEXT = ": hello\n\n" +
  'event: reading\nid: 0a1b2c3d-1\ndata: {"name":"Grüße 🧠"}\n\n' +
  ": still here\n\n" +
  "data: one\ndata:two\ndata\ndata:  three\n\n" +
  "event:\nid\ndata: no id\n\n" +
  "retry: 10\nunknown: x\ndata: fields of others\n\n" +
  "event: reading\nid: 7\n\n" +
  "data: not whole";

const EVENTS = [
  event('{"name":"Grüße 🧠"}', { event: "reading", id: "0a1b2c3d-1" }),
  event("one\ntwo\n\n three"),
  event("no id", { id: "" }),
  event("fields of others"),
];

describe("events", () => {
  it("fields, comments, several lines of data, and what has no end", async () => {
    assert.deepEqual(await eventsIn(TEXT), EVENTS);
  });

  for (const [name, end] of [["LF", "\n"], ["CRLF", "\r\n"], ["CR", "\r"]] as const) {
    it(`with ${name}, cut at every byte, and into pieces of every small size`, async () => {
      const bytes = new TextEncoder().encode(TEXT.replaceAll("\n", end));
      for (let at = 1; at < bytes.length; at++) {
        const found: ServerEvent[] = [];
        const pieces = [bytes.slice(0, at), bytes.slice(at)];
        for await (const event of eventsOf(inPieces(pieces))) found.push(event);
        assert.deepEqual(found, EVENTS, `cut at ${at}`);
      }
      for (let size = 1; size < 8; size++) {
        assert.deepEqual(await eventsIn(bytes, size), EVENTS, `pieces of ${size}`);
      }
    });
  }

  it("empty pieces between \\r and \\n", async () => {
    const pieces = ["data: a\r", "", "\n", "", "\r", "\ndata: b\n\n"];
    const bytes = pieces.map((piece) => new TextEncoder().encode(piece));
    const found: ServerEvent[] = [];
    for await (const event of eventsOf(inPieces(bytes))) found.push(event);
    assert.deepEqual(found, [event("a"), event("b")]);
  });

  it("the first event is there before the second has come", async () => {
    const second = Promise.withResolvers<void>();
    const encoder = new TextEncoder();
    async function* body() {
      yield encoder.encode("data: 1\n\ndata:");
      await second.promise;
      yield encoder.encode(" 2\n\n");
    }
    const events = eventsOf(body());
    assert.deepEqual((await events.next()).value, event("1"));
    second.resolve();
    assert.deepEqual((await events.next()).value, event("2"));
    assert.equal((await events.next()).done, true);
  });

  it("ids with a NUL are none, and a mark at the beginning is passed over", async () => {
    assert.deepEqual(await eventsIn("\uFEFFid: a\0b\ndata: x\n\n"), [event("x")]);
  });

  it("nothing, and bytes that are no text", async () => {
    assert.deepEqual(await eventsIn(""), []);
    assert.deepEqual(await eventsIn(new Uint8Array([0xff, 0x0a, 0x0a, 0xfe])), []);
    const [broken] = await eventsIn(
      new Uint8Array([...new TextEncoder().encode("data: "), 0xff, 10, 10]),
    );
    assert.equal(broken?.data, "\uFFFD");
  });

  it("an event that does not end is given up, however it is cut", async () => {
    const block = new TextEncoder().encode(`data: ${"x".repeat(1 << 20)}\n`);
    for (const piece of [block, block.slice(0, -1)]) {
      let given = 0;
      const endless = async function* () {
        for (;;) {
          given += piece.length;
          yield await Promise.resolve(piece);
        }
      };
      await assert.rejects(eventsOf(endless()).next(), { code: "bad_value" });
      assert.ok(given > LARGEST_BYTES, `${given} bytes were taken`);
      assert.ok(given < LARGEST_BYTES + 2 * piece.length, `${given} bytes were taken`);
    }
  });

  it("many events, each short, are no end of one", async () => {
    const block = new TextEncoder().encode(`data: ${"x".repeat(1 << 20)}\n\n`);
    let count = 0;
    async function* many() {
      for (let i = 0; i < 40; i++) yield await Promise.resolve(block);
    }
    for await (const { data } of eventsOf(many())) count += data.length >> 20;
    assert.equal(count, 40);
  });
});
