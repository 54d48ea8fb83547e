/** The arguments can't be understood; nothing was asked of the machine. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** What the printed line begins with. */
  readonly lead: string;

  constructor(message: string, lead = "hmn: error: ") {
    super(message);
    this.lead = lead;
  }
}
