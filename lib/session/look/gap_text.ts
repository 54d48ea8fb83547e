/** Why something could not be read, short enough for a cell: `nvml hung`. Pure. */
import type { Failure } from "../../errors.ts";

/** The source and the code of a failure. */
export function gapText({ source, code }: Pick<Failure, "source" | "code">): string {
  return `${source ?? "hmn"} ${code}`;
}

/** That of the first failure that is not about a library which is not there; `fallback` where there is none. */
export function gapOf(failures: readonly Failure[], fallback: string): string {
  const failure = failures.find(({ code }) => code !== "absent") ?? failures[0];
  return failure === undefined ? fallback : gapText(failure);
}
