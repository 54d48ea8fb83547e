/** When a row is from. */
import type { CsvRow } from "./csv_row.ts";
import type { Places } from "./read_table.ts";
import type { SteadyTime } from "./steady_time.ts";

/** More than any session lasts: about 31 years. */
const LONGEST_MS = 1e12;

/** What the files of one session tell about its beginning. */
export interface SessionClock {
  /** Wall clock of elapsed 0; `null`: not known yet. */
  startedAtMs: number | null;
}

/** Reads the times of one file's rows: the steady clock, and the wall clock only where there is no other. */
export class RowTimes {
  readonly #elapsed: number | undefined;
  readonly #time: number | undefined;
  readonly #tick: number | undefined;
  readonly #clock: SessionClock;
  readonly #steady: SteadyTime;

  constructor(places: Places, clock: SessionClock, steady: SteadyTime) {
    this.#elapsed = places.get("elapsedMs");
    this.#time = places.get("time");
    this.#tick = places.get("tick");
    this.#clock = clock;
    this.#steady = steady;
  }

  /** Milliseconds since the session began; NaN: the row does not tell, or it can't be true. */
  timeMs(row: CsvRow): number {
    if (this.#elapsed === undefined) return this.#wallTimeMs(row);
    const elapsedMs = row.number(this.#elapsed);
    if (this.#clock.startedAtMs === null) {
      const startedAtMs = this.#wallMs(row) - elapsedMs;
      if (Number.isFinite(startedAtMs)) this.#clock.startedAtMs = startedAtMs;
    }
    return elapsedMs >= 0 && elapsedMs <= LONGEST_MS ? elapsedMs : NaN;
  }

  /** Number of the tick; NaN: not told. */
  tick(row: CsvRow): number {
    return this.#tick === undefined ? NaN : row.number(this.#tick);
  }

  #wallMs(row: CsvRow): number {
    return this.#time === undefined ? NaN : Date.parse(row.text(this.#time));
  }

  #wallTimeMs(row: CsvRow): number {
    const wallMs = this.#wallMs(row);
    if (Number.isNaN(wallMs)) return NaN;
    this.#clock.startedAtMs ??= wallMs;
    // A table may begin a little before the one that was read first.
    return Math.max(0, this.#steady.at(wallMs) - this.#clock.startedAtMs);
  }
}
