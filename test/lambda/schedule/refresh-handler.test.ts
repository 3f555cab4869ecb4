import { describe, expect, test } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import { createRefreshHandler } from '../../../lambda/refresh.ts';
import type { Service } from '../../../lambda/snapshot/container.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { recordTelemetry } from '../../support/recorded-telemetry.ts';
import { taskContext } from '../../support/task.ts';

const MINUTE = 60_000;

/** The scheduled function over a service that renews like this, and has a quarter of an hour. */
function schedule(renew: Service['renew']) {
  const telemetry = recordTelemetry();
  const clock = createManualClock();
  const handler = createRefreshHandler({ service: () => ({ renew }), telemetry, clock });
  return { telemetry, clock, run: () => handler({}, taskContext(15 * MINUTE)) };
}

describe('a scheduled run', () => {
  test.each(['renewed', 'recent', 'elsewhere'] as const)(
    'that found the accounts %s says so in its one line, and counts as a renewal',
    async (outcome) => {
      const { run, telemetry, clock } = schedule(async () => {
        clock.advance(2000);
        return outcome;
      });

      expect(await run()).toEqual({ outcome });

      expect(telemetry.lines).toEqual([
        {
          level: 'info',
          message: 'refresh',
          fields: { correlationId: 'run-1', outcome, milliseconds: 2000 },
        },
      ]);
      expect(Object.fromEntries(telemetry.counted)).toEqual({
        ScheduledRenewals: 1,
        Latency: 2000,
      });
    },
  );

  test('that fails ends well, so that Lambda does not try again, and is no renewal', async () => {
    const { run, telemetry } = schedule(() => Promise.reject(new Fault('egainUnavailable')));

    expect(await run()).toEqual({ outcome: 'failed' });

    expect(telemetry.lines).toEqual([
      {
        level: 'info',
        message: 'refresh',
        fields: { correlationId: 'run-1', outcome: 'failed', code: '502-905', milliseconds: 0 },
      },
    ]);
    expect(Object.fromEntries(telemetry.counted)).toEqual({
      Latency: 0,
      'Faults:502-905': 1,
      ServerFaults: 1,
    });
  });

  test('may take all of the function’s time but a second, since no gateway waits', async () => {
    const left: number[] = [];
    const { run } = schedule(async (deadline) => {
      left.push(deadline.remaining());
      return 'renewed';
    });

    await run();

    expect(left).toEqual([15 * MINUTE - 1000]);
  });

  test('leaves no timer behind, whatever became of it', async () => {
    const well = schedule(async () => 'renewed');
    const ill = schedule(() => Promise.reject(new Fault('egainUnavailable')));

    await well.run();
    await ill.run();

    expect([well.clock.waiting, ill.clock.waiting]).toEqual([0, 0]);
  });
});
