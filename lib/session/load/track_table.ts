/** The tracks of one table: rows go to the track of what they are about. */
import { textOf } from "../csv_cells.ts";
import { ColumnsSink } from "./columns_sink.ts";
import type { CsvRow } from "./csv_row.ts";
import type { Gap, Track } from "./data.ts";
import { GapSpans } from "./gap_spans.ts";
import type { FileFlaws } from "./notices.ts";
import type { MakeTaker, Places } from "./read_table.ts";
import { plausible } from "./quantities.ts";
import { RowTimes, type SessionClock } from "./row_times.ts";
import { SteadyTime } from "./steady_time.ts";

/** One of the tracks while it grows. */
export interface GrowingTrack<Id, Quantity extends string> {
  /** What it is about. */
  id: Id;
  readonly sink: ColumnsSink<Quantity>;
  readonly gaps: GapSpans;
}

/** The track of a row; `null`: the row does not tell what it is about. */
export type FindTrack<Id, Quantity extends string> = (
  row: CsvRow,
) => GrowingTrack<Id, Quantity> | null;

/** Makes, for one file, what is told each row that was understood. */
export type OnRow = (places: Places) => (row: CsvRow, timeMs: number, tick: number) => void;

/** Takes the rows of one table. */
export class TrackTable<Id, Quantity extends string> {
  readonly #quantities: readonly Quantity[];
  readonly #shareRead: (() => number) | undefined;
  readonly #tracks = new Map<string, GrowingTrack<Id, Quantity>>();

  /** `shareRead`: the share of the table that has been read, 0…1. */
  constructor(quantities: readonly Quantity[], shareRead?: () => number) {
    this.#quantities = quantities;
    this.#shareRead = shareRead;
  }

  /** The track with this key, made where there is none. */
  track(key: string, id: () => Id): GrowingTrack<Id, Quantity> {
    let track = this.#tracks.get(key);
    if (track === undefined) {
      const sink = new ColumnsSink(this.#quantities, this.#shareRead);
      track = { id: id(), sink, gaps: new GapSpans() };
      this.#tracks.set(key, track);
    }
    return track;
  }

  /** All tracks, in the order in which they appeared. */
  get tracks(): Iterable<GrowingTrack<Id, Quantity>> {
    return this.#tracks.values();
  }

  /** Rows so far. */
  get rows(): number {
    return [...this.#tracks.values()].reduce((rows, { sink }) => rows + sink.length, 0);
  }

  /** Time of the last row; 0: there is none. */
  get lastMs(): number {
    return Math.max(0, ...[...this.#tracks.values()].map(({ sink }) => sink.lastMs));
  }

  /** Times in which something could not be read. */
  gaps(subject: (id: Id) => string): Gap[] {
    return [...this.#tracks.values()].flatMap(({ id, gaps }) => gaps.gaps(subject(id)));
  }

  /** The whole tracks, in the order in which they appeared. Nothing can be added afterwards. */
  finish(): (Id & Track<Quantity>)[] {
    const tracks = [...this.#tracks.values()];
    const unknown = lazily(() =>
      new Float64Array(Math.max(0, ...tracks.map(({ sink }) => sink.length))).fill(NaN)
    );
    return tracks.map(({ id, sink }) => ({ ...id, ...sink.finish(unknown) }));
  }

  /** Takers for the files of this table. */
  makeTaker(
    clock: SessionClock,
    finder: (places: Places) => FindTrack<Id, Quantity>,
    onRow?: OnRow,
  ): MakeTaker {
    const steady = new SteadyTime();
    return (places, flaws) => {
      const takeNumbers = numberTaker(this.#quantities, places, flaws);
      const gap = places.get("gap") ?? -1;
      const times = new RowTimes(places, clock, steady);
      const find = finder(places);
      const tellRow = onRow?.(places);
      return (row) => {
        const timeMs = times.timeMs(row);
        const track = find(row);
        if (track === null || !(timeMs >= 0)) return false;
        if (timeMs < track.sink.lastMs) {
          if (!track.sink.dropLastFor(timeMs)) return false;
          flaws.brokenRows += 1;
        }
        track.sink.push(timeMs, takeNumbers(row));
        track.gaps.see(timeMs, gap < 0 || row.isEmpty(gap) ? null : textOf(row.text(gap)));
        tellRow?.(row, timeMs, times.tick(row));
        return true;
      };
    };
  }
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}

/**
 * Reads the numbers of a row in the order of `quantities`; NaN where one is not told or can't be true, which is
 * counted. The array is the same at each call.
 */
function numberTaker(
  quantities: readonly string[],
  places: Places,
  flaws: FileFlaws,
): (row: CsvRow) => Float64Array {
  const values = new Float64Array(quantities.length).fill(NaN);
  const present = quantities.flatMap((quantity, at) => {
    const cell = places.get(quantity);
    return cell === undefined ? [] : [{ at, cell, ...plausible(quantity) }];
  });
  const cells = Int32Array.from(present, ({ cell }) => cell);
  const targets = Int32Array.from(present, ({ at }) => at);
  const least = Float64Array.from(present, ({ least }) => least);
  const most = Float64Array.from(present, ({ most }) => most);
  const numbers = new Float64Array(present.length);
  return (row) => {
    row.numbers(cells, numbers);
    for (let i = 0; i < numbers.length; i++) {
      const isTrue = numbers[i]! >= least[i]! && numbers[i]! <= most[i]!;
      values[targets[i]!] = isTrue ? numbers[i]! : NaN;
      if (!isTrue && !row.isEmpty(cells[i]!)) flaws.absurdCells += 1;
    }
    return values;
  };
}
