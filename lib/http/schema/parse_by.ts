/** Reads a value by a schema, and says what is wrong in one sentence. */
import type { z } from "zod";
import { snakeKey } from "../../json_case.ts";
import { quotedNames } from "../../telemetry/refuse.ts";
import { escapeText } from "../../text.ts";
import { Refusal } from "../refusal.ts";

/** So much of what is wrong is told. */
const MOST_ISSUES = 3;
const LONGEST_TEXT = 300;

/**
 * The value as the schema has it.
 *
 * @param what what can't be done otherwise: `take the question`
 * @throws {Refusal} 400, naming the fields and what is accepted
 */
export function parseBy<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Refusal(400, `Cannot ${what}: ${issueText(result.error.issues)}`);
}

/** A name as it was sent. */
function outsideName(key: PropertyKey): string {
  return typeof key === "string" && /^[a-z]/.test(key) ? snakeKey(key) : String(key);
}

/** What is wrong, by field. */
export function issueText(issues: readonly z.core.$ZodIssue[]): string {
  const texts = issues.slice(0, MOST_ISSUES).map((issue) => {
    const place = issue.path.map((key) => outsideName(key)).join(".");
    const message = issue.code === "unrecognized_keys"
      ? `unknown ${issue.keys.length === 1 ? "field" : "fields"} ${
        quotedNames(issue.keys.map(outsideName))
      }`
      : issue.message;
    return `${place === "" ? "" : `${place}: `}${message}`;
  });
  const more = issues.length - texts.length;
  const text = texts.join("; ") + (more > 0 ? `; and ${more} more` : "");
  return escapeText(text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text);
}
