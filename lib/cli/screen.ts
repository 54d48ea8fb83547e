/**
 * A terminal's screen that is drawn again and again: on the alternate screen, so that what was there comes back, and
 * each frame as one update, so that nothing flickers.
 */
import type { Output } from "./context.ts";
import { truncateToWidth } from "./table.ts";

const ESC = "\x1b[";
/** Alternate screen, cursor hidden, lines cut off at the edge instead of broken. */
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l`;
const LEAVE = `${ESC}?7h${ESC}?25h${ESC}?1049l`;
const BEGIN_FRAME = `${ESC}?2026h${ESC}H`;
const END_FRAME = `${ESC}J${ESC}?2026l`;
const CLEAR_REST_OF_LINE = `${ESC}K`;

/** Where the size is not told. */
const DEFAULT_SIZE = { columns: 80, rows: 24 };

/** Draws frames on a terminal. */
export class Screen {
  readonly #output: Output;
  #isEntered = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Its size now. */
  get size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = this.#output;
    return { columns: columns ?? DEFAULT_SIZE.columns, rows: rows ?? DEFAULT_SIZE.rows };
  }

  /** Shows these lines and nothing else; what does not fit is cut off. */
  async draw(lines: readonly string[]): Promise<void> {
    const { columns, rows } = this.size;
    const shown = lines.slice(0, rows).map((line) =>
      `${truncateToWidth(line, columns)}${CLEAR_REST_OF_LINE}`
    );
    const enter = this.#isEntered ? "" : ENTER;
    this.#isEntered = true;
    await this.#output.write(`${enter}${BEGIN_FRAME}${shown.join("\r\n")}${END_FRAME}`);
  }

  /** Gives the terminal back as it was. Leaving twice is fine. */
  async leave(): Promise<void> {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    await this.#output.write(LEAVE);
  }
}
