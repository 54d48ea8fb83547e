/** Values behind the `?` of an address, as schemas. */
import { z } from "zod";
import { parseDuration } from "../../amounts.ts";

/** The shortest time between two events: each of them asks the drivers. */
const SHORTEST_MS = 100;
/** The longest. */
const LONGEST_MS = 3_600_000;

/** Digits and nothing else. */
export const wholeNumber = z.string().regex(/^\d{1,15}$/, "give a whole number").transform(Number);

/** A duration such as `500ms`, `1s` or, in seconds, `2`; in milliseconds. */
export const seconds = z.string().transform((text, context) => {
  const ms = parseDuration(text, "s");
  if (ms !== undefined && ms >= SHORTEST_MS && ms <= LONGEST_MS) return Math.round(ms);
  context.issues.push({ code: "custom", message: "give 100ms to 1h", input: text });
  return z.NEVER;
});
