import { describe, expect, test } from 'vitest';
import { BudgetSpent } from '../../../lambda/egain/call-budget.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import {
  beginAnew,
  type Container,
  container,
  FAILURE,
  failWith,
  holdWalks,
  named,
  nameIn,
  overwrite,
  pass,
  put,
  quarterOfAnHour,
  scheduled,
  shared,
  soon,
  state,
  TASK,
  warm,
} from '../../support/snapshot-containers.ts';

beginAnew();

const renew = ({ store }: Container) => store.renew(quarterOfAnHour());

/** From now on page walks find the budget of calls spent for so long. */
function spend(ms: number): void {
  shared.walk = failWith(new BudgetSpent(ms, 'it is spent'));
}

describe('a budget of calls that is spent', () => {
  test('gives stale answers until it is restored, without a failure', async () => {
    const [first = container(), second = container()] = await warm(2, 31_000);
    spend(40_000);

    await expect(first.ask()).resolves.toMatchObject({ state: 'stale' });
    expect(state()).toMatchObject({ budgetSpentUntil: shared.clock.now() + 40_000 });
    expect(state().failure).toBeUndefined();
    shared.walk = named('account');
    shared.clock.advance(39_999);
    await expect(second.ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 70 });
    expect(shared.walks).toBe(2);
    shared.clock.advance(1);

    await expect(second.ask()).resolves.toMatchObject({ state: 'miss' });
    expect(Object.keys(state())).toEqual(['content']);
  });

  test('tells callers who cannot wait that it is the own budget, and when to come back', async () => {
    spend(25_000);

    for (const { ask } of [container(), container()]) {
      await expect(ask(TASK)).rejects.toMatchObject({
        name: 'BudgetSpent',
        code: '503-901',
        developerMessage: expect.stringContaining('own budget') as string,
        retryAfterSeconds: 25,
      });
    }
    expect(shared.walks).toBe(1);
    expect(total('CallsDeferred')).toBe(1);
  });

  test('is waited for by who can wait, or until another has fetched the accounts', async () => {
    const [first, second] = [container(), container()];
    spend(20_000);
    await expect(first.ask()).rejects.toMatchObject({ code: '503-901' });
    shared.walk = named('own');

    const waiting = first.ask();
    await pass(19_000);
    expect(shared.walks).toBe(1);
    await pass(1500);
    expect(await nameIn(waiting)).toBe('own');

    shared.clock.advance(600_001);
    spend(20_000);
    await expect(first.ask()).rejects.toMatchObject({ code: '503-901' });
    const other = second.ask();
    await pass(1000);
    await put('theirs');
    await pass(500);
    expect(await nameIn(other)).toBe('theirs');
  });
});

describe('a renewal by the schedule', () => {
  test('is due half a period after the last, or where a page walk has failed since', async () => {
    const refresh = scheduled();
    await expect(renew(refresh)).resolves.toBe('renewed');

    shared.clock.advance(29_999);
    await expect(renew(refresh)).resolves.toBe('recent');
    shared.clock.advance(1);
    await expect(renew(refresh)).resolves.toBe('renewed');
    const { kind: fault, code } = FAILURE;
    overwrite({ ...state(), failure: { fault, code, shutOut: false, count: 1, until: 0 } });
    await expect(renew(refresh)).resolves.toBe('renewed');
  });

  test('is left to the container that is at it', async () => {
    const { end } = holdWalks();
    const walking = scheduled().ask();
    await soon();

    await expect(renew(scheduled())).resolves.toBe('elsewhere');

    end();
    await walking;
    expect(shared.walks).toBe(1);
  });

  test('is not tried while a failure is remembered, and then again', async () => {
    const refresh = scheduled();
    shared.walk = failWith(FAILURE);
    await expect(renew(refresh)).rejects.toBe(FAILURE);
    shared.walk = named('account');

    shared.clock.advance(1999);
    await expect(renew(refresh)).rejects.toMatchObject({ code: '503-902' });
    expect(total('RememberedFailures')).toBe(1);
    shared.clock.advance(1);

    await expect(renew(refresh)).resolves.toBe('renewed');
  });

  test('is left alone by requests until it has evidently stopped: until then they hit', async () => {
    const [api, refresh] = [scheduled(), scheduled()];
    await renew(refresh);
    await expect(api.ask()).resolves.toMatchObject({ state: 'hit', freshSeconds: 60 });
    shared.clock.advance(59_000);
    const hit = { state: 'hit', ageSeconds: 59, freshSeconds: 60 };
    await expect(api.ask()).resolves.toMatchObject(hit);
    // Two periods and a minute, by a clock that may be 5 s ahead.
    shared.clock.advance(116_000);
    await expect(api.ask()).resolves.toMatchObject({ state: 'hit', freshSeconds: 176 });
    expect(shared.walks).toBe(1);
    shared.clock.advance(1);

    await expect(api.ask()).resolves.toMatchObject({ state: 'miss', freshSeconds: 60 });
  });

  test('with a long period follows each run, and calls nothing stale before it is evidently late', async () => {
    const cache = { freshSeconds: 30, staleSeconds: 600, refreshSeconds: 420 };
    const [api, refresh] = [container(cache), container(cache)];
    await renew(refresh);
    shared.clock.advance(59_999);
    await expect(renew(refresh)).resolves.toBe('recent');
    shared.clock.advance(273_001);
    const healthy = { state: 'hit', ageSeconds: 333, freshSeconds: 420 };
    await expect(api.ask()).resolves.toMatchObject(healthy);
    shared.walk = failWith(FAILURE);
    shared.clock.advance(87_000);
    await expect(renew(refresh)).rejects.toBe(FAILURE);
    await expect(api.ask()).resolves.toMatchObject({ state: 'hit', leftAlone: false });
    await expect(api.ask(TASK)).rejects.toMatchObject({ code: '503-902' });
  });
});
