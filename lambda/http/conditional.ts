import { hash } from 'node:crypto';

/**
 * A weak entity tag: the same for the same bytes, and made of nothing but them. Weak, since the
 * gateway may compress the body, and a strong one would have to tell the two forms apart.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1
 */
export function entityTag(body: string): string {
  return `W/"${hash('sha256', body, 'base64url')}"`;
}

/**
 * Whether an `If-None-Match` names the tag: one of a list, weak or strong, or `*`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 */
export function matchesEntityTag(
  ifNoneMatch: string | undefined,
  tag: string | undefined,
): boolean {
  if (ifNoneMatch === undefined || tag === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  // Our own tags hold neither quotes nor commas, so what is cut wrongly can't equal one.
  return ifNoneMatch.split(',').some((entry) => opaque(entry.trim()) === opaque(tag));
}

const opaque = (tag: string): string => tag.replace(/^W\//, '');
