/** A wish for a phase, as it comes over HTTP. */
import { HypomnesisError } from "../errors.ts";
import {
  isPhaseName,
  LONGEST_TEXT,
  MOST_LABELS,
  PHASE_FORM,
  type PhaseWish,
} from "../session/control.ts";
import { quotedNames } from "../telemetry/refuse.ts";

/** What is wished: `phase` begins, or, where it is `null`, the innermost one ends. */
export type PhaseRequest = Omit<PhaseWish, "atMs">;

const FIELDS = ["name", "nested", "end", "type", "step", "labels"];

/**
 * Reads `{ name, nested?, type?, step?, labels? }`, which begins a phase, or `{ end: true }`, which ends one.
 *
 * @throws {HypomnesisError} `invalid_request`, naming the field and what is accepted
 */
export function parsePhaseRequest(value: unknown): PhaseRequest {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse('it is no object: give { "name": "Model-Loading" }');
  }
  const unknown = Object.keys(value).filter((key) => !FIELDS.includes(key));
  if (unknown.length > 0) {
    throw refuse(
      `unknown ${unknown.length === 1 ? "field" : "fields"} ${quotedNames(unknown)}: ` +
        `the fields are ${FIELDS.join(", ")}`,
    );
  }
  const { name, nested, end, type, step, labels } = value as Readonly<Record<string, unknown>>;
  return {
    phase: nameOf(name, flag("end", end)),
    nested: flag("nested", nested),
    type: textOf("type", type),
    step: typeof step === "number" && Number.isFinite(step) ? String(step) : textOf("step", step),
    labels: labelsOf(labels),
  };
}

function refuse(why: string): HypomnesisError {
  return new HypomnesisError("invalid_request", `Cannot set the phase: ${why}`);
}

function nameOf(name: unknown, isEnd: boolean): string | null {
  const isMissing = name === undefined || name === null;
  if (isEnd && !isMissing) {
    throw refuse("end ends the current phase and takes no name: give one of them");
  }
  if (isEnd) return null;
  if (isMissing) throw refuse("name is missing: give the phase that begins, or end: true");
  if (typeof name === "string" && isPhaseName(name)) return name;
  throw refuse(`name is not accepted: give ${PHASE_FORM}`);
}

function flag(field: string, value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === "boolean") return value;
  throw refuse(`${field} is not accepted: give true or false`);
}

function isShort(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_TEXT &&
    !/\p{Cc}/u.test(value);
}

function textOf(field: string, value: unknown): string | null {
  if (value === undefined || value === null || value === "") return null;
  if (isShort(value)) return value;
  throw refuse(
    `${field} is not accepted: give 1 to ${LONGEST_TEXT} characters without control characters`,
  );
}

function labelsOf(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  const entries = typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : null;
  const fits = entries !== null && entries.length <= MOST_LABELS &&
    entries.every(([key, label]) => isShort(key) && isShort(label));
  if (fits) return Object.fromEntries(entries);
  throw refuse(
    `labels are not accepted: give an object of up to ${MOST_LABELS} texts, ` +
      `keys and values of 1 to ${LONGEST_TEXT} characters without control characters`,
  );
}
