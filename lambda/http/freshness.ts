import type { SnapshotAnswer } from '../accounts/snapshot-store.ts';

/** How fresh the accounts in an answer are. */
export type Freshness = Omit<SnapshotAnswer, 'snapshot'>;

/**
 * What an answer made from a snapshot says about its age. `max-age` is the whole freshness: a cache
 * takes `Age` off it (RFC 9111, section 4.2).
 */
export function freshnessHeaders(freshness: Freshness): Record<string, string> {
  return {
    'Cache-Control': `private, max-age=${freshness.freshSeconds}`,
    Age: String(freshness.ageSeconds),
    'Cache-Status': `egain-accounts; ${cacheStatus(freshness)}`,
    // So that a cache which serves two partners, or two forms of the body, keeps them apart.
    Vary: 'Authorization, Accept-Encoding',
  };
}

/**
 * Where the accounts came from. `hit` says that eGain was not asked; `stale` that renewing them
 * failed, or that another is still at it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9211#section-2
 */
function cacheStatus({ state, freshSecondsLeft, freshSeconds, ageSeconds }: Freshness): string {
  if (state === 'stale') return `fwd=stale; ttl=${freshSeconds - ageSeconds}`;
  return `${state === 'hit' ? 'hit' : 'fwd=miss; stored'}; ttl=${freshSecondsLeft}`;
}
