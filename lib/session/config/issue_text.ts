/** What is wrong with the values of a configuration file, as text. Pure. */
import type { z } from "zod";
import { type AnyField, type AnyForm, FILE_FIELDS } from "./keys.ts";
import { nearest } from "./nearest.ts";
import type { Problem } from "./problem.ts";

/** `groups[1].ram_limit` */
export function pathText(path: readonly PropertyKey[]): string {
  return path.map((part, i) =>
    typeof part === "number" ? `[${part}]` : `${i === 0 ? "" : "."}${String(part)}`
  ).join("");
}

/** The problems behind an issue of the schema. */
export function problemsOf(issue: z.core.$ZodIssue): readonly Problem[] {
  const path = pathText(issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: pathText([...issue.path, key]),
      what: unknownKey(key, keysAt(issue.path)),
    }));
  }
  const form = formAt(issue.path);
  const accepted = issue.code === "custom"
    ? issue.message
    : form === null
    ? "a table with the keys of a configuration"
    : acceptsOf(form);
  const wrong = issue.input === undefined
    ? "is missing"
    : `${valueText(issue.input)} is not accepted`;
  return [{ path, what: `${wrong}: give ${accepted}` }];
}

/** A value as the file may have it, cut off where it is long. */
function valueText(value: unknown): string {
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function unknownKey(key: string, known: readonly string[]): string {
  const close = nearest(key, known);
  const hint = close === null ? "" : ` (did you mean ${close}?)`;
  return `is no known key${hint}: give one of ${known.join(", ")}`;
}

/** The keys that are known in the table at a path. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  return fieldsAt(path).map(({ key }) => key);
}

function fieldsAt(path: readonly PropertyKey[]): readonly AnyField[] {
  let fields: readonly AnyField[] = Object.values(FILE_FIELDS);
  for (const part of path) {
    if (typeof part === "number") continue;
    const form = fields.find(({ key }) => key === part)?.form;
    if (form === undefined || !("fields" in form)) return [];
    fields = Object.values(form.fields);
  }
  return fields;
}

function formAt(path: readonly PropertyKey[]): AnyForm | null {
  const last = path.findLastIndex((part) => typeof part === "string");
  if (last < 0) return null;
  const form = fieldsAt(path.slice(0, last)).find(({ key }) => key === path[last])?.form ?? null;
  const isItem = typeof path.at(-1) === "number";
  if (!isItem || form === null) return form;
  if (form.kind === "list") return form.each;
  return form.kind === "tables" ? { kind: "table", fields: form.fields } : form;
}

function acceptsOf(form: AnyForm): string {
  switch (form.kind) {
    case "value":
      return form.accepts;
    case "list":
      return `a list${form.isFilled ? " of at least one" : ""}, each ${form.each.accepts}`;
    case "table":
      return "a table";
    case "tables":
      return "a list of tables";
  }
}
