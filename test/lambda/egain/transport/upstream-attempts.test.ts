import { beforeEach, describe, expect, test, vi } from 'vitest';
import { BudgetSpent } from '../../../../lambda/egain/call-budget.ts';
import type { UpstreamRequest } from '../../../../lambda/egain/send.ts';
import {
  createRetryBudget,
  createUpstream,
  type UpstreamOptions,
} from '../../../../lambda/egain/send.ts';
import { Fault } from '../../../../lambda/faults.ts';
import {
  cancellable,
  createDeadline,
  type Deadline,
} from '../../../../lambda/platform/deadline.ts';
import {
  BeginTimeout,
  ConnectionFailed,
  type HttpResponse,
  type SendOptions,
} from '../../../../lambda/platform/http-client.ts';
import type { LogFields } from '../../../../lambda/platform/telemetry.ts';
import { type RecordedTelemetry, recordTelemetry } from '../../../support/recorded-telemetry.ts';
import { REQUEST, responseOf } from '../../../support/upstream-exchange.ts';
import {
  createTestDeadline,
  createVirtualClock,
  type VirtualClock,
} from '../../../support/virtual-clock.ts';

let clock: VirtualClock;
let telemetry: RecordedTelemetry;
/** What the attempts were told. */
let made: SendOptions[];

beforeEach(() => {
  clock = createVirtualClock();
  telemetry = recordTelemetry();
  made = [];
});

const refused = (reusedSocket = false) =>
  new ConnectionFailed(Object.assign(new Error(), { code: 'ECONNRESET' }), reusedSocket);
const within = (firstByteMs: number): Deadline => ({
  ...createTestDeadline(26_000, clock),
  firstByteMs,
});

/** Sends to a server of which this comes, one after the other, each after some time. */
function send(
  outcomes: readonly (HttpResponse | Error)[],
  {
    deadline = createTestDeadline(26_000, clock),
    eachTakesMs = 0,
    request = REQUEST,
    ...options
  }: Partial<UpstreamOptions> & {
    deadline?: Deadline;
    eachTakesMs?: number;
    request?: UpstreamRequest;
  } = {},
) {
  const left = [...outcomes];
  const server = createUpstream({
    name: 'accounts',
    metric: 'UpstreamCalls',
    budget: createRetryBudget(clock),
    clock,
    random: () => 0.504,
    telemetry,
    send: async (_, given) => {
      made.push(given);
      clock.still.advance(eachTakesMs);
      const outcome = left.shift();
      if (outcome === undefined) throw new Error('one attempt too many');
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    ...options,
  });
  return server.send(request, deadline);
}

const isTransient = ({ status }: HttpResponse) => status === 400;
const warned = (): LogFields[] =>
  telemetry.lines.map(({ level, fields }) => ({ level, ...fields }));
/** A budget of calls that fails so, one after the other. */
const callsOf = (...outcomes: (Error | undefined)[]): NonNullable<UpstreamOptions['calls']> => ({
  async take() {
    clock.still.advance(1000);
    const error = outcomes.shift();
    if (error !== undefined) throw error;
  },
  forecast: async () => 0,
});

describe('an attempt', () => {
  test('is counted, with the time that it took, whatever comes of it', async () => {
    const sent = await send([refused(), responseOf(503), responseOf(200)], {
      latencyMetric: 'UpstreamLatency',
      eachTakesMs: 40,
    });

    expect(sent).toMatchObject({ result: { status: 200 }, waitTooLong: false });
    expect(telemetry.total('UpstreamCalls')).toBe(3);
    expect(telemetry.total('UpstreamLatency')).toBe(120);
  });

  test('is counted by what its server counts alone', async () => {
    await send([responseOf(200)], { metric: 'TokenRequests', eachTakesMs: 40 });

    expect([...telemetry.counted]).toEqual([['TokenRequests', 1]]);
  });

  test('that does well is not logged', async () => {
    await send([responseOf(200)]);

    expect(telemetry.lines).toEqual([]);
  });

  test('that does not is logged, with what follows', async () => {
    await send([refused(), responseOf(503), responseOf(404, { text: null, unread: 'too-large' })]);

    expect(telemetry.lines[0]?.message).toBe('An upstream request failed');
    expect(warned()).toEqual([
      {
        level: 'warn',
        upstream: 'accounts',
        attempt: 1,
        networkError: 'connection',
        errorCode: 'ECONNRESET',
        retryAfterMs: 50,
      },
      { level: 'warn', upstream: 'accounts', attempt: 2, status: 503, retryAfterMs: 101 },
      { level: 'warn', upstream: 'accounts', attempt: 3, status: 404, unread: 'too-large' },
    ]);
  });

  test('that begins too late is logged with the time it was waited for', async () => {
    await send([new BeginTimeout()], { deadline: within(5000), eachTakesMs: 5000 });

    expect(warned()).toEqual([
      { level: 'warn', upstream: 'accounts', attempt: 1, timeout: 'begin', waitedMs: 5000 },
    ]);
  });
});

describe('a further attempt', () => {
  test('is made after a pause, over whatever connection there is', async () => {
    const began = clock.now();

    await send([responseOf(503), responseOf(503), responseOf(200)]);

    expect(clock.now() - began).toBeGreaterThanOrEqual(150);
    expect(made.map(({ fresh }) => fresh)).toEqual([false, false, false]);
  });

  test('is made at once, and is none, where a kept connection had been closed', async () => {
    const began = clock.now();

    const sent = await send([refused(true), responseOf(503), responseOf(503), responseOf(503)]);

    expect(sent).toMatchObject({ result: { status: 503 } });
    expect(made.map(({ fresh }) => fresh)).toEqual([false, true, false, false]);
    expect(warned().map(({ attempt, retryAfterMs }) => [attempt, retryAfterMs])).toEqual([
      [1, 0],
      [1, 50],
      [2, 101],
      [3, undefined],
    ]);
    expect(clock.now() - began).toBeGreaterThanOrEqual(150);
  });

  test('costs nothing of the budget for retries where a kept connection had been closed', async () => {
    const taken = { times: 0 };
    const budget = {
      take() {
        taken.times += 1;
        return true;
      },
    };

    await send([refused(true), responseOf(503), responseOf(200)], { budget });

    expect(taken.times).toBe(1);
  });

  test('is not made where the budget for retries has none', async () => {
    const sent = await send([responseOf(503)], { budget: { take: () => false } });

    expect(sent).toMatchObject({ result: { status: 503 }, waitTooLong: false });
    expect(warned()).toEqual([{ level: 'warn', upstream: 'accounts', attempt: 1, status: 503 }]);
  });

  test('is not made where the server asks for more time than there is', async () => {
    const busy = responseOf(429, { headers: new Headers({ 'retry-after': '60' }) });

    await expect(send([busy])).resolves.toMatchObject({ waitTooLong: true });
  });

  test('is made of an answer that says of itself that it will pass', async () => {
    const sent = await send([responseOf(400), responseOf(404)], {
      request: { ...REQUEST, isTransient },
    });

    expect(sent).toMatchObject({ result: { status: 404 }, waitTooLong: false });
  });

  test('is not made once its work is cancelled', async () => {
    const deadline = cancellable(createDeadline(26_000, { clock: clock.still }));

    const sent = send([responseOf(503)], { deadline, clock: clock.still });
    await vi.waitFor(() => expect(warned()).toHaveLength(1));
    deadline.cancel(new Fault('egainPagesInconsistent'));

    await expect(sent).rejects.toMatchObject({ code: '502-904' });
    expect(made).toHaveLength(1);
  });
});

describe('the time to begin', () => {
  test('is told to no attempt that may take whatever is left', async () => {
    await send([responseOf(200)]);

    expect(made[0]).not.toHaveProperty('firstByteMs');
  });

  test('is shared by all attempts and the pauses between them', async () => {
    await send([responseOf(503), responseOf(200)], { deadline: within(5000), eachTakesMs: 1000 });

    const [first, second] = made.map(({ firstByteMs }) => firstByteMs);
    expect(first).toBe(5000);
    expect(second).toBeLessThanOrEqual(3950);
    expect(second).toBeGreaterThan(3900);
  });

  test('is never less than nothing', async () => {
    await send([refused(true), responseOf(200)], { deadline: within(500), eachTakesMs: 600 });

    expect(made.map(({ firstByteMs }) => firstByteMs)).toEqual([500, 0]);
  });

  test('leaves no further attempt once it is over', async () => {
    await expect(
      send([responseOf(503)], { deadline: within(500), eachTakesMs: 500 }),
    ).resolves.toMatchObject({ result: { status: 503 } });
  });

  test('passes while a call is waited for', async () => {
    await send([responseOf(200)], {
      deadline: within(5000),
      calls: callsOf(),
      latencyMetric: 'UpstreamLatency',
    });

    expect(made[0]?.firstByteMs).toBe(4000);
    expect(telemetry.total('UpstreamLatency')).toBe(0);
  });
});

describe('the budget of calls', () => {
  test('allows each attempt', async () => {
    const calls = callsOf(undefined, new BudgetSpent(7, 'spent'));

    const sent = await send([responseOf(503)], { calls });

    expect(sent).toMatchObject({ result: { status: 503 }, waitTooLong: false });
    expect(telemetry.total('UpstreamCalls')).toBe(1);
  });

  test('that allows none lets none be made', async () => {
    const calls = callsOf(new BudgetSpent(7, 'spent'));

    await expect(send([], { calls })).rejects.toMatchObject({ name: 'BudgetSpent' });

    expect(telemetry.counted.size).toBe(0);
  });

  test('may fail, which is not what came of the attempt before', async () => {
    const calls = callsOf(undefined, new TypeError('a bug'));

    await expect(send([responseOf(503)], { calls })).rejects.toThrow('a bug');
  });
});
