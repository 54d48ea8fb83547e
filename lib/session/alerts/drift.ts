/** The growth of one amount over the last minutes, if it is steady: a robust slope with its interval. */
import { type Slope, steadySlope } from "./slope.ts";

/** The window is cut into so many parts, of which each gives one point. */
const PARTS = 60;
/** Fewer points tell nothing … */
const FEWEST_POINTS = 20;
/** … and so do points that are close together. */
const LEAST_SPAN = 0.5;

/** Keeps the points of one window. At most one slope is computed for each part, since that costs. */
export class Drift {
  readonly #windowMs: number;
  readonly #partMs: number;
  #points: { readonly atMs: number; readonly value: number }[] = [];
  #part = -1;
  #sum = 0;
  #sumMs = 0;
  #count = 0;
  #slope: Slope | null = null;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
    this.#partMs = windowMs / PARTS;
  }

  /** Takes the next amount. */
  observe(value: number, atMs: number): void {
    const part = Math.floor(atMs / this.#partMs);
    if (part !== this.#part) {
      this.#close(atMs);
      this.#part = part;
    }
    this.#sum += value;
    this.#sumMs += atMs;
    this.#count += 1;
  }

  /** How it grows; `rate` 0: not steadily, or not at all. `null`: there are too few points to tell. */
  get slope(): Slope | null {
    return this.#slope;
  }

  #close(nowMs: number): void {
    if (this.#count > 0) {
      this.#points.push({ atMs: this.#sumMs / this.#count, value: this.#sum / this.#count });
    }
    this.#sum = this.#sumMs = this.#count = 0;
    this.#points = this.#points.filter(({ atMs }) => nowMs - atMs <= this.#windowMs);
    const [first, last] = [this.#points[0], this.#points.at(-1)];
    const isEnough = first !== undefined && last !== undefined &&
      this.#points.length >= FEWEST_POINTS &&
      last.atMs - first.atMs >= LEAST_SPAN * this.#windowMs;
    this.#slope = isEnough ? steadySlope(this.#points) : null;
  }
}
