import { describe, expect, test } from 'vitest';
import { select, selectOne } from '../../../lambda/accounts/query.ts';
import { FULL_VIEWER, type Viewer, viewOf } from '../../../lambda/accounts/view.ts';
import { account, snapshotOf } from '../../support/accounts.ts';

const viewerOf = (number: number): Viewer => ({
  scopes: FULL_VIEWER.scopes,
  rule: { channel: [`c${number}`] },
});

describe('the views of a snapshot', () => {
  test('are worked out once for all who see the same', () => {
    const snapshot = snapshotOf(account());
    const view = viewOf(snapshot, viewerOf(1));

    expect(viewOf(snapshot, viewerOf(1))).toBe(view);
    expect(viewOf({ ...snapshot }, viewerOf(1))).toBe(view);
    expect(viewOf(snapshot, viewerOf(2))).not.toBe(view);
    expect(viewOf(snapshot, { scopes: new Set(['accounts/read']) })).not.toBe(view);
    expect(viewOf(snapshotOf(account()), viewerOf(1))).not.toBe(view);
  });

  test('are kept for sixty-four, of which the one not used longest goes', () => {
    const snapshot = snapshotOf(account());
    const views = Array.from({ length: 64 }, (_, number) => viewOf(snapshot, viewerOf(number)));
    expect(viewOf(snapshot, viewerOf(0))).toBe(views[0]);

    viewOf(snapshot, viewerOf(64));

    expect(viewOf(snapshot, viewerOf(0))).toBe(views[0]);
    expect(viewOf(snapshot, viewerOf(2))).toBe(views[2]);
    expect(viewOf(snapshot, viewerOf(1))).not.toBe(views[1]);
  });
});

describe('accounts without a date that can be read', () => {
  const snapshot = snapshotOf(
    account({ id: 'a', created: null }),
    account({ id: 'b', created: '2026-01-02T00:00:00Z' }),
    account({ id: 'c', created: 'soon' }),
    account({ id: 'd', created: '2026-01-01T00:00:00Z' }),
    account({ id: 'e', created: '2026-01-03T00:00:00Z' }),
  );

  test.each([
    ['created', 'dbeac'],
    ['-created', 'ebdac'],
  ] as const)('come last, by id, whichever way the rest goes: %s', (sort, order) => {
    const { count, fragment } = select(snapshot, FULL_VIEWER, { sort, fields: ['id'] });

    const ids = Array.from(
      { length: count },
      (_, at) => JSON.parse(fragment(at)) as { id: string },
    );
    expect(ids.map(({ id }) => id).join('')).toBe(order);
  });
});

test.each([
  ['name', ['z', '\uFFFD', '😀']],
  ['-name', ['😀', '\uFFFD', 'z']],
] as const)('names are in the order of their code points: %s', (sort, order) => {
  const snapshot = snapshotOf(...['😀', 'z', '\uFFFD'].map((name) => account({ id: name, name })));

  const { fragment } = select(snapshot, FULL_VIEWER, { sort, fields: ['name'] });

  expect([0, 1, 2].map(fragment)).toEqual(order.map((name) => JSON.stringify({ name })));
});

test('an id that stands twice is the first one’s in order, and none is nobody’s', () => {
  const snapshot = snapshotOf(
    account({ id: 'a', name: 'second' }),
    account({ id: 'a', name: 'first' }),
    account({ id: null, name: 'zeroth' }),
  );

  expect(selectOne(snapshot, FULL_VIEWER, 'a', ['name'])).toBe('{"name":"first"}');
  expect(selectOne(snapshot, FULL_VIEWER, '')).toBeUndefined();
  expect(selectOne(snapshot, FULL_VIEWER, 'null')).toBeUndefined();
});
