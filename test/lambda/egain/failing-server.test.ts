import { describe, expect, test } from 'vitest';
import { total } from '../../../lambda/platform/metrics.ts';
import { createWorld, makeAccounts, servePages, startUpstream } from '../../support/egain-world.ts';

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
