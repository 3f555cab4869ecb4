import { distance } from 'fastest-levenshtein';

/** The known word that `word` most likely stands for; undefined where none is near enough. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const edits = (candidate: string) => distance(word.toLowerCase(), candidate.toLowerCase());
  const [nearest] = known.toSorted((a, b) => edits(a) - edits(b));
  if (nearest === undefined) return undefined;
  return edits(nearest) <= Math.max(1, nearest.length / 3) ? nearest : undefined;
}
