import { expect, test } from 'vitest';
import { createRetryBudget } from '../../../../lambda/egain/send.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

function createBudget() {
  const clock = createManualClock();
  const budget = createRetryBudget(clock);
  /** How many retries there are at this moment. */
  const left = () => {
    let taken = 0;
    while (taken < 100 && budget.take()) taken += 1;
    return taken;
  };
  return { clock, left };
}

test('a container begins with twenty retries', () => {
  expect(createBudget().left()).toBe(20);
});

test.each([
  [999, 0],
  [1000, 1],
  [5999, 5],
  [20_000, 20],
  [3_600_000, 20],
])('one comes back each second, and never more than twenty: after %i ms', (ms, retries) => {
  const { clock, left } = createBudget();
  left();

  clock.advance(ms);

  expect(left()).toBe(retries);
});

test('parts of a second add up', () => {
  const { clock, left } = createBudget();
  left();

  clock.advance(600);
  expect(left()).toBe(0);
  clock.advance(400);

  expect(left()).toBe(1);
});

test('a clock that is set back takes none away', () => {
  const { clock, left } = createBudget();

  clock.advance(-60_000);

  expect(left()).toBe(20);
});
