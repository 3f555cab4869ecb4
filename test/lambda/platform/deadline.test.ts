import { describe, expect, test } from 'vitest';
import { createDeadline, pause, withDeadline } from '../../../lambda/platform/deadline.ts';
import { createManualClock } from '../../support/manual-clock.ts';

describe('a deadline', () => {
  test.each([
    [30_000, 25_000],
    [10_000, 9000],
    [1000, 0],
    [-5, 0],
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, 25_000],
  ])('leaves of %d ms %d', (remaining, left) => {
    const clock = createManualClock();
    const deadline = createDeadline(remaining, { clock });

    expect(deadline.remaining()).toBe(left);
    expect(deadline.signal.aborted).toBe(left === 0);
  });

  test.each([
    [{ getRemainingTimeInMillis: () => 3000 }, 2000],
    [{}, 25_000],
  ])(
    "is that of the invocation's context, and leaves no timer behind: %o",
    async (context, left) => {
      const clock = createManualClock();

      const work = withDeadline(context, async (deadline) => deadline.remaining(), { clock });

      await expect(work).resolves.toBe(left);
      expect(clock.waiting).toBe(0);
    },
  );
});

describe('waiting', () => {
  test('is for so long, and leaves no timer behind', async () => {
    const clock = createManualClock();
    const deadline = createDeadline(3000, { clock });

    const short = pause(500, deadline);
    const long = pause(5000, deadline);
    clock.advance(500);
    await short;
    clock.advance(1500);

    await expect(long).rejects.toMatchObject({ code: '504-901' });
    expect(clock.waiting).toBe(0);
  });
});
