import { describe, expect, test, vi } from 'vitest';
import { total } from '../../../lambda/platform/metrics.ts';
import { createWorld, makeAccounts, servePages, startUpstream } from '../../support/egain-world.ts';
import type { Reply } from '../../support/scripted-upstream.ts';

const upstream = await startUpstream();

describe('a server that keeps failing', () => {
  test('is left alone for 2 s, then for twice as long each time, and for 30 s at most', async () => {
    const { ask, clock } = createWorld(upstream);
    upstream.accounts.otherwise = () => ({ status: 500 });

    for (const seconds of [2, 4, 8, 16, 30, 30]) {
      upstream.accounts.calls.length = 0;
      await expect(ask()).rejects.toMatchObject({ code: '502-905' });
      expect(upstream.accounts.calls).toHaveLength(3);
      await expect(ask()).rejects.toMatchObject({ code: '503-902', retryAfterSeconds: seconds });
      clock.advance(seconds * 1000 - 1);
      await expect(ask()).rejects.toMatchObject({ code: '503-902', retryAfterSeconds: 1 });
      expect(upstream.accounts.calls).toHaveLength(3);
      clock.advance(1);
    }
    expect(total('RememberedFailures')).toBe(12);

    upstream.accounts.otherwise = servePages({ accounts: makeAccounts(3), pagesize: 25 });
    await expect(ask()).resolves.toMatchObject({ state: 'miss' });
    clock.advance(30_000);
    upstream.accounts.otherwise = () => ({ status: 500 });
    await expect(ask()).resolves.toMatchObject({ state: 'stale' });
    clock.advance(2000);
    upstream.accounts.otherwise = servePages({ accounts: makeAccounts(3), pagesize: 25 });
    await expect(ask()).resolves.toMatchObject({ state: 'miss' });
  });
});

/** Asks when the snapshot has grown old, for a page that comes so. */
const askLate = async (reply: Reply) => {
  const { ask, clock } = createWorld(upstream);
  await ask();
  clock.advance(30_000);
  upstream.accounts.calls.length = 0;
  upstream.accounts.script = [reply];
  const answer = ask();
  answer.catch(() => undefined);
  await vi.waitFor(() => expect(upstream.accounts.calls).toHaveLength(1));
  return { answer, clock };
};

describe('a server that is late while a snapshot is at hand', () => {
  const LATE: [what: string, reply: Reply][] = [
    ['head', { hang: true }],
    ['body', { body: { paginationInfo: { count: 0 } }, drop: 'never-ends' }],
  ];

  test.each(LATE)('with its %s is waited for 5 s', async (_, reply) => {
    const { answer, clock } = await askLate(reply);
    clock.advance(5000);

    await expect(answer).resolves.toMatchObject({ state: 'stale', ageSeconds: 35 });
    expect(upstream.accounts.calls).toHaveLength(1);
  });

  test.each(LATE)(
    'with its %s is asked once more where the container was frozen meanwhile',
    async (_, reply) => {
      const { answer, clock } = await askLate(reply);
      clock.freeze(8000);

      await expect(answer).resolves.toMatchObject({ state: 'miss' });
      expect(upstream.accounts.calls).toHaveLength(2);
    },
  );

  test('with the body of a refusal has refused all the same', async () => {
    const { answer, clock } = await askLate({ status: 403, body: 'no', drop: 'never-ends' });
    clock.advance(5000);

    await expect(answer).rejects.toMatchObject({ code: '502-902' });
  });
});
