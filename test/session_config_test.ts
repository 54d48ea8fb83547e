/** Configuration files: what each key takes, and what an error says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { z } from "zod";
import { HypomnesisError } from "../lib/errors.ts";
import { type AnyFields, type AnyForm, FILE_FIELDS } from "../lib/session/config/keys.ts";
import { nearest } from "../lib/session/config/nearest.ts";
import { parseConfig } from "../lib/session/config/read_config.ts";
import { fileSchema } from "../lib/session/config/schema.ts";
import {
  DEFAULT_SETTINGS,
  NO_CONDITION,
  type SettingsPatch,
} from "../lib/session/config/settings.ts";

const GIB = 2 ** 30;

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

test("the schema gives settings, and nothing else", () => {
  // Does not compile where the types differ.
  const areEqual: Equal<z.output<typeof fileSchema>, SettingsPatch> = true;
  assert.ok(areEqual);
  assert.throws(() => fileSchema.parse({ surprise: 1 }));
});

const toml = (text: string) => parseConfig(text, "session.toml").patch;
const json = (value: unknown) => parseConfig(JSON.stringify(value), "session.json").patch;

/** The message of the refusal. */
function refusal(text: string, fileName = "session.toml"): string {
  try {
    parseConfig(text, fileName);
  } catch (error) {
    assert.ok(error instanceof HypomnesisError, String(error));
    assert.equal(error.code, "invalid_request");
    return error.message;
  }
  throw new assert.AssertionError({ message: `accepted: ${text}` });
}

/** A file with one value at a path of keys; lists of tables have one item with what it needs. */
function fileWith(
  path: readonly string[],
  value: unknown,
  fields: AnyFields = FILE_FIELDS,
): unknown {
  const [key, ...rest] = path;
  const form = Object.values(fields).find((field) => field.key === key)!.form;
  if (rest.length === 0) return { [key!]: value };
  assert.ok("fields" in form);
  const required = Object.values(form.fields).filter(({ isRequired }) => isRequired)
    .map(({ key }) => [key, key === "of" ? "vram" : "x"]);
  const inner = fileWith(rest, value, form.fields) as object;
  const item = { ...Object.fromEntries(required), ...inner };
  return { [key!]: form.kind === "tables" ? [item] : item };
}

interface Leaf {
  readonly path: readonly string[];
  readonly form: AnyForm;
}

function leaves(fields: AnyFields, above: readonly string[] = []): readonly Leaf[] {
  return Object.values(fields).flatMap(({ key, form }) => {
    const path = [...above, key];
    return "fields" in form ? [{ path, form }, ...leaves(form.fields, path)] : [{ path, form }];
  });
}

const LEAVES = leaves(FILE_FIELDS);

/** `groups[0].name` */
function textOf(path: readonly string[]): string {
  return path.map((key, i) =>
    i < path.length - 1 && isList(path.slice(0, i + 1)) ? `${key}[0]` : key
  )
    .join(".");
}

function isList(path: readonly string[]): boolean {
  return LEAVES.find((leaf) => leaf.path.join() === path.join())?.form.kind === "tables";
}

test("every key refuses what is of another type, by its path and with what it takes", () => {
  assert.ok(LEAVES.length > 60, `${LEAVES.length}`);
  for (const { path, form } of LEAVES) {
    const wrong = [true, NaN, { surprise: 1 }, [[]], "\u0000", -1e300];
    for (const value of wrong) {
      // JSON has no NaN: what a TOML file can state is given to the schema itself.
      const text = JSON.stringify(fileWith(path, value));
      const { success } = fileSchema.safeParse(fileWith(path, value));
      assert.equal(success, false, `${path.join(".")} = ${String(value)}`);
      if (Number.isNaN(value)) continue;
      const message = refusal(text, "session.json");
      assert.ok(message.includes(` ${textOf(path)}`), `${path.join(".")}: ${message}`);
      assert.match(message, /: give /);
    }
    assert.ok(form.kind !== "value" || form.accepts.length > 2, path.join("."));
  }
});

test("null in JSON is not set, where something can be not set", () => {
  const nullable = LEAVES.filter(({ path }) => fileSchema.safeParse(fileWith(path, null)).success)
    .map(({ path }) => path.join("."));
  for (const key of ["name", "duration", "rotate_size", "gpu.caution_limit", "groups.color"]) {
    assert.ok(nullable.includes(key), key);
  }
  for (const key of ["interval", "out", "gpu", "gpu.caution_ratio", "groups", "groups.name"]) {
    assert.ok(!nullable.includes(key), key);
  }
  assert.deepEqual(json({ duration: null, notify: { command: null } }), {
    durationMs: null,
    notify: { command: null },
  });
});

test("an unknown key is told with its path, the nearest one and those that are known", () => {
  assert.equal(
    refusal('[[groups]]\nname = "a"\nram_limt = 1'),
    "Cannot use the configuration session.toml: groups[0].ram_limt is no known key " +
      "(did you mean ram_limit?): give one of name, match, ram_limit, vram_limit, color",
  );
  const far = refusal("[gpu]\ncompletely_else = 1");
  assert.match(far, /gpu\.completely_else is no known key: give one of caution_ratio, /);
  assert.match(
    refusal("[phases.when]\nx = 1"),
    /phases .* is not accepted: give a list of tables$/,
  );
  assert.match(
    refusal('[[phases]]\nphase="a"\nwhen={actve=["b"]}'),
    /phases\[0\]\.when\.actve .*active/,
  );
  assert.match(refusal('{"__proto__": {"out": "x"}}', "a.json"), /__proto__ is no known key/);
  assert.match(refusal("__proto__ = 1"), /__proto__ is no known key/);
});

test("everything that is wrong is told at once", () => {
  const message = refusal(
    'intervall = "2s"\n[gpu]\ncaution_ratio = "x"\ncritical_ratio = 2\n[[groups]]\nmatch = []\n' +
      '[[groups]]\nname = "command"\nmatch = ["/[/", "ok"]\ncolor = "red"',
  );
  assert.match(message, /^Cannot use the configuration session\.toml \(8 problems\): /);
  const parts = [
    'gpu.caution_ratio "x" is not accepted: give a share such as 0.85, "85%" or "5/6"',
    "gpu.critical_ratio 2 is not accepted",
    "groups[0].name is missing: give 1 to 100 characters",
    "groups[0].match [] is not accepted: give a list of at least one, each a name",
    'groups[1].name "command" is not accepted',
    'groups[1].match[0] "/[/" is not accepted: give a name or a part of one',
    'groups[1].color "red" is not accepted: give "cyan", "magenta", "blue", "green", "yellow" or "white"',
    "intervall is no known key (did you mean interval?)",
  ];
  for (const part of parts) assert.ok(message.includes(part), `${part} in ${message}`);
});

const SYNTAX: readonly (readonly [fileName: string, text: string, message: RegExp])[] = [
  [
    "a.toml",
    "a = ",
    /^Cannot read the configuration a\.toml as TOML, line 1, column 5: invalid value$/,
  ],
  ["a.toml", 'out = "a"\n\nout = "b"', /line 3, column 1: trying to redefine/],
  ["a.toml", 'out = "a', /line 1, column \d+: /],
  ["a.toml", "\0\x01\x02", /line 1, column 1: /],
  ["a.toml", `a = ${"[".repeat(100_000)}`, /line 1, column \d+: /],
  ["a.toml", "spike.growth = 99999999999999999999", /line 1, column \d+: integer value/],
  ["a.json", '{\n  "out": "a",\n}', /as JSON, line 3, column 1: property name expected$/],
  ["a.json", '{"out": "a" // why\n}', /line 1, column 13: invalid comment token$/],
  ["a.json", '{"out": "a", "out": "b"}', /line 1, column 14: the key "out" is there twice$/],
  ["a.json", '{"gpu": {"caution_ratio": 1, "caution_ratio": 1}}', /column 30: the key/],
  ["a.json", "", /line 1, column 1: value expected$/],
  ["a.json", '{"out": "a"} x', /line 1, column 14: /],
  ["a.json", '{"out": "a\tb"}', /as JSON.*: /],
  ["a.json", '{"out": tru}', /line 1, column 9: invalid symbol$/],
  ["a.json", "[".repeat(1_000_000), /as JSON: it is nested too deeply$/],
  ["a.conf", "{", /as JSON, line 1, column 2: close brace expected$/],
  ["a.conf", "out", /as TOML, line 1/],
];

for (const [fileName, text, message] of SYNTAX) {
  test(`${fileName} with ${JSON.stringify(text.slice(0, 40))} is refused with its place`, () => {
    assert.match(refusal(text, fileName), message);
  });
}

test("a file that is no table is refused as a whole", () => {
  for (const text of ["[]", "3", "null", '"x"']) {
    assert.ok(
      refusal(text, "a.json").startsWith(
        `Cannot use the configuration a.json: the file ${text} is`,
      ),
    );
  }
});

test("garbage is refused, whatever it is", () => {
  let state = 42;
  const next = (most: number) => (state = (state * 48_271) % 2_147_483_647) % most;
  const pieces = [
    "[gpu]",
    "=",
    '"',
    "{",
    "}",
    "[[groups]]",
    "\n",
    "name",
    "1",
    "nan",
    "\0",
    "é",
    "'''",
  ];
  for (let i = 0; i < 500; i++) {
    const text = `? ${
      Array.from({ length: 1 + next(12) }, () => pieces[next(pieces.length)]).join("")
    }`;
    assert.ok(refusal(text, i % 2 === 0 ? "x.toml" : "x.json").startsWith("Cannot "), text);
  }
});

test("a byte order mark and Windows' line ends are no fault", () => {
  assert.deepEqual(toml('\ufeffout = "a"\r\n[gpu]\r\n'), { out: "a", gpu: {} });
  assert.deepEqual(parseConfig('\ufeff{"out": "a"}', "x.JSON").patch, { out: "a" });
  assert.deepEqual(parseConfig("", "x.toml"), { patch: {}, settings: DEFAULT_SETTINGS });
});

const FORMS: readonly (readonly [
  key: string,
  good: readonly [unknown, unknown][],
  bad: readonly unknown[],
])[] = [
  ["interval", [["2s", 2000], ["500ms", 500], ["1h", 3_600_000], [250, 250]], [
    "2",
    "",
    "2 s",
    0,
    "0s",
    -1,
    "25h",
    Infinity,
  ]],
  ["calm.minimum", [[0, 0], ["0s", 0], ["5m", 300_000]], ["0", "-1s", "soon"]],
  ["forecast.horizon", [["0s", 0], ["15m", 900_000]], ["-1m"]],
  ["forecast.window", [["5m", 300_000]], ["1s", 0]],
  ["gpu.caution_ratio", [[0.5, 0.5], ["50%", 0.5], ["66.7 %", 0.667], ["2/3", 2 / 3], [1, 1]], [
    0,
    1.01,
    "150%",
    "3/2",
    "1/0",
    "0/0",
    "85",
    "",
  ]],
  ["calm.hysteresis_ratio", [[0, 0], ["2%", 0.02]], [-0.1, "-2%"]],
  ["ram.critical_limit", [["4GiB", 4 * GIB], ["2GB", 2e9], [5, 5]], [0, "0", -1, 1.5, "4 gigs"]],
  ["rotate_size", [["64KiB", 65_536]], ["63KiB"]],
  ["rotate_time", [["24h", 86_400_000]], ["59s"]],
  ["name", [["a.b-c_1", "a.b-c_1"]], ["", "a/b", "-a", "x".repeat(65), " a"]],
  ["out", [["../logs", "../logs"]], ["", " ", "a\0b"]],
  ["initial_phase", [["Idle", "Idle"]], ["a/b", "", "a\nb", "x".repeat(101)]],
  ["notify.webhook", [["https://a.b/c", "https://a.b/c"]], ["ftp://a", "a.b", "http://"]],
  ["notify.command", [[["a", ""], ["a", ""]]], [[], "a", ["a\0"]]],
  ["groups.name", [["Ollama 2", "Ollama 2"]], ["command", "a\x1b", " ", ""]],
  ["groups.match", [[["a*", "12", "/x/i"], ["a*", "12", "/x/i"]]], [["/(/"], ["0"], [""], "a"]],
  ["phases.when.vram_growth_at_least", [["64MiB/s", 64 * 2 ** 20], ["-1GiB/s", -GIB], [-5, -5]], [
    "64MiB",
    "64MiB/m",
    "--1B/s",
  ]],
  ["phases.when.vram_at_least", [[0, 0], ["1GiB", GIB]], [-1, "-1GiB"]],
  ["phases.when.present", [[[], []], [["command"], ["command"]]], ["command", [1]]],
  ["expect.of", [["vram", "vram"], ["ram", "ram"], ["rss:command", "rss:command"]], [
    "VRAM",
    "rss:",
    "vram0",
    "swap",
  ]],
  ["expect.peak", [
    [["1GiB", "2GiB"], { least: GIB, most: 2 * GIB }],
    [{ most: 5 }, { least: null, most: 5 }],
    [{ least: "1GiB" }, { least: GIB, most: null }],
    [{ least: 5, most: 5 }, { least: 5, most: 5 }],
  ], [{}, [], ["1GiB"], ["2GiB", "1GiB"], [1, 2, 3], { most: 1, x: 2 }, { most: "x" }, 5, [
    -1,
    1,
  ]]],
  ["expect.growth_per_step", [[["-64MiB", 0], { least: -64 * 2 ** 20, most: 0 }]], [[
    "0.5B",
    1.5,
  ]]],
  ["expect.utilization", [[{ least: "50%" }, { least: 0.5, most: null }]], [[0.5, 2]]],
];

/** The one value of a patch that was made from `fileWith`. */
function valueOf(patch: unknown, path: readonly string[]): unknown {
  let fields: AnyFields = FILE_FIELDS;
  let value = patch;
  for (const key of path) {
    const [name, field] = Object.entries(fields).find(([, field]) => field.key === key)!;
    value = (value as Readonly<Record<string, unknown>>)[name];
    if (field.form.kind === "tables") value = (value as readonly unknown[])[0];
    if ("fields" in field.form) fields = field.form.fields;
  }
  return value;
}

for (const [key, good, bad] of FORMS) {
  test(`the forms of ${key}`, () => {
    const path = key.split(".");
    for (const [value, expected] of good) {
      const { success, data } = fileSchema.safeParse(fileWith(path, value));
      assert.ok(success, `${JSON.stringify(value)} is accepted`);
      assert.deepEqual(valueOf(data, path), expected, JSON.stringify(value));
    }
    for (const value of bad) {
      const { success } = fileSchema.safeParse(fileWith(path, value));
      assert.equal(success, false, `${JSON.stringify(value)} is refused`);
    }
  });
}

test("a rule and an expectation are whole, whatever the file leaves out", () => {
  const { phases, expect } = parseConfig(
    '[[phases]]\nphase = "a"\n[phases.when]\nutilization_below = "10%"\n' +
      '[[expect]]\nname = "n"\nof = "ram"\npeak = { most = "1GiB" }',
    "x.toml",
  ).settings;
  assert.deepEqual(phases, [
    { phase: "a", minimumMs: 4000, when: { ...NO_CONDITION, utilizationBelow: 0.1 } },
  ]);
  assert.deepEqual(expect, [{
    name: "n",
    of: "ram",
    phase: null,
    type: null,
    spikeBytes: null,
    steadyBytes: null,
    growthPerStepBytes: null,
    cleanupRatio: null,
    peakBytes: { least: null, most: GIB },
    utilizationRatio: null,
  }]);
});

const AMISS: readonly (readonly [text: string, problem: string])[] = [
  ['[gpu]\ncaution_ratio = "90%"', "gpu.caution_ratio 0.9 is not below gpu.critical_ratio"],
  [
    '[gpu]\ncaution_limit = "2GB"\ncritical_limit = "2GB"',
    "gpu.caution_limit 2000000000 bytes are not",
  ],
  [
    "[ram]\ntarget_ratio = 0.85",
    "ram.target_ratio 0.85 is not below ram.warning_ratio, which is 0.85",
  ],
  ["[ram]\nwarning_ratio = 0.95", "ram.warning_ratio 0.95 is not below ram.critical_ratio"],
  ["[ram]\nwarning_limit = 2\ncritical_limit = 1", "ram.warning_limit 2 bytes are not below"],
  ['[pressure]\nwarning_ratio = "50%"', "pressure.warning_ratio 0.5 is not below"],
  ["[calm]\nhysteresis_ratio = 1", "calm.hysteresis_ratio 1 would let no alert end"],
  ['[[groups]]\nname="a"\n[[groups]]\nname="a"', 'groups[1].name "a" is the name of groups[0] too'],
  [
    '[[phases]]\nphase="a"\nwhen={active=["b"]}',
    'phases[0].when.active[0] "b" is no group: there are no groups',
  ],
  [
    '[[groups]]\nname="a"\n[[phases]]\nphase="a"\nwhen={absent=["b"]}',
    'phases[0].when.absent[0] "b" is no group: the groups are "a"',
  ],
  [
    '[[phases]]\nphase="a"\nwhen={vram_at_least=2, vram_below=2}',
    "phases[0].when can never hold: vram_at_least is 2, which is not less than vram_below, 2",
  ],
  [
    '[[phases]]\nphase="a"\nwhen={utilization_at_least=0.5, utilization_below=0.4}',
    "phases[0].when can never",
  ],
  [
    '[[phases]]\nphase="a"\nwhen={vram_ratio_at_least=0.5, vram_ratio_below=0.4}',
    "phases[0].when can never",
  ],
  [
    '[[phases]]\nphase="a"\nwhen={vram_growth_at_least=5, vram_growth_below=4}',
    "phases[0].when can never",
  ],
  [
    '[[phases]]\nphase="a"\nwhen={active=["command"], absent=["command"]}',
    'phases[0].when can never hold: "command" can\'t be both active and absent',
  ],
  [
    '[[phases]]\nphase="a"\nwhen={present=["command"], absent=["command"]}',
    "both present and absent",
  ],
  [
    '[[phases]]\nphase="a"\nwhen={active=["command"], inactive=["command"]}',
    "both active and inactive",
  ],
  ['[[phases]]\nphase="a"\n[[phases]]\nphase="b"', "phases[0].when holds always"],
  ['[[expect]]\nname="n"\nof="rss:b"\npeak={most=1}', 'expect[0].of "b" is no group'],
  ['[[expect]]\nname="n"\nof="ram"', "expect[0] expects nothing"],
  [
    '[[expect]]\nname="n"\nof="ram"\npeak={most=1}\nphase="a"\ntype="b"',
    "expect[0] is about a phase and a type",
  ],
  ['[[expect]]\nname="n"\nof="ram"\ncleanup_ratio=1', "expect[0].cleanup_ratio compares one phase"],
];

for (const [text, problem] of AMISS) {
  test(`what does not go together: ${JSON.stringify(text)}`, () => {
    const message = refusal(text);
    assert.ok(message.startsWith(`Cannot use the configuration session.toml: `), message);
    assert.ok(message.includes(problem), message);
  });
}

test("what goes together is accepted", () => {
  const texts = [
    '[[phases]]\nphase="a"\nwhen={vram_at_least=2, vram_below=3, present=["command"]}\n[[phases]]\nphase="b"',
    '[[expect]]\nname="n"\nof="rss:command"\ntype="x"\ncleanup_ratio=1',
    "[ram]\nwarning_limit = 1\ncritical_limit = 2",
  ];
  for (const text of texts) assert.ok(parseConfig(text, "x.toml").settings);
});

test("a long value is cut off, and names of files are as they are given", () => {
  const message = refusal(`out = 1\nname = "${"/".repeat(5000)}"`, "a\x1bb.toml");
  assert.ok(message.length < 400, `${message.length}`);
  assert.ok(message.startsWith("Cannot use the configuration a\x1bb.toml (2 problems): "));
});

test("the nearest word is told only where it is near", () => {
  const words = ["interval", "initial_phase", "gpu"];
  assert.equal(nearest("intervall", words), "interval");
  assert.equal(nearest("inital-phase", words), "initial_phase");
  assert.equal(nearest("gpus", words), "gpu");
  assert.equal(nearest("ram", words), null);
  assert.equal(nearest("", words), null);
  assert.equal(nearest("i".repeat(100_000), words), null);
});
