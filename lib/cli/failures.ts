/** Failures as the command line tells them: one line each, and one exit code. */
import { type Failure, FAILURES } from "../errors.ts";
import type { DeviceInfo } from "../records.ts";
import { escapeText } from "../text.ts";

/** `nvml: Cannot …`; without a source the message alone. */
export function failureText({ source, message }: Failure): string {
  return escapeText(source === null ? message : `${source}: ${message}`);
}

/** One line for each failure, the same text once: `hmn: nvml: Cannot …`. */
export function failureLines(failures: readonly Failure[]): string {
  return unique(failures).map((text) => `hmn: ${text}\n`).join("");
}

/** All of them in one sentence: `nvml: Cannot …; nvidia_smi: Cannot …`. */
export function reasons(failures: readonly Failure[]): string {
  return unique(failures).join("; ");
}

function unique(failures: readonly Failure[]): string[] {
  return [...new Set(failures.map(failureText))];
}

/** The one failure that decides: what broke before what is not told, and that before what is not there. */
export function gravest(failures: readonly Failure[]): Failure | null {
  const rank = ({ code }: Failure) => code === "absent" ? 2 : code === "not_supported" ? 1 : 0;
  return failures.toSorted((a, b) => rank(a) - rank(b))[0] ?? null;
}

/** The exit code of a question that could not be answered; 0 where nothing failed. */
export function exitCodeOf(failures: readonly Failure[]): number {
  const failure = gravest(failures);
  return failure === null ? 0 : FAILURES[failure.code].exit;
}

/** Something is not on this machine, or switched off: an answer, where the question allows for it. */
export function areAllAbsent(failures: readonly Failure[]): boolean {
  return failures.every(({ code }) => code === "absent");
}

/** The failures that concern one of the devices, or no device in particular. */
export function concerning(
  devices: readonly DeviceInfo[],
  failures: readonly Failure[],
): readonly Failure[] {
  return failures.filter(({ deviceIndex }) =>
    deviceIndex === undefined || devices.some(({ index }) => index === deviceIndex)
  );
}
