/**
 * The keys of a configuration file: for each setting its key and its form. This table is the only one; the schema, the
 * errors and the test of `examples/record.toml` are made from it.
 *
 * Over 200 lines because it is one table: a setting without a line here does not compile.
 */
import { isPhaseName, PHASE_FORM } from "../control.ts";
import { isSessionName, NAME_FORM } from "../file_names.ts";
import { COMMAND_TARGET, MATCHER_FORMS, parseMatcher } from "../look/targets.ts";
import {
  change,
  duration,
  oneOf,
  orNull,
  range,
  rate,
  ratio,
  size,
  text,
  type ValueForm,
} from "./forms.ts";
import {
  type CalmSettings,
  type Expectation,
  type ForecastSettings,
  type GpuSettings,
  type GroupColor,
  type GroupPatch,
  NO_CONDITION,
  type NotifySettings,
  type PhaseCondition,
  type PhaseRule,
  type PressureSettings,
  type RamSettings,
  type SettingsPatch,
  type SpikeSettings,
} from "./settings.ts";

/** One key of the file. `fallback` stands where it is left out of a list's item; without it, nothing does. */
export interface Field<T> {
  readonly key: string;
  readonly form: Form<T>;
  readonly fallback?: T;
  readonly isRequired?: true;
}

/** What can stand behind a key. */
export type Form<T> =
  | ValueForm<T>
  | ListForm<T>
  | { readonly kind: "table"; readonly fields: Fields<T> }
  | { readonly kind: "tables"; readonly fields: Fields<ItemOf<T>> };

/** A list of single values. */
export interface ListForm<T> {
  readonly kind: "list";
  readonly each: ValueForm<ItemOf<T>>;
  /** Has at least one. */
  readonly isFilled: boolean;
  /** In JSON it may be `null`, which is "not set". */
  readonly isNullable?: boolean;
}

type ItemOf<T> = NonNullable<T> extends readonly (infer Item)[] ? Item : never;

/** Every field of a record. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<Exclude<T[K], undefined>> };

/** Any field, where its type does not matter. */
export interface AnyField {
  readonly key: string;
  readonly form: AnyForm;
  readonly fallback?: unknown;
  readonly isRequired?: true;
}

/** Any form, where its type does not matter. */
export type AnyForm =
  | ValueForm<unknown>
  | {
    readonly kind: "list";
    readonly each: ValueForm<unknown>;
    readonly isFilled: boolean;
    readonly isNullable?: boolean;
  }
  | { readonly kind: "table" | "tables"; readonly fields: AnyFields };

/** Any table's fields, by their names. */
export type AnyFields = Readonly<Record<string, AnyField>>;

const DAY_MS = 24 * 3_600_000;
/** About 68 years. */
const FOREVER_MS = 2 ** 41;

const anyTime = duration("a time", Number.MIN_VALUE, FOREVER_MS);
const timeOrZero = duration("a time, or 0,", 0, FOREVER_MS);
const anySize = size("a size above 0");
const sizeRange = orNull(range(size("a size", 0), ["2GiB", "3GiB"]));
const isPlain = (text: string) => text.trim() !== "" && text.length <= 100 && !/\p{Cc}/u.test(text);
const plainText = text("1 to 100 characters without control characters", isPlain);
const phaseName = text(PHASE_FORM, isPhaseName);
const colors: readonly GroupColor[] = ["cyan", "magenta", "blue", "green", "yellow", "white"];

const GPU: Fields<GpuSettings> = {
  cautionRatio: { key: "caution_ratio", form: ratio() },
  criticalRatio: { key: "critical_ratio", form: ratio() },
  cautionBytes: { key: "caution_limit", form: orNull(anySize) },
  criticalBytes: { key: "critical_limit", form: orNull(anySize) },
};

const RAM: Fields<RamSettings> = {
  targetRatio: { key: "target_ratio", form: ratio() },
  warningRatio: { key: "warning_ratio", form: ratio() },
  criticalRatio: { key: "critical_ratio", form: ratio() },
  warningBytes: { key: "warning_limit", form: orNull(anySize) },
  limitBytes: { key: "critical_limit", form: orNull(anySize) },
};

const GROUP: Fields<GroupPatch> = {
  name: {
    key: "name",
    form: text(
      `1 to 100 characters without control characters, and not "${COMMAND_TARGET}", which is the recorded command`,
      (name) => isPlain(name) && name !== COMMAND_TARGET,
    ),
    isRequired: true,
  },
  match: {
    key: "match",
    form: {
      kind: "list",
      isFilled: true,
      each: text(MATCHER_FORMS, (matcher) => parseMatcher(matcher) !== undefined),
    },
  },
  ramLimitBytes: { key: "ram_limit", form: orNull(anySize) },
  vramLimitBytes: { key: "vram_limit", form: orNull(anySize) },
  color: { key: "color", form: orNull(oneOf(colors)) },
};

const SPIKE: Fields<SpikeSettings> = {
  bytes: { key: "growth", form: anySize },
  withinMs: { key: "within", form: anyTime },
};

const PRESSURE: Fields<PressureSettings> = {
  warningRatio: { key: "warning_ratio", form: ratio() },
  criticalRatio: { key: "critical_ratio", form: ratio() },
};

const FORECAST: Fields<ForecastSettings> = {
  windowMs: { key: "window", form: duration("a time of at least 10s", 10_000, DAY_MS) },
  horizonMs: { key: "horizon", form: timeOrZero },
};

const CALM: Fields<CalmSettings> = {
  minimumMs: { key: "minimum", form: timeOrZero },
  hysteresisRatio: { key: "hysteresis_ratio", form: ratio(0) },
  clearMs: { key: "clear", form: timeOrZero },
};

const NOTIFY: Fields<NotifySettings> = {
  command: {
    key: "command",
    form: {
      kind: "list",
      isFilled: true,
      isNullable: true,
      each: text("a text without NUL", (part) => !part.includes("\0")),
    },
  },
  webhook: { key: "webhook", form: orNull(text("an http or https URL", isHttpUrl)) },
  timeoutMs: { key: "timeout", form: duration("a time up to 1h", 1, 3_600_000) },
};

const limit = (key: string, form: ValueForm<number>): Field<number | null> => ({
  key,
  form: orNull(form),
  fallback: null,
});
const groupNames = (key: string): Field<readonly string[]> => ({
  key,
  form: { kind: "list", isFilled: false, each: plainText },
  fallback: [],
});

const CONDITION: Fields<PhaseCondition> = {
  vramRatioAtLeast: limit("vram_ratio_at_least", ratio(0)),
  vramRatioBelow: limit("vram_ratio_below", ratio(0)),
  vramBytesAtLeast: limit("vram_at_least", size("a size", 0)),
  vramBytesBelow: limit("vram_below", size("a size", 0)),
  vramGrowthAtLeast: limit("vram_growth_at_least", rate()),
  vramGrowthBelow: limit("vram_growth_below", rate()),
  utilizationAtLeast: limit("utilization_at_least", ratio(0)),
  utilizationBelow: limit("utilization_below", ratio(0)),
  present: groupNames("present"),
  absent: groupNames("absent"),
  active: groupNames("active"),
  inactive: groupNames("inactive"),
};

/** A rule's condition has to hold so long where the file does not say: two ticks at the default interval. */
const RULE_MINIMUM_MS = 4_000;

const PHASE: Fields<PhaseRule> = {
  phase: { key: "phase", form: phaseName, isRequired: true },
  when: { key: "when", form: { kind: "table", fields: CONDITION }, fallback: NO_CONDITION },
  minimumMs: { key: "minimum", form: timeOrZero, fallback: RULE_MINIMUM_MS },
};

const EXPECTATION: Fields<Expectation> = {
  name: { key: "name", form: plainText, isRequired: true },
  phase: { key: "phase", form: orNull(phaseName), fallback: null },
  type: { key: "type", form: orNull(plainText), fallback: null },
  of: {
    key: "of",
    form: text(
      `"vram", "ram", "rss:GROUP" or "vram:GROUP"`,
      (of) => /^v?ram$|^(rss|vram):./.test(of),
    ),
    isRequired: true,
  },
  spikeBytes: { key: "spike", form: sizeRange, fallback: null },
  steadyBytes: { key: "steady", form: sizeRange, fallback: null },
  growthPerStepBytes: {
    key: "growth_per_step",
    form: orNull(range(change(), ["0B", "256MiB"])),
    fallback: null,
  },
  cleanupRatio: { key: "cleanup_ratio", form: orNull(ratio()), fallback: null },
  peakBytes: { key: "peak", form: sizeRange, fallback: null },
  utilizationRatio: {
    key: "utilization",
    form: orNull(range(ratio(0), ["50%", "100%"])),
    fallback: null,
  },
};

const FILE: Fields<SettingsPatch> = {
  name: { key: "name", form: orNull(text(NAME_FORM, isSessionName)) },
  out: { key: "out", form: text("a path", (path) => path.trim() !== "" && !path.includes("\0")) },
  intervalMs: { key: "interval", form: duration("a time from 1ms to 24h", 1, DAY_MS) },
  durationMs: { key: "duration", form: orNull(anyTime) },
  syncMs: { key: "sync", form: anyTime },
  rotateBytes: { key: "rotate_size", form: orNull(size("a size of at least 64KiB", 65_536)) },
  rotateMs: {
    key: "rotate_time",
    form: orNull(duration("a time of at least 1m", 60_000, FOREVER_MS)),
  },
  initialPhase: { key: "initial_phase", form: orNull(phaseName) },
  gpu: { key: "gpu", form: { kind: "table", fields: GPU } },
  ram: { key: "ram", form: { kind: "table", fields: RAM } },
  spike: { key: "spike", form: { kind: "table", fields: SPIKE } },
  pressure: { key: "pressure", form: { kind: "table", fields: PRESSURE } },
  forecast: { key: "forecast", form: { kind: "table", fields: FORECAST } },
  calm: { key: "calm", form: { kind: "table", fields: CALM } },
  notify: { key: "notify", form: { kind: "table", fields: NOTIFY } },
  groups: { key: "groups", form: { kind: "tables", fields: GROUP } },
  phases: { key: "phases", form: { kind: "tables", fields: PHASE } },
  expect: { key: "expect", form: { kind: "tables", fields: EXPECTATION } },
};

/** The whole file. */
export const FILE_FIELDS = FILE as unknown as AnyFields;

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
