import { distance } from 'fastest-levenshtein';

/** The known word that `word` most likely stands for; undefined where none is near enough. */
export function closest(word: string, known: readonly string[]): string | undefined {
  let [nearest, fewest]: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
  for (const one of known) {
    const count = edits(word, one);
    if (count < fewest) [nearest, fewest] = [one, count];
  }
  return fewest <= Math.max(1, (nearest ?? '').length / 3) ? nearest : undefined;
}

/** How far apart two words are, in any case: letters in another order are one mistake. */
function edits(word: string, other: string): number {
  const [a, b] = [word.toLowerCase(), other.toLowerCase()];
  return lettersOf(a) === lettersOf(b) ? Math.min(1, distance(a, b)) : distance(a, b);
}

const lettersOf = (word: string) => Array.from(word).toSorted().join('');
