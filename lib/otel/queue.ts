/** The requests that wait to be sent: a short queue, in which the newest counts most. */

type Payload = Uint8Array<ArrayBuffer>;

/** The queue. At most one payload of it is under way. */
export class PayloadQueue {
  readonly #most: number;
  readonly #waiting: Payload[] = [];
  #isUnderWay = false;
  #dropped = 0;

  /** @throws {RangeError} where `most` is no whole number from 1 on */
  constructor(most: number) {
    if (!Number.isSafeInteger(most) || most < 1) {
      throw new RangeError(`Cannot queue ${most} readings: give a whole number from 1 on`);
    }
    this.#most = most;
  }

  /** How many wait, the one under way included. */
  get length(): number {
    return this.#waiting.length;
  }

  /** How many were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Puts one at the end. Where there is no room the oldest goes, unless it is under way. */
  add(payload: Payload): void {
    this.#waiting.push(payload);
    if (this.#waiting.length <= this.#most) return;
    this.#waiting.splice(this.#isUnderWay ? 1 : 0, 1);
    this.#dropped += 1;
  }

  /** The oldest, which is under way from now on; `null`: none waits. */
  begin(): Payload | null {
    const payload = this.#waiting[0] ?? null;
    this.#isUnderWay = payload !== null;
    return payload;
  }

  /** The one under way is done with, or waits again. */
  end(isDone: boolean): void {
    this.#isUnderWay = false;
    if (isDone) this.#waiting.shift();
  }

  /** Drops what waits. */
  clear(): void {
    this.#dropped += this.#waiting.length;
    this.#waiting.length = 0;
  }
}
