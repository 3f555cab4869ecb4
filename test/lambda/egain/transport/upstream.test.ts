import { describe, expect, test } from 'vitest';
import {
  createWorld,
  makeAccounts,
  servePages,
  startUpstream,
} from '../../../support/egain-world.ts';

const upstream = await startUpstream();

describe('a server that keeps failing', () => {
  test('is left alone for 10 s after five failures, then probed once', async () => {
    const { ask, clock } = createWorld(upstream);
    upstream.accounts.otherwise = () => ({ status: 500 });

    await expect(ask()).rejects.toMatchObject({ code: '502-905' });
    await expect(ask()).rejects.toMatchObject({ code: '502-905' });
    expect(upstream.accounts.calls).toHaveLength(5);
    clock.advance(2500);
    await expect(ask()).rejects.toMatchObject({ code: '503-902', retryAfterSeconds: 8 });
    expect(upstream.accounts.calls).toHaveLength(5);

    clock.advance(7500);
    await expect(ask()).rejects.toMatchObject({ code: '502-905' });
    expect(upstream.accounts.calls).toHaveLength(6);
    await expect(ask()).rejects.toMatchObject({ code: '503-902', retryAfterSeconds: 10 });

    clock.advance(10_000);
    upstream.accounts.otherwise = servePages({ accounts: makeAccounts(3), pagesize: 25 });
    await expect(ask()).resolves.toMatchObject({ state: 'miss' });
  });

  test('is not known to fail by callers who had no time', async () => {
    const { ask, clock } = createWorld(upstream);
    const hang = { hang: true, before: () => clock.advance(2000) };
    upstream.accounts.script = Array.from({ length: 6 }, () => hang);

    for (let caller = 0; caller < 6; caller += 1) {
      await expect(ask({ remainingMs: 3000 })).rejects.toMatchObject({ code: '504-901' });
    }

    await expect(ask()).resolves.toMatchObject({ state: 'miss' });
  });

  test('is known to fail when long waits were in vain', async () => {
    const { ask, clock } = createWorld(upstream);
    upstream.accounts.otherwise = () => ({ hang: true, before: () => clock.advance(24_000) });

    for (let caller = 0; caller < 5; caller += 1) {
      await expect(ask()).rejects.toMatchObject({ code: '504-901' });
    }

    await expect(ask()).rejects.toMatchObject({ code: '503-902' });
  });

  test('gets no more retries than the budget has', async () => {
    const { ask } = createWorld(upstream);
    upstream.accounts.otherwise = () => ({ status: 429 });

    for (let caller = 0; caller < 20; caller += 1) {
      await expect(ask()).rejects.toMatchObject({ code: '503-901' });
    }

    // Twenty first attempts, twenty retries, and what came back while they were being made.
    expect(upstream.accounts.calls.length).toBeGreaterThanOrEqual(40);
    expect(upstream.accounts.calls.length).toBeLessThan(44);
  });

  test('that closed a connection kept from earlier is asked again at once', async () => {
    const { ask, clock, telemetry } = createWorld(upstream);
    await ask();
    clock.advance(31_000);
    upstream.accounts.script = [{ drop: 'at-once' }];

    await expect(ask()).resolves.toMatchObject({ state: 'miss' });

    const fields = telemetry.lines.map((line) => line.fields);
    expect(fields).toContainEqual(
      expect.objectContaining({ broken: 'connection', retryAfterMs: 0 }),
    );
  });
});
