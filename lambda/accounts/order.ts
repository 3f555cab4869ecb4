import type { IndexedAccount } from './indexed-account.ts';
import type { Sort } from './query.ts';
import { codePointOrder, compareCodePoints } from './text.ts';

type Order = (a: IndexedAccount, b: IndexedAccount) => number;

/**
 * Sorts by the key, then by id, and where even that ties (ids may be missing), by what the viewer
 * sees of the accounts: a total order, so that pages and cursors add up in every container. What
 * the viewer does not see must not decide.
 */
export function inOrder(
  accounts: readonly IndexedAccount[],
  sort: Sort,
  summary: (account: IndexedAccount) => string,
): readonly IndexedAccount[] {
  const byKey = keyOrder(accounts, sort);
  const compareIds = codePointOrder(accounts.map(({ id }) => id));
  return accounts.toSorted(
    (a, b) => byKey(a, b) || compareIds(a.id, b.id) || compareCodePoints(summary(a), summary(b)),
  );
}

function keyOrder(accounts: readonly IndexedAccount[], sort: Sort): Order {
  const sign = sort.startsWith('-') ? -1 : 1;
  if (sort === 'name' || sort === '-name') {
    const compareNames = codePointOrder(accounts.map(({ lowerName }) => lowerName));
    return (a, b) => sign * compareNames(a.lowerName, b.lowerName);
  }
  const date = sort.endsWith('created') ? 'created' : 'modified';
  return (a, b) => {
    // Without the date: last, whichever way the rest goes.
    const missing = Number(Number.isNaN(a[date])) - Number(Number.isNaN(b[date]));
    return missing || sign * (a[date] - b[date]) || 0;
  };
}
