/** What the benchmarks share: medians, and rows of measured ratios against a target. */

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** Milliseconds that `action` takes, median of `rounds`. */
export async function time(rounds: number, action: () => unknown): Promise<number> {
  const taken: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    await action();
    taken.push(performance.now() - startMs);
  }
  return median(taken);
}

/** The runtime this runs in. */
export const RUNTIME = "Bun" in globalThis ? "bun" : "deno";

/** Prints one row: what was measured, the value, the baseline, and whether the target is reached. */
export function row(what: string, measured: string, target: string, reached: boolean): void {
  console.log(
    `${reached ? "ok  " : "MISS"}  ${RUNTIME.padEnd(4)}  ${what}: ${measured} (target ${target})`,
  );
}

/** Two decimals. */
export function two(value: number): string {
  return value.toFixed(2);
}
