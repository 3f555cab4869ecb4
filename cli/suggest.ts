import { closest } from '../lib/stage/closest.ts';

/** `Did you mean …?` with a space before it, or nothing where no known word is near. */
export function didYouMean(word: string, known: Iterable<string>, prefix = ''): string {
  const name = closest(word, [...known]);
  return name === undefined ? '' : ` Did you mean ${prefix}${name}?`;
}
