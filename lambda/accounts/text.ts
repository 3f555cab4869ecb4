/**
 * Folds case by Unicode, the same in every locale: texts that differ only in case become equal,
 * including `ß` and `SS`, or a final sigma.
 */
export function foldCase(text: string): string {
  return text.toLowerCase().toUpperCase();
}

/**
 * Rewrites a text so that JavaScript's `<`, which compares UTF-16 units, gives the order by code
 * point: characters outside the Basic Multilingual Plane get a prefix that puts them last.
 */
export function codePointKey(text: string): string {
  return text.replace(/[\uFFFF\u{10000}-\u{10FFFF}]/gu, (char) =>
    char === '\uFFFF' ? '\uFFFF\0' : `\uFFFF${char}`,
  );
}

// Control and format characters, which can hide text or reverse it, and unusual line ends.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const EXCERPT_LENGTH = 100;

/**
 * A caller's text, made fit for an error message: cut to a length in UTF-16 units (never within a
 * character), with a replacement character for everything invisible.
 */
export function excerpt(text: string, length = EXCERPT_LENGTH): string {
  const splits = text.length > length && /[\uD800-\uDBFF]/.test(text.charAt(length - 1));
  return text
    .slice(0, splits ? length - 1 : length)
    .toWellFormed()
    .replace(UNPRINTABLE, '\uFFFD');
}
