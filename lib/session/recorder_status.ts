/** How a recording is going, as its caller is told after each tick. */
import type { Alert } from "./alerts/alert.ts";
import type { SessionFiles } from "./files/session_files.ts";
import type { SessionTick } from "./tick.ts";

/** How a recording is going. */
export interface RecorderStatus {
  readonly tick: SessionTick;
  /** Path of the open phases. */
  readonly phase: string | null;
  readonly alerts: readonly Alert[];
  /** `ok` or a failure's code, by source. */
  readonly health: ReadonlyMap<string, string>;
  readonly rows: { readonly written: number; readonly waiting: number; readonly lost: number };
  /** Why something can't be written; `null`: all is well. */
  readonly trouble: string | null;
  readonly nextRotation: SessionFiles["nextRotation"];
}
