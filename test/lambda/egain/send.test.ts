import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BudgetSpent } from '../../../lambda/egain/call-budget.ts';
import { throttled } from '../../../lambda/egain/failure.ts';
import {
  type AttemptResult,
  createRetryBudget,
  createUpstream,
  decideRetry,
  type RetrySituation,
  statedWait,
  type UpstreamOptions,
  type UpstreamRequest,
} from '../../../lambda/egain/send.ts';
import { Fault } from '../../../lambda/faults.ts';
import { cancellable, type Deadline } from '../../../lambda/platform/deadline.ts';
import {
  BeginTimeout,
  type CallOptions,
  type HttpAnswer,
} from '../../../lambda/platform/http-client.ts';
import type { LogFields } from '../../../lambda/platform/log.ts';
import { takeCounts, total } from '../../../lambda/platform/metrics.ts';
import { captureLog, type LoggedLine } from '../../support/telemetry.ts';
import { answerOf, failedConnection, REQUEST } from '../../support/upstream-exchange.ts';
import {
  createTestDeadline,
  createVirtualClock,
  type VirtualClock,
} from '../../support/virtual-clock.ts';

const NOW = Date.UTC(2026, 0, 1);

const answer = (status: number, headers: Record<string, string> = {}): AttemptResult => ({
  kind: 'response',
  ...answerOf(status, { headers: new Headers(headers) }),
});
const broken = (errorCode: string, wasClosed = false): AttemptResult => ({
  kind: 'network-error',
  during: 'connection',
  errorCode,
  wasClosed,
});
const timeout: AttemptResult = { kind: 'timeout', of: 'deadline', waitedMs: 1 };
const accept = { kind: 'accept' };
const reconnect = { kind: 'reconnect' };
const tooLong = { kind: 'wait-too-long' };
const retry = (afterMs: number) => ({ kind: 'retry', afterMs });

describe('the retry rule', () => {
  test.each<[string, AttemptResult, Partial<RetrySituation>, object]>([
    ...[408, 429, 500, 502, 503, 504, 520, 529, 598, 599].map(
      (status): [string, AttemptResult, object, object] => [
        `${status}`,
        answer(status),
        {},
        retry(50),
      ],
    ),
    ...[200, 204, 301, 400, 401, 403, 404, 406, 409, 501, 505].map(
      (status): [string, AttemptResult, object, object] => [
        `${status}, whatever wait it names`,
        answer(status, { 'retry-after': '1' }),
        {},
        accept,
      ],
    ),
    ['a refused connection', broken('ECONNREFUSED'), {}, retry(50)],
    ['a kept connection that was closed', broken('EPIPE', true), { attempts: 3 }, reconnect],
    ['a new connection that broke', broken('EPIPE'), { attempts: 3 }, accept],
    ['time that ran out', timeout, {}, accept],
    ['an answer that is transient', answer(400), { transient: true }, retry(50)],
    ['the third attempt', answer(503), { attempts: 3 }, accept],
    ['least jitter', answer(500), { random: 0 }, retry(0)],
    ['most jitter', answer(500), { random: 0.99 }, retry(99)],
    ['the second attempt', answer(500), { attempts: 2 }, retry(100)],
    ['no time for the pause', answer(500), { timeLeftMs: 50 }, accept],
    ['just time for the pause', answer(500), { timeLeftMs: 51 }, retry(50)],
    ['a wait that fits', answer(429, { 'retry-after': '2' }), {}, retry(2050)],
    ['a wait, and 250 ms', answer(503, { 'retry-after': '2' }), { timeLeftMs: 2250 }, retry(2050)],
    ['a wait, and less', answer(503, { 'retry-after': '2' }), { timeLeftMs: 2249 }, tooLong],
    ['a long wait', answer(503, { 'retry-after': '20' }), { attempts: 3 }, tooLong],
  ])('for %s', (_, result, more, decision) => {
    const situation = { attempts: 1, transient: false, timeLeftMs: 20_000, now: NOW, random: 0.5 };

    expect(decideRetry({ result, ...situation, ...more })).toEqual(decision);
  });
});

describe('the wait that a server names', () => {
  const future = new Date(NOW + 5000);
  const waitOf = (status: number, headers: Record<string, string>) =>
    statedWait(status, new Headers(headers), NOW);

  test.each([
    ['0', 0],
    ['7', 7000],
    [' 7 ', 7000],
    ['2.0', 2000],
    ['45.5', 45_500],
    [future.toUTCString(), 5000],
    [future.toISOString(), 5000],
    [new Date(NOW - 5000).toUTCString(), 0],
    ['-1', undefined],
    ['2 s', undefined],
    ['', undefined],
    ['soon', undefined],
    ['Thu, 32 Jan 2026 00:00:00 GMT', undefined],
  ])('Retry-After: %s', (value, milliseconds) => {
    expect(waitOf(503, { 'retry-after': value })).toBe(milliseconds);
  });

  test.each([
    [future.toISOString(), 5000],
    ['2026-01-01T01:00:05+01:00', 5000],
    [new Date(NOW - 1).toISOString(), 0],
    [future.toUTCString(), 5000],
    ['5', 5000],
    [String(future.getTime() / 1000), 5000],
    ['2026-13-01T00:00:00Z', undefined],
    ['2026-01-01', undefined],
  ])('X-RateLimit-Reset: %s, on a 429 alone', (value, milliseconds) => {
    expect(waitOf(429, { 'x-ratelimit-reset': value })).toBe(milliseconds);
    expect(waitOf(503, { 'x-ratelimit-reset': value })).toBeUndefined();
  });

  test('is that of Retry-After, unless it is malformed', () => {
    const reset = { 'x-ratelimit-reset': future.toISOString() };

    expect(waitOf(429, { ...reset, 'retry-after': '9' })).toBe(9000);
    expect(waitOf(429, { ...reset, 'retry-after': 'x' })).toBe(5000);
  });

  test.each([
    ['0', 1],
    ['0.4', 1],
    ['1.001', 2],
    ['3600', 3600],
    ['3601', 3600],
    ['soon', 10],
  ])('is told to the caller in whole seconds, from one to an hour: %s', (value, seconds) => {
    const fault = throttled(503, new Headers({ 'retry-after': value }), NOW, { reason: 'why' });

    expect(fault).toMatchObject({ code: '503-901', retryAfterSeconds: seconds, reason: 'why' });
  });
});

const retriesLeft = (budget: ReturnType<typeof createRetryBudget>, now: number) => {
  let taken = 0;
  while (taken < 100 && budget.take(now)) taken += 1;
  return taken;
};

describe("the container's retries", () => {
  test.each([
    [0, 0],
    [999, 0],
    [1000, 1],
    [5999, 5],
    [3_600_000, 20],
    [-60_000, 0],
  ])('are twenty, and one more each second: after %i ms %i', (ms, retries) => {
    const budget = createRetryBudget();

    expect(retriesLeft(budget, NOW)).toBe(20);
    expect(retriesLeft(budget, NOW + ms)).toBe(retries);
  });

  test('come back by parts of a second', () => {
    const budget = createRetryBudget();
    retriesLeft(budget, NOW);

    expect(retriesLeft(budget, NOW + 600)).toBe(0);
    expect(retriesLeft(budget, NOW + 1000)).toBe(1);
  });
});

let clock: VirtualClock;
let lines: LoggedLine[];
/** What the attempts were told. */
let made: CallOptions[];

beforeEach(() => {
  clock = createVirtualClock(NOW);
  lines = captureLog();
  made = [];
});
afterEach(() => vi.restoreAllMocks());

interface SendOptions extends Partial<UpstreamOptions> {
  readonly deadline?: Deadline;
  readonly eachTakesMs?: number;
  readonly request?: UpstreamRequest;
}

/** Sends to a server that gives these outcomes, one for each attempt. */
function send(outcomes: readonly (HttpAnswer | Error)[], given: SendOptions = {}) {
  const { deadline = inTime(), eachTakesMs = 0, request = REQUEST, ...options } = given;
  const left = [...outcomes];
  const server = createUpstream({
    name: 'accounts',
    metric: 'UpstreamCalls',
    budget: createRetryBudget(),
    random: () => 0.504,
    send: async (_, told) => {
      made.push(told);
      clock.still.advance(eachTakesMs);
      const outcome = left.shift() ?? new Error('one attempt too many');
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    ...options,
  });
  return server.send(request, deadline);
}

const inTime = () => createTestDeadline(26_000, clock);
const firstByteWithin = (firstByteMs: number): Deadline => ({ ...inTime(), firstByteMs });
const warned = (): LogFields[] => lines.map(({ level, fields }) => ({ level, ...fields }));
/** A budget of calls whose takings fail so, one after the other. */
const callsOf = (...outcomes: (Error | undefined)[]) => ({
  async take() {
    clock.still.advance(1000);
    const error = outcomes.shift();
    if (error !== undefined) throw error;
  },
});

describe('an attempt', () => {
  test('is counted with the time that it took, and logged unless it is well', async () => {
    const sent = await send(
      [
        failedConnection('ECONNRESET'),
        answerOf(503),
        answerOf(404, { text: null, unread: 'too-large' }),
      ],
      { latencyMetric: 'UpstreamLatency', eachTakesMs: 40 },
    );

    expect(sent).toMatchObject({ result: { status: 404 }, waitTooLong: false });
    expect([total('UpstreamCalls'), total('UpstreamLatency')]).toEqual([3, 120]);
    const common = { level: 'warn', upstream: 'accounts' };
    expect(lines[0]?.message).toBe('An upstream request failed');
    expect(warned()).toEqual([
      {
        ...common,
        attempt: 1,
        networkError: 'connection',
        errorCode: 'ECONNRESET',
        retryAfterMs: 50,
      },
      { ...common, attempt: 2, status: 503, retryAfterMs: 101 },
      { ...common, attempt: 3, status: 404, unread: 'too-large' },
    ]);
  });

  test('that is well is counted by its own metric, and not logged', async () => {
    await send([answerOf(200)], { metric: 'TokenRequests' });

    expect(takeCounts().map(({ name }) => name)).toEqual(['TokenRequests']);
    expect(lines).toEqual([]);
  });

  test.each([
    [answerOf(200, { text: null, unread: 'undecodable' }), { kind: 'response', status: 200 }],
    [answerOf(300, { text: null, unread: 'cut-off' }), { kind: 'response', status: 300 }],
    [answerOf(401, { text: null, unread: 'cut-off' }), { kind: 'response', status: 401 }],
    [new BeginTimeout(), { kind: 'timeout', of: 'first-byte', waitedMs: 25_000 - 1 }],
  ])('counts by its status though its body cannot be read: %o', async (outcome, result) => {
    await expect(send([outcome], { eachTakesMs: 24_999 })).resolves.toMatchObject({ result });
  });

  test.each([200, 204, 299])('of success %i that was cut off is made again', async (status) => {
    const cut = answerOf(status, { text: null, unread: 'cut-off' });

    await expect(send([cut, answerOf(200)])).resolves.toMatchObject({ result: { status: 200 } });
    expect(warned()[0]).toMatchObject({ networkError: 'body', errorCode: 'ECONNRESET' });
  });

  test("ends with the caller's time", async () => {
    await expect(send([new Error('aborted')], { eachTakesMs: 25_000 })).resolves.toMatchObject({
      result: { kind: 'timeout', of: 'deadline', waitedMs: 25_000 },
    });
  });

  test('hides no fault of our own', async () => {
    await expect(send([new TypeError('a bug')])).rejects.toThrow('a bug');
  });
});

describe('a further attempt', () => {
  test('is made after a pause', async () => {
    await send([answerOf(503), answerOf(503), answerOf(200)]);

    expect(clock.now() - NOW).toBeGreaterThanOrEqual(150);
    expect(made.map(({ fresh }) => fresh)).toEqual([false, false, false]);
  });

  test('over a new connection is free, where the kept one had been closed', async () => {
    const budget = { take: vi.fn<() => boolean>(() => true) };
    const closed = failedConnection('ECONNRESET', true);

    await send([closed, answerOf(503), answerOf(503), answerOf(503)], { budget });

    expect(made.map(({ fresh }) => fresh)).toEqual([false, true, false, false]);
    expect(warned().map(({ attempt, retryAfterMs }) => [attempt, retryAfterMs])).toEqual([
      [1, 0],
      [1, 50],
      [2, 101],
      [3, undefined],
    ]);
    expect(budget.take).toHaveBeenCalledTimes(2);
  });

  test('is paid from one budget by all requests of the container', async () => {
    const budget = createRetryBudget();

    for (let request = 0; request < 20; request += 1) {
      await send([answerOf(429), answerOf(429), answerOf(429)], { budget });
    }

    // Twenty first attempts, twenty retries, and what came back during the pauses.
    expect(made.length).toBeGreaterThanOrEqual(40);
    expect(made.length).toBeLessThan(44);
  });

  test("is not made once the container's retries are spent", async () => {
    const sent = await send([answerOf(503)], { budget: { take: () => false } });

    expect(sent).toMatchObject({ result: { status: 503 }, waitTooLong: false });
    expect(warned()).toEqual([{ level: 'warn', upstream: 'accounts', attempt: 1, status: 503 }]);
  });

  test('is not made where the server names more time than there is', async () => {
    const busy = answerOf(429, { headers: new Headers({ 'retry-after': '60' }) });

    await expect(send([busy])).resolves.toMatchObject({ waitTooLong: true });
  });

  test('is made of an answer that the request calls transient', async () => {
    const request = { ...REQUEST, isTransient: ({ status }: HttpAnswer) => status === 400 };

    const sent = await send([answerOf(400), answerOf(404)], { request });

    expect(sent).toMatchObject({ result: { status: 404 }, waitTooLong: false });
  });

  test('is not made once the work is cancelled', async () => {
    const deadline = cancellable({ ...inTime(), clock: clock.still });

    const sent = send([answerOf(503)], { deadline });
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    deadline.cancel(new Fault('egainPagesInconsistent'));

    await expect(sent).rejects.toMatchObject({ code: '502-904' });
    expect(made).toHaveLength(1);
  });
});

describe('the time for the first byte', () => {
  test('is told to no attempt that may take all that is left', async () => {
    await send([answerOf(200)]);

    expect(made[0]).not.toHaveProperty('firstByteMs');
    expect(made[0]).toMatchObject({ maxBytes: 1000 });
  });

  test('is shared by all attempts and the pauses between them', async () => {
    const deadline = firstByteWithin(5000);

    await send([answerOf(503), answerOf(200)], { deadline, eachTakesMs: 1000 });

    const [first, second] = made.map(({ firstByteMs }) => firstByteMs);
    expect(first).toBe(5000);
    expect(second).toBeLessThanOrEqual(3950);
    expect(second).toBeGreaterThan(3900);
  });

  test('is never below nothing, and leaves no further attempt once it is over', async () => {
    const closed = failedConnection('EPIPE', true);

    const sent = await send([closed, answerOf(503)], {
      deadline: firstByteWithin(500),
      eachTakesMs: 600,
    });

    expect(sent).toMatchObject({ result: { status: 503 } });
    expect(made.map(({ firstByteMs }) => firstByteMs)).toEqual([500, 0]);
  });

  test('passes while a call is waited for', async () => {
    const calls = callsOf();

    await send([answerOf(200)], { deadline: firstByteWithin(5000), calls });

    expect(made[0]?.firstByteMs).toBe(4000);
  });
});

describe('the budget of calls', () => {
  test('is asked for each attempt, and what came before says more than that it is spent', async () => {
    const calls = callsOf(undefined, new BudgetSpent(7, 'spent'));

    const sent = await send([answerOf(503)], { calls });

    expect(sent).toMatchObject({ result: { status: 503 }, waitTooLong: false });
    expect(total('UpstreamCalls')).toBe(1);
  });

  test('that is spent at once lets no call be made', async () => {
    const sent = send([], { calls: callsOf(new BudgetSpent(7, 'spent')) });

    await expect(sent).rejects.toMatchObject({ name: 'BudgetSpent' });
    expect(takeCounts()).toEqual([]);
  });

  test('may fail, which is not what came of the attempt before', async () => {
    const calls = callsOf(undefined, new TypeError('a bug'));

    await expect(send([answerOf(503)], { calls })).rejects.toThrow('a bug');
  });
});
