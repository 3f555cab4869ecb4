import { distance } from 'fastest-levenshtein';

/** Of the known words the one that another was most likely meant to be, if one is near enough. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const near = known
    .map((candidate) => ({
      candidate,
      edits: distance(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .toSorted((a, b) => a.edits - b.edits)[0];
  return near !== undefined && near.edits <= Math.max(1, near.candidate.length / 3)
    ? near.candidate
    : undefined;
}
