import { beforeEach, describe, expect, test, vi } from 'vitest';
import { BudgetSpent } from '../../../lambda/egain/call-budget.ts';
import {
  type AttemptResult,
  createUpstream,
  decideRetry,
  statedWait,
  type UpstreamOptions,
} from '../../../lambda/egain/send.ts';
import { Fault } from '../../../lambda/faults.ts';
import { cancellable, createDeadline, type Deadline } from '../../../lambda/platform/deadline.ts';
import {
  type CallOptions,
  type HttpAnswer,
  UnreadableAnswer,
} from '../../../lambda/platform/http-client.ts';
import { total } from '../../../lambda/platform/metrics.ts';
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
  ...answerOf(status, { headers }),
});
const broken: AttemptResult = {
  kind: 'network-error',
  during: 'connection',
  errorCode: 'ECONNREFUSED',
};

const SPENT = { 'x-ratelimit-remaining': '0' };

describe('the retry rule', () => {
  type Row = [string, AttemptResult, Partial<Parameters<typeof decideRetry>[0]>, unknown];
  test.each<Row>([
    ...[408, 429, 500, 504, 520, 599].map((status): Row => [`${status}`, answer(status), {}, 50]),
    ...[204, 301, 400, 401, 409, 501, 505].map(
      (status): Row => [`${status}`, answer(status, { 'retry-after': '1' }), {}, 'accept'],
    ),
    ['a refused connection', broken, {}, 50],
    ['a third connection that broke', broken, { attempts: 3 }, 'accept'],
    ['time that ran out', { kind: 'timeout' }, {}, 'accept'],
    ['what is not HTTP', { kind: 'unreadable', errorCode: 'HPE_X' }, {}, 'accept'],
    ['an answer that is transient', answer(400), { transient: true }, 50],
    ['the third attempt', answer(503), { attempts: 3 }, 'accept'],
    ['least jitter', answer(500), { random: 0 }, 0],
    ['most jitter', answer(500), { random: 0.99 }, 99],
    ['the second attempt', answer(500), { attempts: 2 }, 100],
    ['no time for the pause', answer(500), { timeLeftMs: 50 }, 'accept'],
    ['just time for the pause', answer(500), { timeLeftMs: 51 }, 50],
    ['a wait that fits', answer(429, { 'retry-after': '2' }), {}, 2050],
    ['a wait, and 250 ms', answer(503, { 'retry-after': '2' }), { timeLeftMs: 2250 }, 2050],
    [
      'a wait, and less',
      answer(503, { 'retry-after': '2' }),
      { timeLeftMs: 2249 },
      'wait-too-long',
    ],
    ['a 403 with a wait that fits', answer(403, { 'retry-after': '2' }), {}, 2050],
    ['a 403 with a long wait', answer(403, { 'retry-after': '60' }), {}, 'wait-too-long'],
    ['a quota spent for nobody knows how long', answer(403, SPENT), {}, 'accept'],
    ['a 403 with calls left', answer(403, { 'x-ratelimit-remaining': '1' }), {}, 'accept'],
    ['a long wait', answer(503, { 'retry-after': '20' }), { attempts: 3 }, 'wait-too-long'],
  ])('for %s', (_, result, more, decision) => {
    const situation = { attempts: 1, transient: false, timeLeftMs: 20_000, now: NOW, random: 0.5 };

    expect(decideRetry({ result, ...situation, ...more })).toBe(decision);
  });
});

describe('the wait that a server names', () => {
  const future = new Date(NOW + 5000);
  const waitOf = (status: number, headers: Record<string, string>) =>
    statedWait({ status, headers }, NOW);

  test.each([
    ['0', 0],
    ['7', 7000],
    ['2.0', 2000],
    ['45.5', 45_500],
    [String(future.getTime() / 1000), 5000],
    [future.toUTCString(), 5000],
    ['Thursday, 01-Jan-26 00:00:05 GMT', 5000],
    ['Thu Jan  1 00:00:05 2026', 5000],
    [future.toISOString(), 5000],
    ['2026-01-01T01:00:05+01:00', 5000],
    [new Date(NOW - 5000).toUTCString(), 0],
    [new Date(NOW - 1).toISOString(), 0],
    ['-1', undefined],
    ['2 s', undefined],
    ['', undefined],
    ['soon', undefined],
    ['2026-01-01', undefined],
    ['2026-13-01T00:00:00Z', undefined],
    ['Thu, 32 Jan 2026 00:00:00 GMT', undefined],
  ])('is %s in Retry-After, or in X-RateLimit-Reset where the server throttles', (value, ms) => {
    const reset = { 'x-ratelimit-reset': value };
    const spent = { ...reset, 'x-ratelimit-remaining': '0' };

    expect(waitOf(503, { 'retry-after': value })).toBe(ms);
    expect([waitOf(429, reset), waitOf(403, spent)]).toEqual([ms, ms]);
    expect([waitOf(503, reset), waitOf(403, reset)]).toEqual([undefined, undefined]);
  });

  test('is that of Retry-After, unless it is malformed', () => {
    const reset = { 'x-ratelimit-reset': future.toISOString() };

    expect(waitOf(429, { ...reset, 'retry-after': '9' })).toBe(9000);
    expect(waitOf(429, { ...reset, 'retry-after': 'x' })).toBe(5000);
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

interface Given {
  readonly calls?: UpstreamOptions['calls'];
  readonly deadline?: Deadline;
  readonly eachTakesMs?: number;
}

/** Sends a request for accounts to a server that gives these outcomes, one for each attempt. */
function send(
  outcomes: readonly (HttpAnswer | Error | ((told: CallOptions) => Promise<never>))[],
  given: Given = {},
) {
  const { calls, deadline = inTime(), eachTakesMs = 0 } = given;
  const left = [...outcomes];
  const upstream = createUpstream('accounts', {
    random: () => 0.504,
    send: async (_, told) => {
      made.push(told);
      clock.still.advance(eachTakesMs);
      const outcome = left.shift() ?? new Error('one attempt too many');
      if (outcome instanceof Error) throw outcome;
      return typeof outcome === 'function' ? outcome(told) : outcome;
    },
    calls,
  });
  return upstream(REQUEST, deadline);
}

const inTime = () => createTestDeadline(26_000, clock);
const withPatience = (patienceMs: number): Deadline => ({
  ...createDeadline(26_000, { clock: clock.still }),
  patienceMs,
});
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
    const tooLarge = answerOf(404, { text: null, unread: 'too-large' });
    const outcomes = [failedConnection('ECONNRESET'), answerOf(503), tooLarge];

    await expect(send(outcomes, { eachTakesMs: 40 })).resolves.toMatchObject({ status: 404 });
    await send([answerOf(200)]);

    expect([total('UpstreamCalls'), total('UpstreamLatency')]).toEqual([4, 120]);
    expect(lines.map(({ level, fields }) => [level, fields])).toEqual([
      [
        'warn',
        {
          upstream: 'accounts',
          attempt: 1,
          networkError: 'connection',
          errorCode: 'ECONNRESET',
          retryAfterMs: 50,
        },
      ],
      ['warn', { upstream: 'accounts', attempt: 2, status: 503, retryAfterMs: 101 }],
      ['warn', { upstream: 'accounts', attempt: 3, status: 404, unread: 'too-large' }],
    ]);
  });

  test('hides no defect of the product', async () => {
    await expect(send([new TypeError('a bug')])).rejects.toThrow('a bug');
  });

  test('is not repeated once the work is cancelled', async () => {
    const deadline = cancellable({ ...inTime(), clock: clock.still });

    const sent = send([answerOf(503)], { deadline });
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    deadline.cancel(new Fault('egainPagesInconsistent'));

    await expect(sent).rejects.toMatchObject({ code: '502-904' });
    expect(made).toHaveLength(1);
  });
});

describe('an answer', () => {
  test('that is not HTTP is asked for once, and logged by its code', async () => {
    const errorCode = 'HPE_INVALID_CONSTANT';

    await expect(send([new UnreadableAnswer(errorCode)])).resolves.toEqual({
      kind: 'unreadable',
      errorCode,
    });
    expect(lines).toMatchObject([{ fields: { networkError: 'answer', errorCode } }]);
  });
});

/** An attempt that ends with its deadline. */
const hang = ({ deadline: { signal } }: CallOptions) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

describe('patience', () => {
  test('is shared by all attempts, the pauses and the waits for calls', async () => {
    const deadline = withPatience(3000);
    const sent = send([answerOf(503), hang], { deadline, eachTakesMs: 100, calls: callsOf() });
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    clock.still.advance(51);
    await vi.waitFor(() => expect(made).toHaveLength(2));
    clock.still.advance(3000 - clock.now() + NOW);

    await expect(sent).resolves.toEqual({ kind: 'timeout' });
    expect(lines[1]?.fields).toEqual({ upstream: 'accounts', timeout: true });
  });

  test('begins anew, once, where the container was frozen while it ran out', async () => {
    const sent = send([hang, hang], { deadline: withPatience(3000) });
    await vi.waitFor(() => expect(made).toHaveLength(1));
    clock.still.freeze(6000);
    await vi.waitFor(() => expect(made).toHaveLength(2));
    clock.still.freeze(6000);

    await expect(sent).resolves.toEqual({ kind: 'timeout' });
  });
});

describe('the budget of calls', () => {
  const spent = new BudgetSpent(7, 'spent');

  test('is asked for each attempt, and the attempt before says more than that it is spent', async () => {
    const calls = callsOf(undefined, spent);

    await expect(send([answerOf(503)], { calls })).resolves.toMatchObject({ status: 503 });
    expect(total('UpstreamCalls')).toBe(1);
  });

  test('is asked again for a request that is sent over a new connection', async () => {
    await send([answerOf(200)], { calls: callsOf(undefined, spent) });

    await expect(made[0]?.onReconnect?.()).rejects.toMatchObject({ name: 'BudgetSpent' });
  });

  test('may have a defect, which is not what came of the attempt before', async () => {
    const calls = callsOf(undefined, new TypeError('a bug'));

    await expect(send([answerOf(503)], { calls })).rejects.toThrow('a bug');
  });
});
