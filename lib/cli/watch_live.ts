/** A watch as a screen that is drawn anew at each sample, with a curve for each process. */
import { formatSize } from "../format.ts";
import type { DeviceInfo } from "../records.ts";
import { escapeText } from "../text.ts";
import type { ProcessHistory } from "../watch/history.ts";
import type { WatchSample } from "../watch/records.ts";
import type { Watcher } from "../watch/watcher.ts";
import type { CliContext } from "./context.ts";
import { failureText } from "./failures.ts";
import { Screen } from "./screen.ts";
import { timeLabel } from "./spill_text.ts";
import { columnsFor, headerLine, rowLine, widthOf } from "./watch_columns.ts";
import type { Moment } from "./watch_json.ts";
import { type WatchOutput, writeLast } from "./watch_output.ts";
import { eventText, historyCurve, summaryText } from "./watch_text.ts";

/** Columns kept for the curve. */
const CURVE_WIDTH = 20;
const GAP = "  ";
/** Sentences kept on the screen. */
const LAST_REMARKS = 3;

interface Frame {
  readonly sample: WatchSample;
  readonly moment: Moment;
  readonly skipped: number;
}

/** The live screen. `histories` are read when a frame is drawn. */
export class LiveOutput implements WatchOutput {
  readonly #context: CliContext;
  readonly #screen: Screen;
  readonly #intervalMs: number;
  readonly #watcher: Watcher;
  readonly #remarks: string[] = [];
  readonly #stopListening: () => void;
  #last: Frame | null = null;
  /** Frames go out one after the other. */
  #drawn: Promise<void> = Promise.resolve();

  constructor(context: CliContext, watcher: Watcher, intervalMs: number) {
    this.#context = context;
    this.#screen = new Screen(context.stdout);
    this.#watcher = watcher;
    this.#intervalMs = intervalMs;
    const stopResize = context.onSignals(["SIGWINCH", "SIGCONT"], () => this.#redraw());
    const stopPause = context.onSignals(["SIGTSTP"], () => this.#pause());
    this.#stopListening = () => {
      stopResize();
      stopPause();
    };
  }

  remark(text: string): Promise<void> {
    this.#remarks.push(...text.split("\n").filter((line) => line !== ""));
    return Promise.resolve();
  }

  async sample(sample: WatchSample, moment: Moment, skipped: number): Promise<void> {
    for (const event of sample.events) await this.remark(eventText(event, moment.elapsedMs));
    this.#last = { sample, moment, skipped };
    await this.#draw();
  }

  async end(watcher: Watcher, { elapsedMs }: Moment): Promise<void> {
    await this.close();
    const remarks = this.#remarks.map((line) => `${line}\n`).join("");
    await this.#context.stderr.write(remarks).catch(() => {});
    await writeLast(this.#context, summaryText(watcher, elapsedMs));
  }

  /** Gives the terminal back. Closing twice is fine. */
  async close(): Promise<void> {
    this.#stopListening();
    this.#last = null;
    await this.#drawn.catch(() => {});
    await this.#screen.leave().catch(() => {});
  }

  #draw(): Promise<void> {
    const drawn = this.#drawn.catch(() => {}).then(async () => {
      if (this.#last !== null) await this.#screen.draw(this.#lines(this.#last));
    });
    this.#drawn = drawn;
    return drawn;
  }

  /** A terminal that went away is found out at the next sample. */
  #redraw(): void {
    this.#draw().catch(() => {});
  }

  /** Ctrl+Z: the shell gets its screen back until it lets us go on, with SIGCONT. */
  #pause(): void {
    this.#drawn = this.#drawn.catch(() => {}).then(() => this.#screen.leave()).catch(() => {})
      .then(() => this.#context.suspend());
  }

  #lines({ sample, moment, skipped }: Frame): string[] {
    const { columns: width, rows: height } = this.#screen.size;
    const noSpill = sample.rows.every(({ spilling }) => spilling === null);
    const noShared = sample.rows.every(({ sharedUsedBytes }) => sharedUsedBytes === null);
    const columns = columnsFor(Math.max(width - CURVE_WIDTH - GAP.length, 40), [
      "TIME",
      ...noSpill ? ["SPILL"] : [],
      ...noShared ? ["SHARED", "ΔSHARED"] : [],
    ]);
    const curveWidth = Math.max(0, width - widthOf(columns) - GAP.length);
    const failures = sample.failures.map((failure) => `not read: ${failureText(failure)}`);
    const foot = [
      ...skipped > 0 ? [`skipped ${skipped} samples: the last one took too long`] : [],
      ...failures,
      ...this.#remarks.slice(-LAST_REMARKS),
    ];
    const title = this.#title(sample, moment);
    const devices = [...sample.devices.map(deviceLine), ""];
    const header = `${headerLine(columns)}${GAP}HISTORY (VRAM, else RAM)`;
    const rows = sample.rows.map((row) =>
      `${rowLine(columns, row, "")}${GAP}${this.#curve(row.pid, curveWidth)}`
    );
    return fitted(height, title, devices, header, rows, foot);
  }

  #title({ rows }: WatchSample, { elapsedMs }: Moment): string {
    const noun = rows.length === 1 ? "process" : "processes";
    const every = timeLabel(this.#intervalMs).slice(1);
    return `hmn watch  ${
      timeLabel(elapsedMs)
    }  every ${every}  ${rows.length} ${noun}  Ctrl+C ends`;
  }

  #curve(pid: number, width: number): string {
    const history = this.#watcher.histories.findLast((known: ProcessHistory) => known.pid === pid);
    return history === undefined ? "" : historyCurve(history, width);
  }
}

/**
 * The lines that fit. Where there is little room the sentences at the foot give way first, what failed last of them,
 * then the GPUs; processes that do not fit are counted.
 */
function fitted(
  height: number,
  title: string,
  devices: readonly string[],
  header: string,
  rows: readonly string[],
  foot: readonly string[],
): string[] {
  /** The title, the header, one process and the line below it. */
  const least = 4;
  const shownDevices = least + devices.length <= height ? devices : [];
  const head = [title, ...shownDevices, ...height >= least ? [header] : []];
  // One sentence stays where there is any room for it: it may say what could not be read.
  const forFoot = Math.max(
    height - head.length - rows.length - 1,
    head.length + 3 <= height ? 1 : 0,
  );
  const shownFoot = foot.slice(0, forFoot);
  const room = height - head.length - shownFoot.length;
  if (rows.length < room) return [...head, ...rows, "", ...shownFoot];
  const shown = rows.slice(0, Math.max(0, room - 1));
  const hidden = rows.length - shown.length;
  return [...head, ...shown, `… and ${hidden} more`, ...shownFoot];
}

const BAR_WIDTH = 20;

/** `GPU 0 [NVIDIA A100]  ███████░░░░  14.3 GiB / 80.0 GiB` */
function deviceLine({ index, name, usedBytes, totalBytes, state }: DeviceInfo): string {
  const label = `GPU ${index}${name === null ? "" : ` [${escapeText(name)}]`}`;
  if (state !== "ok") return `${label}  ${state}`;
  const share = usedBytes === null || !totalBytes ? 0 : Math.min(1, usedBytes / totalBytes);
  const full = Math.round(share * BAR_WIDTH);
  const bar = "█".repeat(full) + "░".repeat(BAR_WIDTH - full);
  return `${label}  ${bar}  ${formatSize(usedBytes)} / ${formatSize(totalBytes)}`;
}
