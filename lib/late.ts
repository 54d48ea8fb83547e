/** What is said of an answer that has not come by the end of its sample. */
import type { Failure } from "./errors.ts";

/** The failure that stands in a sample for `what`, such as `"the GPUs"`, while its answer is still under way. */
export function lateFailure(what: string): Failure {
  return {
    code: "slow",
    source: null,
    message: `Cannot include ${what} in this sample: the answer has not arrived yet`,
  };
}
