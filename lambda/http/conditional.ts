import { hash } from 'node:crypto';

/** A strong entity tag: the same for the same bytes, and made of nothing but them. */
export function entityTag(body: string): string {
  return `"${hash('sha256', body, 'base64url')}"`;
}

/**
 * Whether an `If-None-Match` names the tag: one of a list, weak ones too, or `*`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 */
export function matchesEntityTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  // Our own tags hold neither quotes nor commas, so what is cut wrongly can't equal one.
  return ifNoneMatch.split(',').some((entry) => entry.trim().replace(/^W\//, '') === tag);
}
