import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { questionOf } from '../../../lambda/accounts/query.ts';
import { encodeCursor, type Position } from '../../../lambda/workflow/page.ts';
import { account, snapshotOf } from '../../support/accounts.ts';
import { envelopeOf, failureOf, taskOver } from '../../support/task.ts';

const THREE = [
  account({ id: 'a1', name: 'alpha' }),
  account({ id: 'a2', name: 'beta', active: false }),
  account({ id: 'a3', name: 'gamma' }),
];

const FOREIGN = {
  code: '400-901',
  developerMessage: 'The cursor was not given for this filter and sort.',
  details: [
    { key: 'cursor', value: 'expected the cursor of the page before, with its filter and sort' },
  ],
};

const pack = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
const unpack = (cursor: string) =>
  JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
const sealed = (change: Partial<Position>) =>
  encodeCursor({ snapshotHash: 'hash', offset: 1, pagenum: 2, ...change }, questionOf({}));

describe('a run', () => {
  test('gives the whole answer where it fits, with every field, and names its content where it is asked to', async () => {
    const output = await taskOver(() => snapshotOf(...THREE)).run({ contentHash: true });

    expect(output).toEqual({
      paginationInfo: { count: 3, pagenum: 1, pagesize: 500 },
      account: THREE,
      cursor: null,
      contentHash: 'hash',
    });
  });

  test('filters, sorts and projects as it is asked', async () => {
    const { run } = taskOver(() => snapshotOf(...THREE));

    const output = await run({ filter: { active: true }, sort: '-name', fields: ['id'] });

    expect(output.account).toEqual([{ id: 'a3' }, { id: 'a1' }]);
    expect(output.paginationInfo.count).toBe(2);
  });

  test('fills a page up to the last byte that it may take, and not one more', async () => {
    const { run } = taskOver(() =>
      snapshotOf(...THREE.map((one) => ({ ...one, description: 'é'.repeat(200) }))),
    );
    const whole = Buffer.byteLength(JSON.stringify(await run({})));

    const [full, short] = [await run({ maxBytes: whole }), await run({ maxBytes: whole - 1 })];

    expect([full.account.length, full.cursor]).toEqual([3, null]);
    expect([short.account.length, short.cursor]).toEqual([2, expect.any(String)]);
  });

  test('goes on from a cursor, and takes other fields and sizes on the way', async () => {
    const { run } = taskOver(() => snapshotOf(...THREE));
    const first = await run({ pagesize: 1 });

    const rest = await run({ cursor: first.cursor, pagesize: 2, fields: ['name'], maxBytes: 1000 });

    expect(rest).toEqual({
      paginationInfo: { count: 3, pagenum: 2, pagesize: 2 },
      account: [{ name: 'beta' }, { name: 'gamma' }],
      cursor: null,
    });
  });

  test('goes on in a container whose snapshot has the same content in another order', async () => {
    const first = await taskOver(() => snapshotOf(...THREE)).run({ pagesize: 2 });
    const elsewhere = taskOver(() => snapshotOf(...THREE.toReversed()));

    const rest = await elsewhere.run({ cursor: first.cursor });

    expect(rest.account).toEqual([THREE[2]]);
  });

  test('never takes stale data', async () => {
    const task = taskOver(() => snapshotOf(...THREE));

    await task.run({});

    expect(task.asked).toMatchObject([{ stale: false }]);
  });

  test('leaves one log line, which says whether it was the last of a walk, and no timer', async () => {
    vi.useFakeTimers();
    const task = taskOver(() => snapshotOf(...THREE));
    const { cursor } = await task.run({ pagesize: 2 });

    await task.run({ pagesize: 2, cursor });

    expect(task.output.texts()).toHaveLength(2);
    const first = {
      message: 'run',
      correlationId: 'run-1',
      snapshot: 'miss',
      ageSeconds: 3,
      count: 3,
      pagenum: 1,
      pagesize: 2,
      accounts: 2,
      last: false,
      milliseconds: 0,
      Latency: 0,
      CacheMisses: 1,
      SnapshotAge: 3,
    };
    const second = { ...first, pagenum: 2, accounts: 1, last: true };
    expect(task.output.records()).toEqual([first, second]);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});

describe('a cursor', () => {
  test('of newer accounts than the container has goes on with those', async () => {
    const older = { ...snapshotOf(...THREE), hash: 'older' };
    const newer = { ...snapshotOf(...THREE), hash: 'newer' };
    const { cursor } = await taskOver(() => newer).run({ pagesize: 2 });
    const behind = taskOver(({ isWanted = () => true } = {}) => (isWanted(older) ? older : newer));

    expect((await behind.run({ pagesize: 2, cursor })).account).toEqual([THREE[2]]);
  });

  test('of a snapshot whose content has changed is SnapshotExpired', async () => {
    let hash = 'before';
    const { run } = taskOver(() => ({ ...snapshotOf(...THREE), hash }));
    const { cursor } = await run({ pagesize: 1 });
    hash = 'after';

    const error = await failureOf(run({ pagesize: 1, cursor }));

    expect([error.name, envelopeOf(error)['code']]).toEqual(['SnapshotExpired', '409-901']);
  });

  test.each([
    ['another filter', { filter: { active: true } }],
    ['another sort', { sort: '-name' }],
    ['other values in a list', { filter: { channel: ['c2'] } }],
  ])('with %s is InvalidRequest, without a question to eGain', async (_, change) => {
    const task = taskOver(() => snapshotOf(...THREE));
    const { cursor } = await task.run({ pagesize: 1 });

    const error = await failureOf(task.run({ pagesize: 1, cursor, ...change }));

    expect([error.name, envelopeOf(error)]).toEqual(['InvalidRequest', FOREIGN]);
    expect(task.asked).toHaveLength(1);
  });

  test('with the same filter written otherwise is taken', async () => {
    const { run } = taskOver(() => snapshotOf(...THREE));
    const filter = { channel: ['c1', 'c2'], active: true };
    const { cursor } = await run({ pagesize: 1, filter });

    const rest = await run({ filter: { active: true, channel: ['c2', 'c1', 'c2'] }, cursor });

    expect(rest.account).toEqual([THREE[2]]);
  });

  test('is refused when any of its characters is changed, left out or added', async () => {
    const { run } = taskOver(() => snapshotOf(...THREE));
    const cursor = String((await run({ pagesize: 1 })).cursor);
    const places = Array.from({ length: cursor.length }, (_, place) => place);
    const changed = places.flatMap((place) => {
      const [before, after] = [cursor.slice(0, place), cursor.slice(place + 1)];
      const other = cursor[place] === 'A' ? 'B' : 'A';
      return [before + other + after, before + after, `${before}A${cursor.slice(place)}`];
    });

    const runs = await Promise.allSettled(changed.map((text) => run({ cursor: text })));

    expect(runs.filter(({ status }) => status === 'fulfilled')).toEqual([]);
  });

  test('of any text whatever is refused', async () => {
    const { run } = taskOver(() => snapshotOf(...THREE));
    const text = fc.oneof(fc.string(), fc.base64String(), fc.jsonValue().map(pack));
    await fc.assert(
      fc.asyncProperty(text, async (cursor) => {
        expect(envelopeOf(await failureOf(run({ cursor })))).toEqual(FOREIGN);
      }),
    );
  });

  test.each<[string, (cursor: string) => string]>([
    ['no list', () => pack({ offset: 1 })],
    ['padded', (cursor) => `${cursor}==`],
    ['more items', (cursor) => pack([...unpack(cursor), 1])],
    ['no seal', (cursor) => pack(unpack(cursor).slice(0, 4))],
    ['a fraction of an account, though sealed', () => sealed({ offset: 1.5 })],
    ['a fraction of a page, though sealed', () => sealed({ pagenum: 2.5 })],
    ['no text for the hash, though sealed', () => sealed({ snapshotHash: 7 as never })],
  ])('that was never given is refused: %s', async (_, change) => {
    const { run } = taskOver(() => snapshotOf(...THREE));
    const cursor = String((await run({ pagesize: 1 })).cursor);

    expect(envelopeOf(await failureOf(run({ cursor: change(cursor) })))).toEqual(FOREIGN);
  });
});
