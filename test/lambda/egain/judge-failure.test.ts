import { describe, expect, test } from 'vitest';
import { judgeFailure, RefusedRequest } from '../../../lambda/egain/failure.ts';
import type { AttemptResult } from '../../../lambda/egain/send.ts';
import { UpstreamFault } from '../../../lambda/faults.ts';

const NOW = Date.UTC(2026, 0, 1);
const eGain = { server: 'eGain', now: NOW } as const;
const tokenEndpoint = { server: 'the token endpoint', now: NOW } as const;

const answer = (status: number, headers: Record<string, string> = {}): AttemptResult => ({
  kind: 'response',
  status,
  headers: new Headers(headers),
  text: '',
});
const sent = (result: AttemptResult, waitTooLong = false) => ({ result, waitTooLong });
const envelopeOf = (code: string, developerMessage?: string) => ({
  code,
  developerMessage,
  userMessage: undefined,
  details: [],
});

describe('no answer', () => {
  test.each([
    ['begin', 'eGain did not begin to answer in time'],
    ['deadline', 'eGain did not answer in time'],
  ] as const)('in time is told as what was missing: %s', (of, reason) => {
    expect(judgeFailure(sent({ kind: 'timeout', of, waitedMs: 7 }), eGain)).toMatchObject({
      code: '504-901',
      reason,
    });
  });

  test('at all is told by the code of the network', () => {
    const result: AttemptResult = {
      kind: 'network-error',
      during: 'body',
      errorCode: 'ECONNRESET',
      reusedSocket: false,
    };

    expect(judgeFailure(sent(result), tokenEndpoint)).toMatchObject({
      code: '502-905',
      reason: 'the token endpoint cannot be reached: body ECONNRESET',
    });
  });
});

describe('a status', () => {
  test.each([
    [400, '502-903'],
    [401, '502-901'],
    [403, '502-902'],
    [404, '502-903'],
    [429, '503-901'],
    [499, '502-903'],
    [500, '502-905'],
    [503, '502-905'],
  ])('%i is %s, whoever answers it', (status, code) => {
    for (const by of [eGain, tokenEndpoint]) {
      expect(judgeFailure(sent(answer(status)), by)).toMatchObject({
        code,
        reason: `${by.server} answered ${status}`,
      });
    }
  });

  test('of eGain’s API that refuses is kept, for who knows what it means there', () => {
    const fault = judgeFailure(sent(answer(404)), eGain);

    expect(fault).toBeInstanceOf(RefusedRequest);
    expect(fault).toMatchObject({ name: 'RefusedRequest', upstreamStatus: 404 });
    expect(judgeFailure(sent(answer(404)), tokenEndpoint)).not.toBeInstanceOf(RefusedRequest);
  });

  test('whatever it is, is throttling where the wait does not fit', () => {
    const failed = sent(answer(503, { 'retry-after': '40' }), true);

    expect(judgeFailure(failed, eGain)).toMatchObject({ code: '503-901', retryAfterSeconds: 40 });
  });
});

describe('an error of OAuth', () => {
  test.each([
    ['invalid_client', '502-901'],
    ['invalid_scope', '502-902'],
    ['invalid_resource', '502-902'],
    ['invalid_target', '502-902'],
    ['unauthorized_client', '502-902'],
    ['access_denied', '502-902'],
    ['invalid_request', '502-903'],
    ['invalid_grant', '502-903'],
    ['unsupported_grant_type', '502-903'],
    ['temporarily_unavailable', '502-905'],
    ['server_error', '502-905'],
    ['slow_down', '503-901'],
  ])('says more than the status: %s is %s', (oauthError, code) => {
    const failure = { ...tokenEndpoint, oauthError };

    expect(judgeFailure(sent(answer(418)), failure)).toMatchObject({
      code,
      reason: `the token endpoint answered 418 ${oauthError}`,
      retryAfterSeconds: code === '503-901' ? 10 : undefined,
    });
  });

  test('that nobody knows says nothing, and is not repeated', () => {
    const failure = { ...tokenEndpoint, oauthError: 'a secret' };

    expect(judgeFailure(sent(answer(401)), failure)).toMatchObject({
      code: '502-901',
      reason: 'the token endpoint answered 401',
    });
  });
});

describe('eGain’s words', () => {
  test.each([
    [400, '502-903'],
    [429, '503-901'],
  ])('go with a refusal: the code to all, the message in full (%i)', (status, code) => {
    const envelope = envelopeOf(`${status}-101`, 'about it');
    const fault = judgeFailure(sent(answer(status)), { ...eGain, envelope });

    const told = { key: 'egain.code', value: `${status}-101` };
    expect(fault.code).toBe(code);
    expect(fault.told(false).details).toEqual([told]);
    expect(fault.told(true).details).toEqual([
      told,
      { key: 'egain.developerMessage', value: 'about it' },
    ]);
  });

  test('are the code alone where eGain has no message', () => {
    const envelope = envelopeOf('400-101');
    const fault = judgeFailure(sent(answer(400)), { ...eGain, envelope });

    expect(fault.told(true).details).toEqual([{ key: 'egain.code', value: '400-101' }]);
  });

  test.each([500, 599])('are a failure of its own: %i', (status) => {
    const envelope = envelopeOf(`${status}-101`, 'about it');
    const fault = judgeFailure(sent(answer(status)), { ...eGain, envelope });

    expect(fault).toBeInstanceOf(UpstreamFault);
    expect(fault).toMatchObject({ status, code: `${status}-101` });
  });
});
