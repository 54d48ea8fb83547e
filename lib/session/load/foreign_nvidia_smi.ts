/** Loads logs of `nvidia-smi --query-gpu=… --format=csv -l N`: the header says which fields there are, in which order. */
import { gunzip, type GunzipOutcome } from "../files/gunzip.ts";
import type { ReadFiles } from "../files/read_files.ts";
import type { CsvRow } from "./csv_row.ts";
import type { GpuQuantity, GpuTrack, SessionData } from "./data.ts";
import type { FoundFile } from "./find_sessions.ts";
import type { IdOf } from "./find_track.ts";
import { splitPath } from "./find_sessions.ts";
import { medianInterval, MissingTicks } from "./missing_ticks.ts";
import { baseName, type FileFlaws, flawSentences, gzipSentences, noFlaws } from "./notices.ts";
import { parseTimestamp, type SmiField, smiNumber, smiTrouble } from "./nvidia_smi_cells.ts";
import { headerlessLog, refusedLog, smiFields } from "./nvidia_smi_header.ts";
import { type OnProgress, Progress } from "./progress.ts";
import { GPU_QUANTITIES, plausible } from "./quantities.ts";
import { readCsv } from "./read_csv.ts";
import { SteadyTime } from "./steady_time.ts";
import { type GrowingTrack, TrackTable } from "./track_table.ts";

/** Nothing numbers the rows: only a pause longer than this many intervals is surely one. */
const LATE_INTERVALS = 2.5;

/**
 * Loads a log.
 *
 * @throws {HypomnesisError} where its rows do not say when they are from, or it has no header
 */
export async function loadNvidiaSmi(
  { path, sizeBytes }: FoundFile,
  gzipped: boolean,
  files: ReadFiles,
  onProgress?: OnProgress,
): Promise<SessionData> {
  const log = new SmiLog(path);
  const gzip: GunzipOutcome = { trouble: null };
  const bytes = new Progress(sizeBytes, onProgress).counted(files.open(path));
  const outcome = await readCsv(gzipped ? gunzip(bytes, gzip) : bytes, log);
  log.flaws.brokenRows += outcome.brokenRows;
  log.flaws.isCut = outcome.isCut && gzip.trouble === null;
  const data = log.finish();
  return { ...data, notices: [...gzipSentences(path, gzip), ...data.notices] };
}

/** A log while it is read. */
class SmiLog {
  readonly flaws: FileFlaws = noFlaws();
  readonly #path: string;
  readonly #table = new TrackTable<IdOf<GpuTrack>, GpuQuantity>(GPU_QUANTITIES);
  readonly #indexes = new Map<string, number>();
  readonly #missing = new MissingTicks();
  readonly #steady = new SteadyTime();
  readonly #values = new Float64Array(GPU_QUANTITIES.length);
  #header: readonly string[] = [];
  #fields: ReadonlyMap<SmiField, number> = new Map();
  /** The field and the unit of each quantity, in their order. */
  #cells: readonly { readonly at: number; readonly header: string }[] = [];
  #startedAtMs: number | null = null;
  /** Headers of numbers that have no unit. */
  readonly #withoutUnit = new Set<string>();
  /** Where rows do not name their GPU: how many of this time stamp there were. */
  #place = { timestamp: "", count: 0 };

  constructor(path: string) {
    this.#path = path;
  }

  header(cells: readonly string[]): void {
    this.#header = cells.map((cell) => cell.trim());
    const fields = smiFields(cells);
    const timestamp = fields?.get("timestamp");
    if (fields === null) throw headerlessLog(this.#path);
    if (timestamp === undefined) {
      throw refusedLog(this.#path, "its rows do not say when they are from: there is no timestamp");
    }
    this.#fields = fields;
    this.#cells = GPU_QUANTITIES.map((quantity) => {
      const at = fields.get(quantity) ?? -1;
      return { at, header: cells[at] ?? "" };
    });
  }

  row(row: CsvRow): void {
    const wallMs = parseTimestamp(row.text(this.#fields.get("timestamp")!));
    const track = this.#track(row);
    if (wallMs === null || track === null) {
      // A log that was continued has its header again.
      if (row.text(0).trim() !== this.#header[0]) this.flaws.brokenRows += 1;
      return;
    }
    this.#startedAtMs ??= wallMs;
    const timeMs = this.#steady.at(wallMs) - this.#startedAtMs;
    let trouble: string | null = null;
    this.#cells.forEach(({ at, header }, i) => {
      this.#values[i] = NaN;
      if (at < 0) return;
      const text = row.text(at).trim();
      const value = smiNumber(text, header);
      if (Number.isNaN(value) && /^\d/.test(text)) this.#withoutUnit.add(header.trim());
      const { least, most } = plausible(GPU_QUANTITIES[i]!);
      if (value >= least && value <= most) this.#values[i] = value;
      else if (!Number.isNaN(value)) this.flaws.absurdCells += 1;
      else trouble ??= smiTrouble(text);
    });
    this.#refuseOverfull();
    track.sink.push(timeMs, this.#values);
    track.gaps.see(timeMs, trouble === null ? null : `nvidia_smi ${trouble}`);
    this.#missing.see(timeMs, NaN);
  }

  /** Some drivers tell more used memory than there is: a number that can't be true. */
  #refuseOverfull(): void {
    const used = GPU_QUANTITIES.indexOf("usedBytes"), total = GPU_QUANTITIES.indexOf("totalBytes");
    if (this.#values[used]! > this.#values[total]!) {
      this.#values[used] = NaN;
      this.flaws.absurdCells += 1;
    }
  }

  /** A GPU is its UUID, its bus id or its index, whichever there is first. */
  #track(row: CsvRow): GrowingTrack<IdOf<GpuTrack>, GpuQuantity> | null {
    const text = (field: SmiField) => {
      const at = this.#fields.get(field);
      const cell = at === undefined ? "" : row.text(at).trim();
      return cell === "" || cell.startsWith("[") ? null : cell;
    };
    const index = text("index");
    if (index !== null && !/^\d{1,4}$/.test(index)) return null;
    const uuid = text("uuid");
    const key = index ?? uuid ?? text("pciBusId") ?? "";
    const isNamed = ["index", "uuid", "pciBusId"].some((id) => this.#fields.has(id as SmiField));
    if (key === "" && isNamed) return null;
    if (!isNamed) return this.#nextInPlace(row.text(this.#fields.get("timestamp")!), text("name"));
    if (!this.#indexes.has(key)) {
      this.#indexes.set(key, index === null ? this.#indexes.size : Number(index));
    }
    const gpu = this.#indexes.get(key)!;
    return this.#table.track(key, () => ({ gpu, uuid, name: text("name"), drifts: false }));
  }

  /** nvidia-smi tells the GPUs of one time in their order, each with the same time stamp. */
  #nextInPlace(
    timestamp: string,
    name: string | null,
  ): GrowingTrack<IdOf<GpuTrack>, GpuQuantity> {
    const gpu = timestamp === this.#place.timestamp ? this.#place.count : 0;
    this.#place = { timestamp, count: gpu + 1 };
    return this.#table.track(String(gpu), () => ({ gpu, uuid: null, name, drifts: false }));
  }

  finish(): SessionData {
    const durationMs = this.#table.lastMs;
    const gaps = this.#table.gaps(({ gpu }) => `gpu ${gpu}`);
    const gpus = this.#table.finish();
    const intervalMs = gpus.map(({ timesMs }) => medianInterval(timesMs))
      .find((interval) => interval !== null) ?? 0;
    const { folder, name } = splitPath(this.#path);
    return {
      name: name.replace(/\.(?:csv|log|txt)?(?:\.gz)?$/, ""),
      folder,
      files: [this.#path],
      format: "nvidia_smi",
      meta: null,
      startedAtMs: this.#startedAtMs ?? 0,
      durationMs,
      intervalMs,
      gpus,
      system: null,
      processes: [],
      allocators: [],
      phases: [],
      events: [],
      gaps: [...gaps, ...this.#missing.gaps(intervalMs, LATE_INTERVALS)]
        .sort((a, b) => a.startMs - b.startMs),
      notices: this.#notices(gpus.length),
    };
  }

  #notices(gpus: number): string[] {
    const name = baseName(this.#path);
    const notices = flawSentences(this.#path, this.flaws);
    if (this.#steady.jumps > 0) {
      notices.push(`${name}: the clock went back, and the times behind that were moved on`);
    }
    if (gpus === 0) notices.push(`${name}: there are no rows`);
    else if (!["index", "uuid", "pciBusId"].some((id) => this.#fields.has(id as SmiField))) {
      notices.push(
        `${name}: the rows do not say of which GPU they are; those of one time stamp are taken for ` +
          `${gpus === 1 ? "one GPU" : `${gpus} GPUs in their order`}`,
      );
    }
    for (const header of this.#withoutUnit) {
      notices.push(
        `${name}: the numbers of ${JSON.stringify(header)} have no unit and are not known; ` +
          "record without nounits, or keep the header as nvidia-smi writes it",
      );
    }
    return notices;
  }
}
