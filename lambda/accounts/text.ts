/**
 * Folds case by Unicode, the same in every locale: texts that differ in case alone become equal,
 * `ß` and `SS` or a final sigma included.
 */
export function foldCase(text: string): string {
  return text.toLowerCase().toUpperCase();
}

/**
 * Compares by code point, which JavaScript's own `<` does not: by UTF-16 unit, what is outside the
 * Basic Multilingual Plane would come before U+E000 to U+FFFF.
 *
 * @returns negative, 0 or positive, as `sort` takes it.
 */
export function compareCodePoints(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  let at = 0;
  while (at < shared && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  if (at === shared) return a.length - b.length;
  // The first difference may be in the second half of a surrogate pair.
  const start = at > 0 && isHighSurrogate(a.charCodeAt(at - 1)) ? at - 1 : at;
  return codePoint(a, start) - codePoint(b, start) || codePoint(a, at) - codePoint(b, at);
}

/**
 * The order by code point for texts of which all are known. As long as none has a surrogate in it,
 * JavaScript's own order is the same, and much faster.
 */
export function codePointOrder(texts: readonly string[]): (a: string, b: string) => number {
  if (texts.some((text) => /[\uD800-\uDFFF]/.test(text))) return compareCodePoints;
  return (a, b) => (a === b ? 0 : a < b ? -1 : 1);
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

/** Every place that is asked for lies within the text. */
const codePoint = (text: string, at: number): number => text.codePointAt(at) as number;

// Control and format characters (which can hide text or turn its direction round) and odd line ends.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const EXCERPT_LENGTH = 100;

/** A caller's text, fit to be shown in a fault: cut at some length, nothing invisible in it. */
export function excerpt(text: string, length = EXCERPT_LENGTH): string {
  const end =
    text.length > length && isHighSurrogate(text.charCodeAt(length - 1)) ? length - 1 : length;
  return text.slice(0, end).toWellFormed().replace(UNPRINTABLE, '\uFFFD');
}
