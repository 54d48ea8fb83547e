/** The OpenAPI document: valid, whole, and true of what is answered and taken. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { toCamelCase } from "../lib/json_case.ts";
import { type Endpoint, ENDPOINTS } from "../lib/http/endpoints.ts";
import { openApiDocument } from "../lib/http/openapi.ts";
import { parsePhaseRequest } from "../lib/http/phase_request.ts";
import { request as questionSchema } from "../lib/http/schema/messages.ts";
import { SAME, type Same } from "../lib/http/schema/same.ts";
import type { SnakeCased } from "../lib/http/snake_cased.ts";
import { parseReport } from "../lib/telemetry/report.ts";
import { aDevice, aGpuReply } from "../lib/testing.ts";
import { endWorlds, EventReader, GIB, httpWorld } from "./support/http_world.ts";

afterEach(endWorlds);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/** A document as whoever fetches it has it. */
const documentOf = () => JSON.parse(JSON.stringify(openApiDocument())) as JsonObject;

/** What stands at a JSON pointer, such as `#/components/schemas/Reply`. */
function at(document: JsonObject, pointer: string): Json | undefined {
  return pointer.split("/").slice(1).reduce<Json | undefined>(
    (value, key) =>
      (value as JsonObject | undefined)?.[key.replaceAll("~1", "/").replaceAll("~0", "~")],
    document,
  );
}

function refsIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn);
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === "$ref" && typeof item === "string" ? [item] : refsIn(item)
  );
}

/** The same schema, in which no object may have a field that is not told of. */
function closed(value: Json): Json {
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== "object") return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, closed(item)]));
  const isOpen = "properties" in value && "type" in value && !("additionalProperties" in value);
  return isOpen ? { ...inner, additionalProperties: false } : inner;
}

/** Checks values by schemas of the document, strictly. */
class Schemas {
  readonly #ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
  readonly #components: JsonObject;
  readonly #made = new Map<string, ValidateFunction>();

  constructor(document: JsonObject, { isClosed = false } = {}) {
    const components = at(document, "#/components/schemas") as JsonObject;
    this.#components = isClosed ? closed(components) as JsonObject : components;
  }

  of(schema: Json): ValidateFunction {
    const whole = JSON.stringify({ ...schema as JsonObject, $defs: this.#components });
    let made = this.#made.get(whole);
    if (made === undefined) {
      made = this.#ajv.compile(JSON.parse(whole.replaceAll("#/components/schemas/", "#/$defs/")));
      this.#made.set(whole, made);
    }
    return made;
  }

  assertFits(schema: Json, value: unknown, what: string): void {
    const fits = this.of(schema);
    assert.ok(fits(value), `${what}: ${JSON.stringify(fits.errors)} ${JSON.stringify(value)}`);
  }
}

/** The schema of an answer or a body. */
function schemaAt(document: JsonObject, ...path: readonly string[]): Json {
  const pointer = path.map((key) => key.replaceAll("/", "~1")).join("/");
  const found = at(document, `#/paths/${pointer}`);
  assert.notEqual(found, undefined, `there is no ${pointer}`);
  return found!;
}

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

describe("the document", () => {
  it("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    const result = await validator.validate(documentOf());
    assert.deepEqual([result.valid, result.errors ?? []], [true, []]);
    assert.equal(validator.version, "3.1");
    const broken = { ...documentOf(), info: { title: "no version" } };
    assert.equal((await new Validator().validate(broken)).valid, false, "the check can fail");
  });

  it("has every reference it uses, and uses every schema it has", () => {
    const document = documentOf();
    const refs = refsIn(document);
    assert.ok(refs.length > 50);
    for (const pointer of refs) assert.notEqual(at(document, pointer), undefined, pointer);
    const used = new Set(refs.map((pointer) => pointer.split("/").at(-1)!));
    const names = Object.keys(at(document, "#/components/schemas") as JsonObject);
    assert.deepEqual(names.filter((name) => !used.has(name)), []);
  });

  it("tells of every address, and of no other", () => {
    const document = documentOf();
    const paths = document.paths as Record<string, Record<string, JsonObject>>;
    const told = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
    );
    assert.deepEqual(told.sort(), Object.keys(ENDPOINTS).sort());
    const ids = Object.values(paths).flatMap(Object.values).map(({ operationId }) => operationId);
    assert.equal(new Set(ids).size, told.length);
    for (const [name, endpoint] of Object.entries(ENDPOINTS) as [string, Endpoint][]) {
      const [method, path] = name.split(" ") as [string, string];
      const operation = paths[path]![method.toLowerCase()]!;
      const parameters = (operation.parameters ?? []) as { name: string; required: boolean }[];
      const query = Object.keys(endpoint.query?.shape ?? {});
      assert.deepEqual(parameters.map(({ name }) => name).sort(), query.sort(), name);
      assert.ok(parameters.every(({ required }) => required === false));
      assert.equal("requestBody" in operation, endpoint.body !== undefined, name);
      assert.equal("security" in operation, endpoint.isOpen === true, name);
    }
  });

  it("names every field in snake_case", () => {
    const walk = (value: Json): string[] => {
      if (Array.isArray(value)) return value.flatMap(walk);
      if (value === null || typeof value !== "object") return [];
      const own = "properties" in value ? Object.keys(value.properties as JsonObject) : [];
      const required = "required" in value && Array.isArray(value.required)
        ? value.required as string[]
        : [];
      for (const name of required) assert.ok(own.includes(name), `${name} is not told of`);
      return [...own, ...Object.values(value).flatMap(walk)];
    };
    const names = walk(at(documentOf(), "#/components/schemas")!);
    assert.ok(names.length > 150);
    for (const name of names) assert.match(name, /^[a-z0-9]+(_[a-z0-9]+)*$/);
  });
});

describe("what is answered", () => {
  const document = documentOf();
  const schemas = new Schemas(document, { isClosed: true });

  it("has the fields that the document tells of, and no others", async () => {
    const { get, post, meter } = httpWorld({ authorize: () => true });
    const full = aDevice({ uuid: "GPU-0", totalBytes: 24 * GIB, usedBytes: 23.5 * GIB });
    meter.answer("gpu", () => aGpuReply({ devices: [full] }));
    await post("/v1/telemetry", { allocated_bytes: 99, reserved_bytes: 100, step: "s", pid: 4 });
    await post("/v1/phase", { name: "a", type: "t", step: 1, labels: { Key: "v" } });
    await post("/v1/phase", { name: "b" });
    const stream = new EventReader(await get("/v1/stream"));
    const [event] = await stream.take(1);
    await stream.close();
    const told = schemaAt(document, "/v1/stream", "get", "responses", "200", "content");
    const { schema } = (told as Record<string, JsonObject>)["text/event-stream"]!;
    schemas.assertFits(schema!, event!.data, "GET /v1/stream");
    assert.equal((event!.data.alerts as []).length, 1);
    assert.equal((event!.data.phases as []).length, 1);
    assert.equal((event!.data.allocators as []).length, 1);

    let checked = 0;
    for (
      const [name, { reply, contentType }] of Object.entries(ENDPOINTS) as [string, Endpoint][]
    ) {
      const [method, path] = name.split(" ") as [string, string];
      if (method !== "GET" || reply === null || contentType !== undefined) continue;
      const response = await get(path === "/v1/processes" ? `${path}?details=true` : path);
      const content = schemaAt(document, path, "get", "responses", "200", "content");
      const { schema } = (content as Record<string, JsonObject>)["application/json"]!;
      schemas.assertFits(schema!, await response.json(), name);
      checked += 1;
    }
    assert.equal(checked, 9);
  });

  it("fits its question", async () => {
    const { post } = httpWorld();
    const questions: readonly (readonly [string, Record<string, unknown>])[] = [
      ["MemoryReply", { kind: "memory", pids: [1], system: true }],
      ["TreeReply", { kind: "tree", roots: [1] }],
      ["FindReply", { kind: "find", top: 1 }],
      ["GpuReply", { kind: "gpu", processes: true }],
      ["DoctorReply", { kind: "doctor" }],
      ["PingReply", { kind: "ping" }],
      ["DevicesReply", { kind: "devices" }],
      ["ProcessesReply", { kind: "processes" }],
      ["SnapshotReply", { kind: "snapshot", pid: 1 }],
    ];
    for (const [name, question] of questions) {
      schemas.assertFits(ref("Request"), question, name);
      const answer = await (await post("/v1/ask", question)).json();
      schemas.assertFits(ref(name), answer, name);
      schemas.assertFits(ref("Reply"), answer, name);
      const { [Object.keys(answer).at(-1)!]: _, ...less } = answer;
      assert.equal(schemas.of(ref(name))(less), false, "a field is missing");
      assert.equal(schemas.of(ref(name))({ ...answer, further: 1 }), false, "a field too many");
    }
  });

  it("is a problem document where it is refused", async () => {
    const { get, post, meter } = httpWorld();
    meter.fail("doctor", new Error("x"));
    for (
      const response of [
        await get("/v1/doctor"),
        await get("/nowhere"),
        await get("/v1/ask"),
        await get("/v1/snapshot?pid=x"),
        await post("/v1/ask", "{"),
        await get("/v1/devices", { host: "evil.example" }),
      ]
    ) schemas.assertFits(ref("Problem"), await response.json(), response.url);
  });
});

const says = (parse: (value: unknown) => unknown, value: unknown): boolean => {
  try {
    parse(value);
    return true;
  } catch {
    return false;
  }
};

describe("what is taken", () => {
  const document = documentOf();
  const schemas = new Schemas(document);
  const bodyOf = (path: string) => {
    const content = schemaAt(document, path, "post", "requestBody", "content");
    return schemas.of((content as Record<string, JsonObject>)["application/json"]!.schema!);
  };

  /** Each value with whether it is taken, by the parser and by the document. */
  function agree(
    path: string,
    parse: (value: unknown) => unknown,
    cases: readonly (readonly [unknown, boolean])[],
  ): void {
    const fits = bodyOf(path);
    for (const [value, isTaken] of cases) {
      const text = JSON.stringify(value);
      assert.equal(says(parse, value), isTaken, `the parser: ${text}`);
      assert.equal(fits(value), isTaken, `the document: ${text}`);
    }
  }

  it("of reports: the document and the parser agree", () => {
    const own = { allocated_bytes: 3, reserved_bytes: 5 };
    const cuda = { cuda_memory_allocated_gb: 0.5, cuda_memory_reserved_gb: 1 };
    agree("/v1/telemetry", parseReport, [
      [own, true],
      [{ ...own, peak_bytes: 4, device: 0, pid: 1, step: "a" }, true],
      [{ ...own, peak_bytes: null, device: null, pid: null, step: null }, true],
      [{ ...own, step: 1.5 }, true],
      [{ ...own, step: "" }, true],
      [{ ...own, step: "x".repeat(100) }, true],
      [{ ...own, device: 65_535, pid: 2 ** 32 - 1 }, true],
      [{ allocated_bytes: 0, reserved_bytes: Number.MAX_SAFE_INTEGER }, true],
      [cuda, true],
      [{ ...cuda, cuda_memory_peak_gb: 0.75, cuda_memory_fragmentation: 0.5, device: 1 }, true],
      [{ ...cuda, cuda_memory_peak_gb: null, cuda_memory_fragmentation: null, step: 7 }, true],
      [{ cuda_memory_allocated_gb: 0, cuda_memory_reserved_gb: 0 }, true],
      [{}, false],
      [null, false],
      [[], false],
      ["own", false],
      [{ allocated_bytes: 3 }, false],
      [{ reserved_bytes: 3 }, false],
      [{ ...own, allocated_bytes: null }, false],
      [{ ...own, allocated_bytes: -1 }, false],
      [{ ...own, allocated_bytes: 1.5 }, false],
      [{ ...own, allocated_bytes: "3" }, false],
      [{ ...own, reserved_bytes: 2 ** 53 }, false],
      [{ ...own, peak_bytes: -1 }, false],
      [{ ...own, device: -1 }, false],
      [{ ...own, device: 65_536 }, false],
      [{ ...own, device: "0" }, false],
      [{ ...own, pid: 0 }, false],
      [{ ...own, pid: 2 ** 32 }, false],
      [{ ...own, step: {} }, false],
      [{ ...own, step: "x".repeat(101) }, false],
      [{ ...own, step: "a\u0007" }, false],
      [{ ...own, gpu: 1 }, false],
      [{ ...own, ...cuda }, false],
      [{ ...cuda, peak_bytes: 1 }, false],
      [{ ...cuda, cuda_memory_used_gb: 1 }, false],
      [{ ...cuda, cuda_memory_allocated_gb: -0.5 }, false],
      [{ ...cuda, cuda_memory_reserved_gb: 8_388_608 }, false],
      [{ cuda_memory_allocated_gb: 1 }, false],
    ]);
    // What a schema can't say is said beside it.
    assert.equal(says(parseReport, { allocated_bytes: 6, reserved_bytes: 5 }), false);
    const { description } = at(document, "#/components/schemas/TelemetryReport") as JsonObject;
    assert.match(String(description), /Allocated is at most reserved/);
  });

  it("of phases: the document and the parser agree", () => {
    agree("/v1/phase", parsePhaseRequest, [
      [{ name: "Load" }, true],
      [{ name: "a b-c_d.1", nested: true, type: "t", step: 3, labels: { k: "v" } }, true],
      [{ name: "x", end: false }, true],
      [{ name: "x", end: null, nested: null, type: null, step: null, labels: null }, true],
      [{ name: "x", type: "", step: "" }, true],
      [{ name: "x".repeat(100), labels: {} }, true],
      [{ name: " padded " }, true],
      [{ end: true }, true],
      [{ end: true, name: null, nested: false }, true],
      [{}, false],
      [null, false],
      [[], false],
      [{ name: "" }, false],
      [{ name: "  " }, false],
      [{ name: "a/b" }, false],
      [{ name: "a\nb" }, false],
      [{ name: "x".repeat(101) }, false],
      [{ name: 5 }, false],
      [{ name: null }, false],
      [{ name: "x", end: true }, false],
      [{ end: false }, false],
      [{ end: "true" }, false],
      [{ end: 1 }, false],
      [{ name: "x", nested: "true" }, false],
      [{ name: "x", type: 5 }, false],
      [{ name: "x", type: "y".repeat(101) }, false],
      [{ name: "x", type: "\u0085" }, false],
      [{ name: "x", step: true }, false],
      [{ name: "x", labels: [] }, false],
      [{ name: "x", labels: { k: 1 } }, false],
      [{ name: "x", labels: { k: "" } }, false],
      [{ name: "x", labels: { "": "v" } }, false],
      [{ name: "x", labels: { ["k".repeat(101)]: "v" } }, false],
      [
        {
          name: "x",
          labels: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, "v"])),
        },
        false,
      ],
      [{ nmae: "x" }, false],
      [{ name: "x", at_ms: 1 }, false],
    ]);
  });

  it("of questions: the document and the schema that checks agree", () => {
    const pids = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
    agree("/v1/ask", (value) => questionSchema.parse(toCamelCase(value)), [
      [{ kind: "memory" }, true],
      [{ kind: "memory", pids: pids(4096), details: true }, true],
      [{ kind: "tree", roots: [1], cgroup: null }, true],
      [{ kind: "tree", roots: [], cgroup: { owner: 1, run: 1 } }, true],
      [{ kind: "find", top: 4096, name: null }, true],
      [{ kind: "ping" }, true],
      [{}, false],
      [{ kind: "run_cgroup", action: "make", cgroup: { owner: 1, run: 1 } }, false],
      [{ kind: "run_process", action: "end", pid: 1, seen: [] }, false],
      [{ kind: "memory", pids: pids(4097) }, false],
      [{ kind: "memory", pids: null }, false],
      [{ kind: "memory", cpus: true }, false],
      [{ kind: "tree" }, false],
      [{ kind: "tree", roots: [1], cgroup: { owner: 1 } }, false],
      [{ kind: "find" }, false],
      [{ kind: "find", top: 4097 }, false],
      [{ kind: "snapshot" }, false],
      [{ kind: "snapshot", pid: 0 }, false],
    ]);
  });
});

describe("the schemas and the types", () => {
  it("are held together by the type checker", () => {
    interface Record {
      readonly a: number;
      readonly b?: string;
      readonly list: readonly ("x" | "y")[];
    }
    const same: Same<{ a: number; b?: string; list: ("x" | "y")[] }, Record> = true;
    // @ts-expect-error A field is missing.
    const missing: Same<{ b?: string; list: ("x" | "y")[] }, Record> = true;
    // @ts-expect-error A field that may be left out is missing.
    const optional: Same<{ a: number; list: ("x" | "y")[] }, Record> = true;
    // @ts-expect-error A field too many.
    const further: Same<{ a: number; b?: string; list: ("x" | "y")[]; c: null }, Record> = true;
    // @ts-expect-error It may be left out here.
    const laxer: Same<{ a?: number; b?: string; list: ("x" | "y")[] }, Record> = true;
    // @ts-expect-error Another value.
    const other: Same<{ a: number | null; b?: string; list: ("x" | "y")[] }, Record> = true;
    // @ts-expect-error A value too few.
    const fewer: Same<{ a: number; b?: string; list: "x"[] }, Record> = true;
    // @ts-expect-error A value too many.
    const more: Same<{ a: number; b?: string; list: ("x" | "y" | "z")[] }, Record> = true;
    // At run time nothing of this is left to check.
    void [same, missing, optional, further, laxer, other, fewer, more];
    assert.ok(Object.keys(SAME).length >= 5 && Object.values(SAME).every(Boolean));
  });

  it("have names outside as the values have them", () => {
    type Outside = SnakeCased<
      { pciBusId: string; avg10Ratio: number; labels: Readonly<Record<string, string>> }
    >;
    const outside: Outside = { pci_bus_id: "x", avg10_ratio: 0, labels: { anyKey: "v" } };
    // @ts-expect-error It is not named so outside.
    const inside: Outside = { pciBusId: "x", avg10_ratio: 0, labels: {} };
    assert.notDeepEqual(Object.keys(outside), Object.keys(inside));
  });
});
