import { beforeEach, describe, expect, test } from 'vitest';
import { attempt } from '../../../../lambda/egain/send.ts';
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
  type Send,
  type SendOptions,
} from '../../../../lambda/platform/http-client.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';
import { REQUEST, responseOf } from '../../../support/upstream-exchange.ts';

let clock: ManualClock;
let deadline: Deadline;

beforeEach(() => {
  clock = createManualClock();
  deadline = createDeadline(26_000, { clock });
});

const unread = (status: number, why: HttpResponse['unread']) =>
  responseOf(status, { text: null, ...(why !== undefined && { unread: why }) });

/** One attempt, of which this comes. */
const attemptAt = (send: Send, under = deadline) => attempt(REQUEST, under, clock, { send });
const answered = (response: HttpResponse) => attemptAt(async () => response);
const failed = (error: unknown, afterMs = 0, under = deadline) =>
  attemptAt(async () => {
    clock.advance(afterMs);
    throw error;
  }, under);

describe('an answer', () => {
  test.each([
    responseOf(200),
    responseOf(503),
    unread(200, 'too-large'),
    unread(200, 'undecodable'),
    unread(199, 'cut-off'),
    unread(300, 'cut-off'),
    unread(401, 'cut-off'),
  ])('counts, whatever its status and though its body is not read: %o', async (response) => {
    await expect(answered(response)).resolves.toEqual({ kind: 'response', ...response });
  });

  test.each([200, 204, 299])('of success that was cut off is none: %i', async (status) => {
    await expect(answered(unread(status, 'cut-off'))).resolves.toEqual({
      kind: 'network-error',
      during: 'body',
      errorCode: 'ECONNRESET',
      reusedSocket: false,
    });
  });
});

describe('an attempt without an answer', () => {
  test.each([
    [{ code: 'ECONNREFUSED' }, false, 'ECONNREFUSED'],
    [{ code: 'EPIPE' }, true, 'EPIPE'],
    [{}, false, 'UNKNOWN'],
  ])('tells how the connection failed: %o', async (more, reusedSocket, errorCode) => {
    const error = new ConnectionFailed(Object.assign(new Error(), more), reusedSocket);

    await expect(failed(error)).resolves.toEqual({
      kind: 'network-error',
      during: 'connection',
      errorCode,
      reusedSocket,
    });
  });

  test('tells how long it waited for one to begin', async () => {
    await expect(failed(new BeginTimeout(), 5000)).resolves.toEqual({
      kind: 'timeout',
      of: 'begin',
      waitedMs: 5000,
    });
  });

  test('tells how long it waited until the caller had no time left', async () => {
    await expect(failed(new Error('aborted'), 25_000)).resolves.toEqual({
      kind: 'timeout',
      of: 'deadline',
      waitedMs: 25_000,
    });
  });

  test('ends for the reason for which its work was cancelled', async () => {
    const work = cancellable(deadline);
    work.cancel(new Fault('egainPagesInconsistent'));

    await expect(failed(new Error('aborted'), 24_999, work)).rejects.toMatchObject({
      code: '502-904',
    });
  });

  test('hides no fault of our own', async () => {
    await expect(failed(new TypeError('a bug'))).rejects.toThrow('a bug');
  });
});

test('an attempt knows its bounds', async () => {
  const options: SendOptions[] = [];
  const send: Send = async (_, given) => {
    options.push(given);
    return responseOf(200);
  };

  await attempt(REQUEST, deadline, clock, { send, fresh: true, firstByteMs: 7 });

  expect(options).toEqual([{ maxBytes: 1000, deadline, clock, fresh: true, firstByteMs: 7 }]);
});
