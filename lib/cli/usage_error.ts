/** The arguments can't be understood; nothing was asked of the machine. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
