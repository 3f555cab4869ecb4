import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../lambda/platform/deadline.ts';

const START = Date.UTC(2026, 0, 1);

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

test('time is counted from the epoch', () => {
  expect(systemClock.now()).toBe(START);
});

test('a call back comes once its time has passed, unless it is called off', () => {
  const called: string[] = [];
  systemClock.after(1000, () => called.push('kept'));
  const callOff = systemClock.after(1000, () => called.push('called off'));

  vi.advanceTimersByTime(999);
  callOff();
  expect(called).toEqual([]);
  vi.advanceTimersByTime(1);

  expect(called).toEqual(['kept']);
});
