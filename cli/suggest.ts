/**
 * The known word that a mistyped one most likely means; undefined where none is like it.
 *
 * @param maxDistance in letters @default a third of the word, 2 at least
 */
export function nearest(
  word: string,
  known: Iterable<string>,
  maxDistance = Number.POSITIVE_INFINITY,
): string | undefined {
  const wanted = word.toLowerCase();
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(wanted, name.toLowerCase());
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  if (best === undefined) return undefined;
  // A third of the letters may be wrong, and two of the shortest words.
  const most = Math.min(maxDistance, Math.max(2, Math.floor(best.name.length / 3)));
  return best.distance <= most ? best.name : undefined;
}

/** `Did you mean …?` with a space before it, or nothing. */
export function didYouMean(word: string, known: Iterable<string>, prefix = ''): string {
  const name = nearest(word, known);
  return name === undefined ? '' : ` Did you mean ${prefix}${name}?`;
}

/** Insertions, deletions, replacements and swaps of neighbours (Damerau; optimal alignment). */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1;
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      }
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? 0;
}
