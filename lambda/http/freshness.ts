import type { SnapshotAnswer } from '../accounts/snapshot-store.ts';

/** How fresh the accounts in an answer are. */
export type Freshness = Pick<SnapshotAnswer, 'state' | 'ageSeconds' | 'freshSecondsLeft'>;

/** What an answer made from a snapshot says about its age. */
export function freshnessHeaders(freshness: Freshness): Record<string, string> {
  return {
    'Cache-Control': `private, max-age=${freshness.freshSecondsLeft}`,
    Age: String(freshness.ageSeconds),
    'Cache-Status': `egain-accounts; ${cacheStatus(freshness)}`,
    // So that a cache which serves two partners keeps them apart.
    Vary: 'Authorization',
  };
}

/**
 * Where the accounts came from. `hit` says that eGain was not asked; after a failure it was, so
 * that is `fwd=stale`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9211#section-2
 */
function cacheStatus({ state, freshSecondsLeft }: Freshness): string {
  if (state === 'stale') return 'fwd=stale; detail=stale-if-error';
  return `${state === 'hit' ? 'hit' : 'fwd=miss; stored'}; ttl=${freshSecondsLeft}`;
}
