import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  cancellable,
  createDeadline,
  pause,
  systemClock,
  withDeadline,
  within,
} from '../../../lambda/platform/deadline.ts';
import { createManualClock } from '../../support/manual-clock.ts';

describe('a deadline', () => {
  test.each([
    [30_000, 25_000],
    [26_000, 25_000],
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

  test('aborts when it passes, with its fault', () => {
    const clock = createManualClock();
    const deadline = createDeadline(3000, { clock });

    clock.advance(1999);
    expect(deadline.signal.aborted).toBe(false);
    clock.advance(1000);

    expect(deadline.signal.reason).toMatchObject({ code: '504-901' });
    expect(deadline.remaining()).toBe(0);
  });
});

describe('a cancellable deadline', () => {
  test('aborts on either cause', () => {
    const clock = createManualClock();
    const deadline = createDeadline(3000, { clock });
    const [cancelled, other] = [cancellable(deadline), cancellable(deadline)];

    cancelled.cancel('enough');
    expect(cancelled.signal.reason).toBe('enough');
    expect(other.signal.aborted).toBe(false);
    clock.advance(2000);

    expect(other.signal.reason).toMatchObject({ code: '504-901' });
  });
});

describe('waiting', () => {
  test('ends with the work, or with the deadline', async () => {
    const clock = createManualClock();
    const deadline = createDeadline(3000, { clock });
    const endless = within(Promise.withResolvers().promise, deadline);

    await expect(within(Promise.resolve('done'), deadline)).resolves.toBe('done');
    clock.advance(2000);

    await expect(endless).rejects.toMatchObject({ code: '504-901' });
    await expect(within(Promise.resolve(), deadline)).resolves.toBeUndefined();
  });

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

describe("the process's own clock", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('counts from the epoch', () => {
    expect(systemClock.now()).toBe(Date.UTC(2026, 0, 1));
  });

  test('calls back once the time has passed, unless it is called off', () => {
    const called: string[] = [];
    systemClock.after(1000, () => called.push('kept'));
    const callOff = systemClock.after(1000, () => called.push('called off'));

    vi.advanceTimersByTime(999);
    callOff();
    expect(called).toEqual([]);
    vi.advanceTimersByTime(1);

    expect(called).toEqual(['kept']);
  });
});
