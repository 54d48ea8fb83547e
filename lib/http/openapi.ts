/** The OpenAPI 3.1 document, made from the schemas that check. Pure. */
import { z } from "zod";
import { snakeKey } from "../json_case.ts";
import { VERSION } from "../version.ts";
import { type Endpoint, ENDPOINTS, PROBLEM } from "./endpoints.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/** The document. */
export function openApiDocument(): JsonObject {
  const schemas: JsonObject = {};
  const paths: Record<string, JsonObject> = {};
  for (const [name, endpoint] of Object.entries(ENDPOINTS) as [string, Endpoint][]) {
    const [method, path] = name.split(" ") as [string, string];
    (paths[path] ??= {})[method.toLowerCase()] = operation(name, endpoint, schemas);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "hypomnesis",
      version: VERSION,
      description:
        "RAM and GPU memory of processes, machine and GPUs. Bytes are whole bytes, times " +
        "milliseconds, ratios 0 to 1; null is a number that is not known, with the reason among the " +
        "failures of the answer.",
      license: { name: "MIT OR Apache-2.0", identifier: "MIT OR Apache-2.0" },
    },
    servers: [{ url: "." }],
    // A server without a token asks for none.
    security: [{}, { bearer: [] }],
    paths: paths as JsonObject,
    components: {
      schemas,
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
  };
}

function operation(name: string, endpoint: Endpoint, schemas: JsonObject): JsonObject {
  const { summary, query, body, reply, contentType = "application/json", isOpen } = endpoint;
  const parameters: Json[] = query === undefined ? [] : parametersOf(query);
  const problem = content("application/problem+json", schemaOf(PROBLEM, schemas));
  return {
    operationId: operationId(name),
    summary,
    ...(isOpen ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : {
      requestBody: {
        required: true,
        content: content("application/json", schemaOf(body, schemas)),
      },
    }),
    responses: {
      ...(reply === null ? { "204": { description: "Done" } } : {
        "200": { description: summary, content: content(contentType, schemaOf(reply, schemas)) },
      }),
      default: { description: "It was not done", content: problem },
    },
  };
}

function content(type: string, schema: Json): JsonObject {
  return { [type]: { schema } };
}

/** `GET /v1/devices` is `getDevices`. */
function operationId(name: string): string {
  const [method, path] = name.split(" ") as [string, string];
  const words = path.replace(/^\/v1/, "").split(/[^a-z]+/).filter((word) => word !== "");
  const rest = words.length === 0 ? ["page"] : words;
  return method.toLowerCase() + rest.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
}

function parametersOf(query: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = jsonSchema(query) as {
    properties?: JsonObject;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

/** A schema as a reference; what it stands for goes to the components. */
function schemaOf(schema: z.ZodType, schemas: JsonObject): Json {
  const { $defs = {}, ...own } = jsonSchema(schema) as JsonObject & { $defs?: JsonObject };
  for (const [name, definition] of Object.entries($defs)) schemas[name] ??= definition;
  const id = z.globalRegistry.get(schema)?.id;
  if (id === undefined) return own;
  if (!("$ref" in own)) schemas[id] ??= own;
  return { $ref: `#/components/schemas/${id}` };
}

function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...found } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    // Everything that has a name is a component, also the schema itself.
    reused: "inline",
  }) as JsonObject;
  return named(found);
}

/** Keys as they stand in JSON outside, references as OpenAPI has them. */
function named(value: Json): Json {
  if (Array.isArray(value)) return value.map(named);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => key !== "id").map(([key, item]) => {
      if (key === "properties") return [key, snakeKeys(item as JsonObject)];
      if (key === "required") return [key, (item as string[]).map(snakeKey)];
      if (key === "$ref") return [key, String(item).replace("#/$defs/", "#/components/schemas/")];
      return [key, named(item)];
    }),
  );
}

function snakeKeys(properties: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).map(([key, schema]) => [snakeKey(key), named(schema)]),
  );
}
