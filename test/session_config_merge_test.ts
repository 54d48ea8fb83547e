/** Settings over settings, and the configurations in `examples/`. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { type AnyFields, FILE_FIELDS } from "../lib/session/config/keys.ts";
import { mergeSettings } from "../lib/session/config/merge.ts";
import { parseConfig } from "../lib/session/config/read_config.ts";
import { DEFAULT_SETTINGS, NO_CONDITION } from "../lib/session/config/settings.ts";
import { repositoryFile } from "./support/run_script.ts";

test("nothing over the defaults is the defaults, and they stay what they are", () => {
  const before = structuredClone(DEFAULT_SETTINGS);
  assert.deepEqual(mergeSettings(DEFAULT_SETTINGS), DEFAULT_SETTINGS);
  assert.deepEqual(mergeSettings(DEFAULT_SETTINGS, {}, { gpu: {}, groups: [] }), DEFAULT_SETTINGS);
  mergeSettings(DEFAULT_SETTINGS, { gpu: { cautionRatio: 0.1 }, groups: [{ name: "a" }] });
  assert.deepEqual(DEFAULT_SETTINGS, before);
});

test("the flags go before the file, and the file before the defaults, key by key", () => {
  const file = {
    intervalMs: 1000,
    out: "file",
    durationMs: 5,
    gpu: { cautionRatio: 0.5, cautionBytes: 7 },
    ram: { targetRatio: 0.6 },
    notify: { webhook: "http://a" },
  };
  const flags = {
    out: "flags",
    durationMs: null,
    gpu: { cautionRatio: 0.4 },
    calm: { clearMs: 1 },
  };
  const merged = mergeSettings(DEFAULT_SETTINGS, file, flags);
  assert.deepEqual(merged, {
    ...DEFAULT_SETTINGS,
    intervalMs: 1000,
    out: "flags",
    durationMs: null,
    gpu: { ...DEFAULT_SETTINGS.gpu, cautionRatio: 0.4, cautionBytes: 7 },
    ram: { ...DEFAULT_SETTINGS.ram, targetRatio: 0.6 },
    calm: { ...DEFAULT_SETTINGS.calm, clearMs: 1 },
    notify: { ...DEFAULT_SETTINGS.notify, webhook: "http://a" },
  });
});

test("what is undefined states nothing", () => {
  const patch = { out: undefined, gpu: undefined, ram: { targetRatio: undefined } };
  assert.deepEqual(mergeSettings(DEFAULT_SETTINGS, patch as never), DEFAULT_SETTINGS);
});

test("a group keeps what is not stated, and a new one has its name and no limits", () => {
  const { groups } = mergeSettings(
    DEFAULT_SETTINGS,
    { groups: [{ name: "a", match: ["x"], color: "cyan" }, { name: "b" }] },
    { groups: [{ name: "c", vramLimitBytes: 3 }, { name: "a", ramLimitBytes: 5 }] },
  );
  const limits = { ramLimitBytes: null, vramLimitBytes: null, color: null };
  assert.deepEqual(groups, [
    { ...limits, name: "a", match: ["x"], color: "cyan", ramLimitBytes: 5 },
    { ...limits, name: "b", match: ["b"] },
    { ...limits, name: "c", match: ["c"], vramLimitBytes: 3 },
  ]);
});

test("lists of rules are replaced as a whole", () => {
  const rule = (phase: string) => ({ phase, when: NO_CONDITION, minimumMs: 0 });
  const { phases } = mergeSettings(
    DEFAULT_SETTINGS,
    { phases: [rule("a"), rule("b")] },
    { phases: [rule("c")] },
  );
  assert.deepEqual(phases.map(({ phase }) => phase), ["c"]);
});

const recordToml = () => fs.readFileSync(repositoryFile("examples/record.toml"), "utf8");

test("examples/record.toml is exactly the defaults", () => {
  assert.deepEqual(parseConfig(recordToml(), "record.toml").settings, DEFAULT_SETTINGS);
});

/** With everything that is behind a `#` and is no sentence. */
function uncommented(text: string): string {
  return text.replace(/^# (?=[a-z_]+ = |\[)/gm, "");
}

/** The paths of all keys that a value states. */
function stated(value: unknown, above = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => stated(item, above));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    `${above}${key}`,
    ...stated(item, `${above}${key}.`),
  ]);
}

function keys(fields: AnyFields, above = ""): string[] {
  return Object.values(fields).flatMap(({ key, form }) => [
    `${above}${key}`,
    ..."fields" in form ? keys(form.fields, `${above}${key}.`) : [],
  ]);
}

test("examples/record.toml has every key, and what is commented out is accepted too", async () => {
  const text = uncommented(recordToml());
  const { settings } = parseConfig(text, "record.toml");
  assert.equal(settings.groups.length, 1);
  assert.equal(settings.phases[0]?.when.utilizationBelow, 1);
  assert.equal(settings.expect.length, 2);
  const { parse } = await import("smol-toml");
  const there = new Set(stated(parse(text)));
  assert.deepEqual(keys(FILE_FIELDS).filter((key) => !there.has(key)), []);
});
