/**
 * The schema of a configuration file, made from the table of its keys: what it takes is the file's form, what it gives
 * are settings. Only this file loads `zod`.
 */
import { z } from "zod";
import type { ValueForm } from "./forms.ts";
import { type AnyFields, type AnyForm, FILE_FIELDS } from "./keys.ts";
import type { SettingsPatch } from "./settings.ts";

/** Takes what a TOML or JSON parser gives; unknown keys are refused. */
export const fileSchema = tableSchema(FILE_FIELDS) as unknown as z.ZodType<SettingsPatch>;

/** A table: known keys only, each renamed to its field. */
function tableSchema(fields: AnyFields): z.ZodType {
  const all = Object.entries(fields);
  const shape = Object.fromEntries(all.map(([, { key, form, isRequired }]) => {
    const schema = formSchema(form);
    return [key, isRequired ? schema : schema.optional()];
  }));
  return z.strictObject(shape).transform((table) => {
    const stated = all.flatMap(([name, { key, fallback }]) => {
      const value = table[key] === undefined ? fallback : table[key];
      return value === undefined ? [] : [[name, value] as const];
    });
    return Object.fromEntries(stated);
  });
}

function formSchema(form: AnyForm): z.ZodType {
  switch (form.kind) {
    case "value":
      return valueSchema(form);
    case "list": {
      const list = z.array(valueSchema(form.each)).min(form.isFilled ? 1 : 0);
      return form.isNullable ? list.nullable() : list;
    }
    case "table":
      return tableSchema(form.fields);
    case "tables":
      return z.array(tableSchema(form.fields));
  }
}

function valueSchema<T>(form: ValueForm<T>): z.ZodType {
  return z.unknown().transform((value, context) => {
    const parsed = form.parse(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: form.accepts, input: value });
    return z.NEVER;
  });
}
