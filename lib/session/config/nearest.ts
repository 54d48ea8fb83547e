/** The word that was meant. Pure. */

/** The one of `words` that `word` differs from in the fewest letters; `null`: none is close. */
export function nearest(word: string, words: readonly string[]): string | null {
  // What is much longer than any word is none of them, and comparing would take long.
  if (word.length > 64) return null;
  const most = Math.max(1, Math.floor(word.length / 3));
  const scored = words.map((candidate) => ({ candidate, edits: distance(word, candidate) }))
    .toSorted((a, b) => a.edits - b.edits);
  const best = scored[0];
  return best !== undefined && best.edits <= most ? best.candidate : null;
}

/** Levenshtein: letters to insert, remove or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
