/** What `console.log` is given while `run` runs: the arguments of each call. */
export function capturedLog(run: () => void): unknown[][] {
  const calls: unknown[][] = [];
  const log = console.log;
  console.log = (...args: unknown[]) => void calls.push(args);
  try {
    run();
  } finally {
    console.log = log;
  }
  return calls;
}
