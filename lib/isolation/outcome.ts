/** What becomes of one question to one worker, and within which time. */
import type { FailureCode } from "../errors.ts";
import type { ElementaryReply } from "../protocol.ts";
import type { SourceName } from "../sources.ts";

/** What came of one question to one worker. */
export type Outcome =
  | {
    readonly kind: "reply";
    readonly reply: ElementaryReply;
    /** The sources it went through. */
    readonly read: readonly SourceName[];
  }
  /** The source is past its soft budget; the call may still finish. */
  | { readonly kind: "slow"; readonly source: SourceName }
  /** The worker is lost, and with it the source it was reading, if any. */
  | {
    readonly kind: "lost";
    readonly source: SourceName | null;
    readonly code: FailureCode;
    readonly detail: string;
  };

/** Time limits, in milliseconds. */
export interface Budgets {
  readonly softMs: number;
  readonly hardMs: number;
  readonly startMs: number;
}
