/** A cell without a value, as a failure. */
import type { Failure } from "../../../lib/errors.ts";
import type { Cell } from "./cells.ts";
import { sayingFailure } from "./words.ts";

/** Says what could not be read. `what` completes "Cannot read …"; `count` is set where it stands for several. */
export function troubleFailure(
  what: string,
  { trouble, words }: Cell,
  deviceIndex: number | null,
  count?: number,
): Failure {
  const common = {
    ...(deviceIndex === null ? {} : { deviceIndex }),
    ...(count === undefined ? {} : { count }),
  };
  if (trouble === "not_supported") {
    return {
      code: "not_supported",
      message: `Cannot read ${what}: nvidia-smi says "${words}"`,
      source: "nvidia_smi",
      ...common,
    };
  }
  return { ...sayingFailure(`read ${what}`, words, null), ...common };
}
