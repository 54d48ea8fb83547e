/** The history of a run in bounded memory. */
import { higher } from "../bytes.ts";
import type { RunMoment } from "./report.ts";

/** Keeps at most `capacity` moments. When they are full, neighbours become one, which keeps the higher values. */
export class Series {
  readonly #capacity: number;
  #moments: RunMoment[] = [];
  /** How many moments one stands for. */
  #stride = 1;
  #inLast = 0;

  /** @param capacity an even number */
  constructor(capacity = 4_096) {
    this.#capacity = capacity;
  }

  /** Adds a moment. */
  push(moment: RunMoment): void {
    const last = this.#moments.at(-1);
    if (last !== undefined && this.#inLast < this.#stride) {
      this.#moments[this.#moments.length - 1] = merged(last, moment);
      this.#inLast += 1;
      return;
    }
    if (this.#moments.length === this.#capacity) this.#halve();
    this.#moments.push(moment);
    this.#inLast = 1;
  }

  #halve(): void {
    const halved: RunMoment[] = [];
    for (let i = 0; i < this.#moments.length; i += 2) {
      halved.push(merged(this.#moments[i]!, this.#moments[i + 1]!));
    }
    this.#moments = halved;
    this.#stride *= 2;
  }

  /** The moments in order. */
  get moments(): readonly RunMoment[] {
    return this.#moments;
  }
}

function merged(first: RunMoment, second: RunMoment): RunMoment {
  return {
    elapsedMs: first.elapsedMs,
    ramBytes: higher(first.ramBytes, second.ramBytes),
    vramBytes: higher(first.vramBytes, second.vramBytes),
  };
}
