/** Phases or alerts that are on, and those that ended within the last hour. */
import { HOUR_MS } from "./ring.js";

/** Of those that ended, the latest are kept. */
const MOST_ENDED = 300;

/** Keeps them; `nameOf` tells those apart that began at the same time. */
export class Past {
  #nameOf;
  #known = new Map();
  #atMs = 0;

  constructor(nameOf) {
    this.#nameOf = nameOf;
  }

  /** Takes what a history told: what is on and what ended. */
  load(told) {
    for (const one of told) {
      const before = this.#known.get(this.#keyOf(one));
      // What was seen to end does not begin again.
      this.#put({ ...one, ended_at_ms: one.ended_at_ms ?? before?.ended_at_ms ?? null });
    }
    this.#trim();
  }

  /** Takes what is on at a time; what is no longer among it has ended. */
  observe(open, atMs) {
    this.#atMs = atMs;
    const keys = new Set(open.map((one) => this.#keyOf(one)));
    for (const [key, one] of this.#known) {
      if (one.ended_at_ms === null && !keys.has(key)) {
        this.#known.set(key, { ...one, ended_at_ms: atMs });
      }
    }
    for (const one of open) this.#put(one);
    this.#trim();
  }

  /** Those that are on, in the order they were told in, then the ended ones, the latest first. */
  get all() {
    const every = [...this.#known.values()];
    const ended = every.filter((one) => one.ended_at_ms !== null);
    return [
      ...every.filter((one) => one.ended_at_ms === null),
      ...ended.sort((a, b) => b.ended_at_ms - a.ended_at_ms),
    ];
  }

  #keyOf(one) {
    return `${one.began_at_ms} ${this.#nameOf(one)}`;
  }

  #put(one) {
    this.#known.set(this.#keyOf(one), { ...one, key: this.#keyOf(one) });
  }

  #trim() {
    const ended = this.all.filter((one) => one.ended_at_ms !== null);
    ended.forEach((one, i) => {
      if (i >= MOST_ENDED || one.ended_at_ms < this.#atMs - HOUR_MS) this.#known.delete(one.key);
    });
  }
}
