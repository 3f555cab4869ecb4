import { describe, expect, test, vi } from 'vitest';
import { createDeadline } from '../../../lambda/platform/deadline.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import { LOCK_MS, type State } from '../../../lambda/snapshot/shared-state.ts';
import { type SnapshotAnswer } from '../../../lambda/snapshot/snapshots.ts';
import { account } from '../../support/accounts.ts';
import {
  beginAnew,
  breakTable,
  change,
  container,
  FAILURE,
  failWith,
  holdWalks,
  loseAnswers,
  named,
  nameIn,
  overwrite,
  pass,
  put,
  quarterOfAnHour,
  shared,
  soon,
  state,
  TASK,
  warm,
} from '../../support/snapshot-containers.ts';

beginAnew();

describe('requests of one container that come while it renews the snapshot', () => {
  test.each(['there', 'away'])('get a stale answer; the table is %s', async (where) => {
    const [{ ask } = container()] = await warm(1, 30_000);
    if (where === 'away') breakTable('read', 'replace');
    const { end } = holdWalks();

    const walking = ask();
    await soon();
    await pass(LOCK_MS);
    await expect(ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 40 });
    end();

    await expect(walking).resolves.toMatchObject({ state: 'miss' });
    expect(shared.walks).toBe(2);
  });

  test('wait for it where they may get none, and not for a lock', async () => {
    const { ask } = container();
    const { end } = holdWalks();

    const asked = [ask(), ask(TASK)];
    await soon();
    const late = ask(TASK);
    await soon();
    end();

    for (const each of [...asked, late]) {
      await expect(each).resolves.toMatchObject({ state: 'miss', ageSeconds: 0 });
    }
    expect(total('RenewalWaits')).toBe(0);
    expect(shared.walks).toBe(1);
  });

  test('get nothing that has grown old by its end', async () => {
    const { store, ask } = container();
    const { end } = holdWalks();
    const walking = store.get(quarterOfAnHour());
    await soon();
    await pass(30_000);

    const asked = [ask(), ask(TASK)];
    await soon();
    end();
    await walking;

    for (const each of asked) await expect(each).resolves.toMatchObject({ ageSeconds: 0 });
    expect(shared.walks).toBe(2);
  });

  test('fail as it does', async () => {
    const { ask } = container();
    const { fail } = holdWalks();

    const asked = [ask(), ask()];
    await soon();
    fail(FAILURE);

    for (const each of asked) await expect(each).rejects.toBe(FAILURE);
  });

  test('have their own deadlines, and begin anew what ended with the time of its starter', async () => {
    const { store } = container();
    holdWalks();
    const [starter, hurried, patient] = [5000, 3000, 21_000].map((remainingMs) =>
      store
        .get(createDeadline(remainingMs, { clock: shared.clock }))
        .catch((error: unknown) => error),
    );
    await soon();

    await pass(2000);
    expect(await hurried).toMatchObject({ code: '504-901' });
    shared.walk = named('account');
    await pass(2000);
    expect(await starter).toMatchObject({ code: '504-901' });
    expect(await patient).toMatchObject({ state: 'miss' });
    expect(shared.walks).toBe(2);
  });
});

describe('while another container renews the snapshot', () => {
  test('a stale answer is given for one more period, and looks at the table every 250 ms', async () => {
    const [first = container(), second = container()] = await warm(2, 31_000);
    const { end } = holdWalks();
    const walking = first.ask();
    await soon();
    const read = vi.spyOn(shared.table, 'read');

    for (const ms of [0, 249, 1, 249]) {
      shared.clock.advance(ms);
      await expect(second.ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 31 });
    }
    expect(read).toHaveBeenCalledTimes(2);
    end();
    await walking;
    await expect(second.ask(TASK)).resolves.toMatchObject({ ageSeconds: 0 });
  });

  test('who may get none waits for its accounts, however long that takes', async () => {
    const [first, second] = [container(), container()];
    const { end } = holdWalks();
    const walking = first.ask();
    await soon();

    const waiting = second.ask();
    await pass(8000);
    end();
    await pass(500);

    await expect(waiting).resolves.toMatchObject({ state: 'miss', ageSeconds: 8 });
    await walking;
    expect(total('RenewalWaits')).toBe(1);
    expect(shared.walks).toBe(1);
  });

  test('for long, a partner waits 5 s and only once, and anew for the next one', async () => {
    const [first = container(), second = container()] = await warm(2, 61_001);
    const hanging = holdWalks();
    const one = first.ask(TASK);
    await soon();
    const answered = vi.fn<(answer: SnapshotAnswer) => void>();
    void second.ask().then(answered);
    await soon();
    await pass(4995);
    expect(answered).not.toHaveBeenCalled();
    await pass(5);
    expect(answered).toHaveBeenCalledWith(expect.objectContaining({ state: 'stale' }));
    await expect(second.ask()).resolves.toMatchObject({ state: 'stale' });
    hanging.end();
    await one;

    shared.clock.advance(61_001);
    const next = holdWalks();
    const other = first.ask(TASK);
    await soon();
    const again = second.ask();
    await pass(1000);
    next.end();
    await pass(500);

    await expect(again).resolves.toMatchObject({ state: 'miss' });
    await other;
    expect(total('RenewalWaits')).toBe(2);
  });

  test('who waits renews the snapshot itself once the lock ends', async () => {
    const { ask } = container();
    overwrite({ lock: { owner: 'one that died', until: shared.clock.now() + 1000 } });

    const asked = ask();
    await pass(995);
    expect(shared.walks).toBe(0);
    await pass(500);

    await expect(asked).resolves.toMatchObject({ state: 'miss' });
  });
});

describe('the lock', () => {
  test('is extended every three seconds, and given back with the content', async () => {
    const start = shared.clock.now();
    const { end } = holdWalks();
    const asked = container().ask();
    await soon();
    const { owner } = state().lock ?? {};
    expect(state().lock?.until).toBe(start + LOCK_MS);

    await pass(2995);
    expect(state().lock?.until).toBe(start + LOCK_MS);
    await pass(5);
    expect(state().lock).toEqual({ owner, until: start + LOCK_MS + 3000 });
    await pass(12_000);
    expect(state().lock).toEqual({ owner, until: start + LOCK_MS + 15_000 });
    end();
    await asked;

    const { hash } = (await asked).snapshot;
    expect(state()).toEqual({
      content: { hash, parts: 1, writtenAt: shared.clock.now(), fetchedAt: start },
    });
    expect(total('Renewals')).toBe(1);
    await pass(4000);
    expect(state().lock).toBeUndefined();
  });

  test('that another has taken over ends the page walk, and nothing is written', async () => {
    holdWalks();
    const asked = container().ask();
    await soon();
    overwrite({ lock: { owner: 'another', until: shared.clock.now() + LOCK_MS } });

    await pass(3000);
    expect(total('LocksLost')).toBe(1);
    expect(shared.lines).toEqual([]);
    await put('theirs');
    await pass(500);

    expect(await nameIn(asked)).toBe('theirs');
    expect(shared.walks).toBe(1);
  });

  test.each([
    ['another has it', { lock: { owner: 'another', until: Date.UTC(2026, 0, 31, 8) + LOCK_MS } }],
    ['nobody has it any more', {}],
  ])('lost by the end of the page walk leaves the state as it is: %s', async (_, theirs: State) => {
    shared.walk = async () => {
      overwrite(theirs);
      return [account()];
    };

    await expect(container().ask()).resolves.toMatchObject({ state: 'miss' });

    expect(state()).toEqual(theirs);
    expect([total('LocksLost'), total('Renewals')]).toEqual([1, 0]);
  });

  test('is not taken by who has not seen what another has fetched meanwhile', async () => {
    const restore = change((well) => ({
      async read(...call) {
        const item = await well.read(...call);
        restore();
        await put('theirs');
        return item;
      },
    }));

    expect(await nameIn(container().ask())).toBe('theirs');
    expect(shared.walks).toBe(0);
  });
});

test('who can never take the lock goes on alone, and asks the table a few times', async () => {
  const { ask } = container();
  let calls = 0;
  const restore = change((well) => ({
    async read(...call) {
      calls += 1;
      // Somebody writes all the time, and has no lock.
      overwrite({});
      return well.read(...call);
    },
    replace: async () => false,
  }));

  await expect(ask()).resolves.toMatchObject({ state: 'miss' });
  await expect(ask()).resolves.toMatchObject({ state: 'hit' });

  expect(calls).toBeLessThan(20);
  restore();
  shared.clock.advance(30_000);
  await ask();
  expect(state().content).toBeDefined();
});

test.each([
  ['a content', named('account'), { value: { state: 'miss' } }, { value: { state: 'hit' } }],
  ['a failure', failWith(FAILURE), { reason: FAILURE }, { reason: { code: '503-902' } }],
])('whose writes are done, and not answered, renews the snapshot as usual: %s', async (...row) => {
  const [, walk, own, others] = row;
  shared.walk = walk;
  loseAnswers(2);

  expect(await Promise.allSettled([container().ask()])).toMatchObject([own]);

  expect(await Promise.allSettled([container().ask()])).toMatchObject([others]);
  expect(shared.walks).toBe(1);
  expect(state().lock).toBeUndefined();
  expect([total('LocksLost'), total('SharedTableFailures')]).toEqual([0, 0]);
});

const canDoWithout = () => container().store.warmUp();

test('a container that starts can do without a page walk where there is a snapshot, or another fetches one', async () => {
  expect(await canDoWithout()).toBe(false);
  const { end } = holdWalks();
  const walking = container().ask();
  await soon();
  expect(await canDoWithout()).toBe(true);
  end();
  await walking;
  expect(await canDoWithout()).toBe(true);
  shared.clock.advance(30_000);
  expect(await canDoWithout()).toBe(false);
});
