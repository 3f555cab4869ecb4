import { describe, expect, test, vi } from 'vitest';
import { account, snapshotOf } from '../../support/accounts.ts';
import { envelopeOf, failureOf, taskOver } from '../../support/task.ts';

const THREE = [
  account({ id: 'a1', name: 'alpha' }),
  account({ id: 'a2', name: 'beta', active: false }),
  account({ id: 'a3', name: 'gamma' }),
];

describe('a run', () => {
  test('gives the whole answer where it fits, with every field and nothing else', async () => {
    const output = await taskOver(() => snapshotOf(...THREE)).run({});

    expect(output).toEqual({
      paginationInfo: { count: 3, pagenum: 1, pagesize: 500 },
      account: THREE,
      cursor: null,
    });
  });

  test('filters, sorts and projects as it is asked', async () => {
    const { run } = taskOver(() => snapshotOf(...THREE));

    const output = await run({ filter: { active: true }, sort: '-name', fields: ['id'] });

    expect(output.account).toEqual([{ id: 'a3' }, { id: 'a1' }]);
    expect(output.paginationInfo.count).toBe(2);
  });

  test('gives an empty page where nothing matches', async () => {
    const output = await taskOver(() => snapshotOf(...THREE)).run({ filter: { name: 'omega' } });

    expect(output).toEqual({
      paginationInfo: { count: 0, pagenum: 1, pagesize: 500 },
      account: [],
      cursor: null,
    });
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

  test('names the content where it is asked to', async () => {
    const output = await taskOver(() => snapshotOf(...THREE)).run({ contentHash: true });

    expect(output.contentHash).toBe('hash');
  });

  test('never takes stale data', async () => {
    const task = taskOver(() => snapshotOf(...THREE));

    await task.run({});

    expect(task.asked).toEqual([{ stale: false }]);
  });

  test.each([
    ['hit', undefined],
    ['miss', 1],
  ] as const)('from a snapshot that was a %s has %j misses', async (state, misses) => {
    const task = taskOver(() => snapshotOf(...THREE), state);

    await task.run({});

    expect(task.output.records()[0]?.['CacheMisses']).toBe(misses);
    expect(task.output.records()).toMatchObject([{ snapshot: state, SnapshotAge: 3 }]);
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
    ['a filter of another name', { filter: { language: 'a' } }],
    ['other values in a list', { filter: { channel: ['c2'] } }],
  ])('with %s is InvalidRequest, without a question to eGain', async (_, change) => {
    const task = taskOver(() => snapshotOf(...THREE));
    const { cursor } = await task.run({ pagesize: 1 });

    const error = await failureOf(task.run({ pagesize: 1, cursor, ...change }));

    expect(error.name).toBe('InvalidRequest');
    expect(envelopeOf(error)).toMatchObject({ code: '400-901', details: [{ key: 'cursor' }] });
    expect(task.asked).toHaveLength(1);
  });

  test('with the same filter written otherwise is taken', async () => {
    const { run } = taskOver(() => snapshotOf(...THREE));
    const filter = { channel: ['c1', 'c2'], active: true };
    const { cursor } = await run({ pagesize: 1, filter });

    const rest = await run({ filter: { active: true, channel: ['c2', 'c1', 'c2'] }, cursor });

    expect(rest.account).toEqual([THREE[2]]);
  });

  test('that leads past the end is InvalidRequest', async () => {
    let accounts = THREE;
    const { run } = taskOver(() => snapshotOf(...accounts));
    const { cursor } = await run({ pagesize: 2 });
    accounts = THREE.slice(0, 2);

    const error = await failureOf(run({ cursor }));

    expect(error.name).toBe('InvalidRequest');
  });
});
