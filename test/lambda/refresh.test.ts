import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Fault } from '../../lambda/faults.ts';
import { createRefreshHandler } from '../../lambda/refresh.ts';
import type { Service } from '../../lambda/snapshot/container.ts';
import { captureOutput } from '../support/output.ts';
import { taskContext } from '../support/task.ts';

const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The scheduled function over a service that renews like this, with a quarter of an hour. */
function schedule(renew: Service['snapshots']['renew']) {
  const refresh = createRefreshHandler(() => ({ snapshots: { renew } }));
  return { output: captureOutput(), run: () => refresh({}, taskContext(15 * MINUTE)) };
}

describe('a scheduled run', () => {
  test.each(['renewed', 'recent', 'elsewhere'] as const)(
    'that found the accounts %s says so in its one line, and counts as a renewal',
    async (outcome) => {
      const { run, output } = schedule(async (deadline) => {
        // No gateway waits, so the run may take all of the function's time but a second.
        expect(deadline.remaining()).toBe(15 * MINUTE - 1000);
        vi.advanceTimersByTime(2000);
        return outcome;
      });

      expect(await run()).toEqual({ outcome });

      expect(vi.getTimerCount()).toBe(0);
      expect(output.texts()).toHaveLength(1);
      expect(output.records()).toEqual([
        {
          message: 'refresh',
          correlationId: 'run-1',
          outcome,
          milliseconds: 2000,
          ScheduledRenewals: 1,
          Latency: 2000,
        },
      ]);
    },
  );

  test('that fails ends well, so that Lambda does not try again, and is no renewal', async () => {
    const { run, output } = schedule(() => Promise.reject(new Fault('egainUnavailable')));

    expect(await run()).toEqual({ outcome: 'failed' });

    expect(vi.getTimerCount()).toBe(0);
    expect(output.records()).toEqual([
      {
        message: 'refresh',
        correlationId: 'run-1',
        outcome: 'failed',
        code: '502-905',
        milliseconds: 0,
        Faults: 1,
        ServerFaults: 1,
        Latency: 0,
      },
    ]);
  });
});

test.each<[what: string, renew: Service['snapshots']['renew'], outcome: string]>([
  ['has renewed the snapshot', async () => 'renewed', 'renewed'],
  ['finds it recent', async () => 'recent', 'recent'],
  ['finds another container at it', async () => 'elsewhere', 'elsewhere'],
  ['fails', () => Promise.reject(new Fault('egainUnavailable')), 'failed'],
])('a run that %s looks for a change to announce, afterwards', async (_what, renew, outcome) => {
  captureOutput();
  const done: string[] = [];
  const noting = async (deadline: Parameters<typeof renew>[0]) => {
    done.push('renew');
    return renew(deadline);
  };
  const announce = async () => void done.push('announce');
  const refresh = createRefreshHandler(() => ({ snapshots: { renew: noting } }), announce);

  expect(await refresh({}, taskContext())).toEqual({ outcome });
  expect(done).toEqual(['renew', 'announce']);
});

test('a refresh that is set up wrongly loads, and each run says that it failed', async () => {
  vi.stubEnv('CREDENTIALS_SECRET_ARN', undefined);
  vi.resetModules();
  const output = captureOutput();
  const { handler } = await import('../../lambda/refresh.ts');

  const runs = [await handler({}, taskContext()), await handler('any event', taskContext())];

  expect(runs).toEqual([{ outcome: 'failed' }, { outcome: 'failed' }]);
  const lines = output.texts().join('');
  expect(lines).toContain('"code":"500-902"');
  expect(lines).toContain('"outcome":"failed"');
  // By this name alarms know whose metrics they are.
  expect(lines).toContain('"service":"refresh"');
});
