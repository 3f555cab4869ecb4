import { describe, expect, test } from 'vitest';
import { Fault, type FaultName } from '../../../lambda/faults.ts';
import { faultOf, rememberedOf } from '../../../lambda/snapshot/failure.ts';
import type { Failure } from '../../../lambda/snapshot/shared-state.ts';

const NOW = Date.UTC(2026, 0, 1);
const LONG = 25_000;

const earlierOf = (more: Partial<Failure> = {}): Failure => ({
  fault: 'egainUnavailable',
  code: '502-905',
  shutOut: false,
  count: 1,
  until: NOW,
  ...more,
});

describe('what is remembered of a failure', () => {
  test('is which it was, and to leave eGain alone for two seconds', () => {
    expect(rememberedOf(new Fault('egainUnavailable'), LONG, undefined, NOW)).toEqual({
      fault: 'egainUnavailable',
      code: '502-905',
      shutOut: false,
      count: 1,
      until: NOW + 2000,
    });
  });

  test.each([
    [1, 4000],
    [2, 8000],
    [3, 16_000],
    [4, 30_000],
    [9, 30_000],
  ])('after %i in a row is to leave it alone for %i ms', (count, ms) => {
    const earlier = earlierOf({ count });

    expect(rememberedOf(new Fault('egainUnavailable'), LONG, earlier, NOW)).toMatchObject({
      count: count + 1,
      until: NOW + ms,
    });
  });

  test.each([
    ['egainThrottled', 90, 90_000],
    ['egainThrottled', undefined, 2000],
    ['egainUnavailable', 90, 2000],
  ] as const)('is as long as eGain says, where it throttles: %s, %s', (kind, seconds, ms) => {
    const fault = new Fault(kind, seconds === undefined ? {} : { retryAfterSeconds: seconds });

    expect(rememberedOf(fault, LONG, undefined, NOW)?.until).toBe(NOW + ms);
  });

  test.each<FaultName>([
    'misconfigured',
    'secretStoreUnavailable',
    'internalError',
    'egainLeftAlone',
  ])('is nothing where it says nothing about eGain: %s', (kind) => {
    expect(rememberedOf(new Fault(kind), LONG, undefined, NOW)).toBeUndefined();
  });

  test.each([
    ['timedOut', 4499, false],
    ['timedOut', 4500, true],
    ['egainUnavailable', 0, true],
  ] as const)('needs a caller who had time to wait: %s after %i ms', (kind, ms, remembered) => {
    expect(rememberedOf(new Fault(kind), ms, undefined, NOW) !== undefined).toBe(remembered);
  });

  test.each([
    ['egainCredentialsRefused', false, true],
    ['egainScopeInsufficient', false, true],
    ['egainUnavailable', true, true],
    ['egainUnavailable', false, false],
  ] as const)('is whether eGain lets nobody in: %s, and before it %s', (kind, before, shutOut) => {
    const earlier = earlierOf({ shutOut: before });

    expect(rememberedOf(new Fault(kind), LONG, earlier, NOW)?.shutOut).toBe(shutOut);
  });
});

describe('what a caller is told of it', () => {
  test.each(['egainCredentialsRefused', 'egainScopeInsufficient'] as const)(
    'is the refusal itself: %s',
    (fault) => {
      const told = faultOf(earlierOf({ fault, code: '502-901', count: 3 }), NOW);

      expect(told).toMatchObject({
        kind: fault,
        retryAfterSeconds: undefined,
        reason: 'a page walk failed with 502-901; failures in a row: 3',
      });
    },
  );

  test.each([
    [30_000, 30],
    [1001, 2],
    [1000, 1],
    [0, 1],
    [-5000, 1],
  ])('is else when to come back: %i ms are left', (left, seconds) => {
    expect(faultOf(earlierOf({ until: NOW + left }), NOW)).toMatchObject({
      code: '503-902',
      retryAfterSeconds: seconds,
      details: [{ key: 'cause', value: '502-905' }],
      reason: 'a page walk failed with 502-905; failures in a row: 1',
    });
  });
});
