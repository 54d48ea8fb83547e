/** Phases of a session. */

/** What is stated about a phase beside its name. */
export interface PhaseDetails {
  /** Kind of work, by which reports aggregate: `planning`. */
  readonly type: string | null;
  /** Which one of a series: `3`. */
  readonly step: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** A phase from its beginning to its end. */
export interface PhaseSpan extends PhaseDetails {
  readonly name: string;
  /** Names from the outermost to this one, separated by `/`. */
  readonly path: string;
  /** 0: not nested. */
  readonly depth: number;
  /** Steady clock of the session. */
  readonly startMs: number;
  /** The end of the session for one that was still open. */
  readonly endMs: number;
}
