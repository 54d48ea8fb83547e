/** The lanes of one meter, with equal questions shared: who asks what is being asked gets its answer. */
import { mayStartChild } from "./isolation/child.ts";
import { Lane, type LaneAnswer, type Starters } from "./isolation/lane.ts";
import { startProcessLink } from "./isolation/process_link.ts";
import { startThreadLink } from "./isolation/thread_link.ts";
import type { Isolation, Settings } from "./options.ts";
import type { ElementaryRequest } from "./protocol.ts";
import type { Lane as LaneName } from "./sources.ts";
import { isWindows } from "./system.ts";

const STARTERS: Starters = { worker: startThreadLink, process: startProcessLink, mayStartChild };

function defaultIsolation(starters: Starters): Isolation {
  // On Bun a thread is the cheaper one; on Deno a child is, and it blocks the host less.
  return "Bun" in globalThis || !starters.mayStartChild() ? "worker" : "process";
}

/**
 * On Windows RAM is read in a thread in either isolation: its calls go to the kernel, which waits for nobody to answer
 * them, and no driver's code runs in them; a child costs a tenth of a second and a whole runtime's memory. Deno may
 * lack the right to call native code here, while a child has it.
 */
function systemIsolation(isolation: Isolation): Isolation {
  const mayCallNative = "Bun" in globalThis ||
    Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  return isWindows() && mayCallNative ? "worker" : isolation;
}

/** All lanes. A worker is started when its lane is first asked. */
export class Lanes {
  readonly isolation: Isolation;
  readonly #lanes: Readonly<Record<LaneName, Lane>>;
  readonly #open = new Map<string, Promise<LaneAnswer>>();

  constructor(settings: Settings, starters: Starters = STARTERS) {
    this.isolation = settings.isolation === "auto"
      ? defaultIsolation(starters)
      : settings.isolation;
    this.#lanes = {
      system: new Lane("system", systemIsolation(this.isolation), settings, starters),
      driver: new Lane("driver", this.isolation, settings, starters),
      own: new Lane("own", "worker", settings, { ...starters, mayStartChild: () => false }),
    };
  }

  /** Asks one lane. Never rejects. */
  ask(lane: LaneName, request: ElementaryRequest): Promise<LaneAnswer> {
    const key = lane + JSON.stringify(request);
    const open = this.#open.get(key);
    if (open !== undefined) return open;
    const answer = this.#lanes[lane].ask(request).finally(() => this.#open.delete(key));
    this.#open.set(key, answer);
    return answer;
  }

  /** The child processes that answer. */
  get workerPids(): readonly number[] {
    return Object.values(this.#lanes).flatMap(({ workerPids }) => workerPids);
  }

  /** Ends the workers. */
  close(): void {
    for (const lane of Object.values(this.#lanes)) lane.close();
  }
}
