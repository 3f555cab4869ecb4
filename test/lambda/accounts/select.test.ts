import { describe, expect, it } from 'vitest';
import type { Query } from '../../../lambda/accounts/query.ts';
import { select, selectOne } from '../../../lambda/accounts/query.ts';
import { FULL_VIEWER, type Viewer, viewOf } from '../../../lambda/accounts/view.ts';
import type { Account } from '../../../lambda/egain/account.ts';
import type { Snapshot } from '../../../lambda/snapshot/content.ts';
import { account, snapshotOf } from '../../support/accounts.ts';

const READER: Viewer = { scopes: new Set(['accounts/read']) };

function all(snapshot: Snapshot, query: Query = {}, viewer = FULL_VIEWER): Account[] {
  const { count, fragment } = select(snapshot, viewer, query);
  return Array.from({ length: count }, (_, at) => JSON.parse(fragment(at)) as Account);
}
const ids = (snapshot: Snapshot, query?: Query) => all(snapshot, query).map(({ id }) => id);

const dated = (id: string, created?: string) => account({ id, ...(created && { created }) });

describe('select', () => {
  it('keeps nulls and empty objects that eGain sent, and drops what is only partly open and empty', () => {
    const sent = account({
      channel: {},
      description: null,
      caseManagement: null,
      attributes: [],
      chatConfigurations: { timeout: 5, orchestration: {}, entryPoint: { id: 'e' } },
    });
    const snapshot = snapshotOf(sent);

    expect(all(snapshot)).toEqual([sent]);
    expect(all(snapshot, {}, READER)).toEqual([
      { id: 'a1', name: 'order_account', description: null, channel: {} },
    ]);
    expect(all(snapshot, { fields: ['chatConfigurations.allowLogoutWithOpenChats'] })).toEqual([
      {},
    ]);
    expect(all(snapshot, { fields: ['caseManagement.sameCaseDuration'] })).toEqual([
      { caseManagement: null },
    ]);
  });

  it('writes the keys in one order, whatever eGain’s was', () => {
    const { name, address, ...rest } = account();
    const snapshot = snapshotOf({ ...rest, address, name });

    expect(Object.keys(all(snapshot)[0] ?? {})).toEqual([
      'id',
      'name',
      'address',
      'channel',
      'chatConfigurations',
    ]);
  });

  it('projects into lists of objects', () => {
    const snapshot = snapshotOf(account({ attributes: [{ name: 'n', value: 'v' }] }));

    expect(all(snapshot, { fields: ['attributes.value'] })).toEqual([
      { attributes: [{ value: 'v' }] },
    ]);
  });

  it('sorts by date, accounts without one last either way, ties by id', () => {
    const snapshot = snapshotOf(
      dated('none2'),
      dated('b', '2026-01-01T00:00:00Z'),
      dated('none1', 'yesterday'),
      dated('a', '2026-01-01T01:00:00+01:00'),
      dated('c', '2025-01-01T00:00:00Z'),
    );

    expect(ids(snapshot, { sort: 'created' })).toEqual(['c', 'a', 'b', 'none1', 'none2']);
    expect(ids(snapshot, { sort: '-created' })).toEqual(['a', 'b', 'c', 'none1', 'none2']);
  });

  it('has one order for accounts that tie in everything, whatever order eGain sent', () => {
    const twins = ['x', 'y', 'z'].map((description) => account({ id: null, description }));

    const orders = [twins, twins.toReversed()].map((list) =>
      JSON.stringify(all(snapshotOf(...list))),
    );

    expect(orders[0]).toBe(orders[1]);
  });

  it('takes after as inclusive and before as exclusive, and misses what has no date', () => {
    const created = '2026-01-01T00:00:00Z';
    const snapshot = snapshotOf(account({ created }), account({ id: 'undated', created: 'once' }));

    expect(ids(snapshot, { filter: { createdAfter: created } })).toEqual(['a1']);
    expect(ids(snapshot, { filter: { createdBefore: created } })).toEqual([]);
    expect(ids(snapshot, { filter: { createdBefore: '2027-01-01T00:00:00Z' } })).toEqual(['a1']);
  });

  it('matches nothing with a date that the schema would have refused', () => {
    const snapshot = snapshotOf(account({ created: '2026-01-01T00:00:00Z' }));

    expect(ids(snapshot, { filter: { createdAfter: 'nonsense' } })).toEqual([]);
  });

  it('has no account past the end or before the start', () => {
    const { fragment } = select(snapshotOf(account()), FULL_VIEWER, {});

    expect(() => fragment(1)).toThrow(RangeError);
    expect(() => fragment(-1)).toThrow(RangeError);
  });

  it('gives an id that stands twice to the first in order', () => {
    const snapshot = snapshotOf(account({ name: 'b' }), account({ name: 'a' }));

    expect(selectOne(snapshot, READER, 'a1', ['name'])).toBe('{"name":"a"}');
  });
});

/** Accounts that count how often they are looked at. */
function watched(count: number) {
  const reads = { name: 0, channel: 0 };
  const accounts = Array.from({ length: count }, (_, at) => {
    const { name, channel, ...rest } = account({ id: `a${at}` });
    return Object.defineProperties(rest as Account, {
      name: { enumerable: true, get: () => ((reads.name += 1), `${name}${at}`) },
      channel: { enumerable: true, get: () => ((reads.channel += 1), channel) },
    });
  });
  return { snapshot: snapshotOf(...accounts), reads };
}

describe('what depends on the snapshot alone', () => {
  it('is worked out once, and not for each question', () => {
    const { snapshot, reads } = watched(20);
    const ask = () => [
      all(snapshot, { filter: { name: 'ORDER' } }),
      all(snapshot, { sort: '-name' }),
    ];

    const first = ask();
    const readsOfFirst = reads.name;
    const second = ask();

    expect(second).toEqual(first);
    expect(readsOfFirst).toBeGreaterThan(0);
    expect(reads.name).toBe(readsOfFirst);
  });

  it('is worked out for a rule once, as long as not too many others come between', () => {
    const snapshot = snapshotOf(account());
    const look = (channel: string) => viewOf(snapshot, { ...READER, rule: { channel: [channel] } });

    const first = look('c1');
    for (let other = 0; other < 63; other += 1) look(`other${other}`);
    expect(look('c1')).toBe(first);
    for (let other = 0; other < 64; other += 1) look(`another${other}`);
    expect(look('c1')).not.toBe(first);
  });

  it('is another for another snapshot, other scopes or another rule', () => {
    const snapshot = snapshotOf(account());

    expect(all(snapshot)).not.toEqual(all(snapshot, {}, READER));
    expect(all(snapshot, {}, { ...READER, rule: { channel: ['c2'] } })).toEqual([]);
    expect(all(snapshot, {}, { ...READER, rule: { entryPoint: ['c1'] } })).toEqual([]);
    expect(all(snapshotOf(account({ id: 'b' })))).toMatchObject([{ id: 'b' }]);
  });
});
