import { describe, expect, test } from 'vitest';
import type { AttemptResult } from '../../../../lambda/egain/send.ts';
import {
  decideRetry,
  type RetrySituation,
  statedWait,
  throttled,
} from '../../../../lambda/egain/send.ts';

const NOW = Date.UTC(2026, 0, 1);

const answer = (status: number, headers: Record<string, string> = {}): AttemptResult => ({
  kind: 'response',
  status,
  headers: new Headers(headers),
  text: '',
});
const broken = (errorCode: string): AttemptResult => ({
  kind: 'network-error',
  during: 'connection',
  errorCode,
  reusedSocket: false,
});
const decide = (result: AttemptResult, more: Partial<RetrySituation> = {}) =>
  decideRetry({
    result,
    attempts: 1,
    transient: false,
    timeLeftMs: 20_000,
    now: NOW,
    random: 0.5,
    ...more,
  });

describe('what is tried again', () => {
  test.each([408, 429, 500, 502, 503, 504])('%i is', (status) => {
    expect(decide(answer(status))).toEqual({ kind: 'retry', afterMs: 50 });
  });

  test.each([200, 204, 301, 400, 401, 403, 404, 406, 409, 501, 505])('%i is not', (status) => {
    expect(decide(answer(status, { 'retry-after': '1' }))).toEqual({ kind: 'accept' });
  });

  test('a connection that was refused is, after a pause', () => {
    expect(decide(broken('ECONNREFUSED'))).toEqual({ kind: 'retry', afterMs: 50 });
  });

  test('time that ran out is not', () => {
    expect(decide({ kind: 'timeout', of: 'deadline', waitedMs: 1 })).toEqual({ kind: 'accept' });
  });

  test.each(['ECONNRESET', 'EPIPE'])(
    'a kept connection that was closed (%s) is no attempt',
    (code) => {
      const closed: AttemptResult = {
        kind: 'network-error',
        during: 'connection',
        errorCode: code,
        reusedSocket: true,
      };
      expect(decide(closed, { attempts: 3 })).toEqual({ kind: 'reconnect' });
      expect(decide({ ...closed, reusedSocket: false }, { attempts: 3 })).toEqual({
        kind: 'accept',
      });
      expect(decide({ ...closed, errorCode: 'ETIMEDOUT' })).toEqual({ kind: 'retry', afterMs: 50 });
      expect(decide({ ...closed, during: 'body' })).toEqual({ kind: 'retry', afterMs: 50 });
    },
  );

  test('what says of itself that it will pass is, whatever its status', () => {
    expect(decide(answer(400), { transient: true })).toEqual({ kind: 'retry', afterMs: 50 });
  });

  test('nothing is after the third attempt', () => {
    expect(decide(answer(503), { attempts: 3 })).toEqual({ kind: 'accept' });
  });
});

describe('how long is waited', () => {
  test('anything up to 100 ms, then up to 200 ms', () => {
    expect(decide(answer(500), { random: 0 })).toEqual({ kind: 'retry', afterMs: 0 });
    expect(decide(answer(500), { random: 0.99 })).toEqual({ kind: 'retry', afterMs: 99 });
    expect(decide(answer(500), { attempts: 2, random: 0.5 })).toEqual({
      kind: 'retry',
      afterMs: 100,
    });
  });

  test('not at all when no time is left for it', () => {
    expect(decide(answer(500), { timeLeftMs: 50 })).toEqual({ kind: 'accept' });
    expect(decide(answer(500), { timeLeftMs: 51 })).toEqual({ kind: 'retry', afterMs: 50 });
  });

  test('as the server asks only where a quarter of a second is left for what comes after', () => {
    const asked = answer(503, { 'retry-after': '2' });
    expect(decide(asked, { timeLeftMs: 2249 })).toEqual({ kind: 'wait-too-long' });
    expect(decide(asked, { timeLeftMs: 2250 })).toEqual({ kind: 'retry', afterMs: 2050 });
  });

  test('as the server asks, in seconds, with jitter on top', () => {
    expect(decide(answer(429, { 'retry-after': '2' }))).toEqual({ kind: 'retry', afterMs: 2050 });
  });

  test('as the server asks, or not at all', () => {
    const asked = answer(503, { 'retry-after': '20' });
    expect(decide(asked)).toEqual({ kind: 'wait-too-long' });
    expect(decide(asked, { attempts: 3 })).toEqual({ kind: 'wait-too-long' });
  });
});

describe('the wait that a server states', () => {
  const future = new Date(NOW + 5000);

  test.each([
    ['0', 0],
    ['7', 7000],
    [' 7 ', 7000],
    [future.toUTCString(), 5000],
    [new Date(NOW - 5000).toUTCString(), 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['2 s', undefined],
    ['', undefined],
    ['soon', undefined],
    [future.toISOString(), undefined],
    ['Thu, 32 Jan 2026 00:00:00 GMT', undefined],
  ])('Retry-After: %s', (value, milliseconds) => {
    expect(statedWait(503, new Headers({ 'retry-after': value }), NOW)).toBe(milliseconds);
  });

  test.each([
    [future.toISOString(), 5000],
    ['2026-01-01T01:00:05+01:00', 5000],
    [new Date(NOW - 1).toISOString(), 0],
    ['2026-13-01T00:00:00Z', undefined],
    ['2026-01-01', undefined],
    ['1767225605', undefined],
  ])('X-RateLimit-Reset: %s', (value, milliseconds) => {
    const headers = new Headers({ 'x-ratelimit-reset': value });
    expect(statedWait(429, headers, NOW)).toBe(milliseconds);
    expect(statedWait(503, headers, NOW)).toBeUndefined();
  });

  test('Retry-After comes before X-RateLimit-Reset, unless it is malformed', () => {
    const reset = { 'x-ratelimit-reset': future.toISOString() };
    expect(statedWait(429, new Headers({ ...reset, 'retry-after': '9' }), NOW)).toBe(9000);
    expect(statedWait(429, new Headers({ ...reset, 'retry-after': 'x' }), NOW)).toBe(5000);
  });
});

describe('the wait that a caller is told', () => {
  test.each([
    ['0', 1],
    ['1', 1],
    ['7', 7],
    ['3600', 3600],
    ['3601', 3600],
    ['soon', 10],
    [new Date(NOW - 5000).toUTCString(), 1],
  ])('is whole seconds, from one to an hour: %s', (value, seconds) => {
    const fault = throttled(503, new Headers({ 'retry-after': value }), NOW, { reason: 'why' });

    expect(fault).toMatchObject({ code: '503-901', retryAfterSeconds: seconds, reason: 'why' });
  });

  test.each([
    [1, 1],
    [1001, 2],
    [3_600_001, 3600],
  ])('is no shorter than what was asked for: %i ms', (ms, seconds) => {
    const headers = new Headers({ 'x-ratelimit-reset': new Date(NOW + ms).toISOString() });

    expect(throttled(429, headers, NOW, {})).toMatchObject({ retryAfterSeconds: seconds });
  });
});
