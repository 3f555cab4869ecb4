import { distance } from 'fastest-levenshtein';

/** The known word that `word` most likely stands for; undefined where none is near enough. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const [nearest] = known.toSorted((a, b) => edits(word, a) - edits(word, b));
  if (nearest === undefined) return undefined;
  return edits(word, nearest) <= Math.max(1, nearest.length / 3) ? nearest : undefined;
}

/** How far apart two words are, in any case: letters in another order are one mistake. */
function edits(word: string, other: string): number {
  const [a, b] = [word.toLowerCase(), other.toLowerCase()];
  return lettersOf(a) === lettersOf(b) ? Math.min(1, distance(a, b)) : distance(a, b);
}

const lettersOf = (word: string) => Array.from(word).toSorted().join('');
