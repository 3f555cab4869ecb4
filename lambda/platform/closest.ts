import { distance } from 'fastest-levenshtein';

/** A longer word is like none, and would take long to compare. */
const LONGEST = 100;

/** The known word that `word` most likely stands for; undefined where none is near enough. */
export function closest(word: string, known: readonly string[]): string | undefined {
  if (word.length > LONGEST) return undefined;
  const [nearest] = known
    .map((name) => ({ name, edits: edits(word, name) }))
    .toSorted((a, b) => a.edits - b.edits);
  if (nearest === undefined) return undefined;
  return nearest.edits <= Math.max(1, nearest.name.length / 3) ? nearest.name : undefined;
}

/** How far apart two words are, in any case: letters in another order are one mistake. */
function edits(word: string, other: string): number {
  const [a, b] = [word.toLowerCase(), other.toLowerCase()];
  return lettersOf(a) === lettersOf(b) ? Math.min(1, distance(a, b)) : distance(a, b);
}

const lettersOf = (word: string) => Array.from(word).toSorted().join('');
