import { beforeAll, describe, expect, it } from 'vitest';
import { EGAIN_FAULTS } from '../../sandbox/egain/egain-faults.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { createPartner, type Send } from '../e2e/partner.ts';
import { ACCOUNTS, sharedSandbox } from '../support/shared-sandbox.ts';

/** What a partner sees while a fault is on; time.long.ts has those that only a time-out ends. */
const EXPECTED: Readonly<Record<string, { code: string; retryAfter?: number }>> = {
  unauthorized: { code: '502-901' },
  forbidden: { code: '502-902' },
  'bad-request': { code: '502-903' },
  throttled: { code: '503-901', retryAfter: 60 },
  'throttled-reset': { code: '503-901', retryAfter: 60 },
  'throttled-bare': { code: '503-901', retryAfter: 10 },
  'server-error': { code: '500-100' },
  unavailable: { code: '502-905' },
  'echoes-token': { code: '500-100' },
  'connection-reset': { code: '502-905' },
  'truncated-body': { code: '502-905' },
  'not-json': { code: '502-903' },
  'empty-body': { code: '502-903' },
  'wrong-shape': { code: '502-903' },
  redirect: { code: '502-903' },
  'too-large': { code: '502-903' },
  'gzip-bomb': { code: '502-903' },
  'pages-repeat': { code: '502-904' },
  'pages-endless': { code: '502-904' },
  'pages-short': { code: '502-904' },
  'token-invalid-client': { code: '502-901' },
  'token-invalid-scope': { code: '502-902' },
  'token-unauthorized-client': { code: '502-902' },
  'token-not-json': { code: '502-903' },
  'token-throttled': { code: '503-901', retryAfter: 60 },
  'token-unavailable': { code: '502-905' },
  'token-reset': { code: '502-905' },
  'secret-missing': { code: '500-902' },
  'secret-denied': { code: '500-902' },
  'secret-malformed': { code: '500-902' },
  'secret-throttled': { code: '503-903', retryAfter: 5 },
};
const NO_FAULT_OF_THE_LIST = ['count-as-pages', 'account-without-name'];
const ENDED_BY_TIME = ['hang', 'stalled-body', 'token-hang'];

const bodies: string[] = [];
let sandbox: Sandbox;
let send: Send;

beforeAll(async () => {
  sandbox = await sharedSandbox();
  send = createPartner(sandbox, await sandbox.token('acme'), bodies);
});

describe('while eGain or its token endpoint fails', () => {
  it.each(Object.entries(EXPECTED))(
    'with %s, a partner gets the envelope',
    async (fault, expected) => {
      await switchOn({ fault });

      const { error, headers } = await send('/accounts');

      expect(error.code).toBe(expected.code);
      expect(headers.get('cache-control')).toBe('no-store');
      if (expected.retryAfter === undefined) return;
      // A date-time is turned into seconds a moment after eGain wrote it.
      const spent = expected.retryAfter - Number(headers.get('retry-after'));
      expect(spent).toBeGreaterThanOrEqual(0);
      expect(spent).toBeLessThanOrEqual(fault === 'throttled-reset' ? 10 : 0);
    },
  );

  it.each(NO_FAULT_OF_THE_LIST)('with %s, a partner still gets the whole list', async (fault) => {
    await switchOn({ fault });

    const { list } = await send('/accounts?pagesize=500');

    expect(list.paginationInfo.count).toBe(ACCOUNTS.length);
    expect(list.account).toHaveLength(ACCOUNTS.length);
  });

  it.each([
    [404, '502-903'],
    [429, '503-901'],
    [503, '503-100'],
  ])('with status %i of eGain, a partner gets %s', async (status, code) => {
    await switchOn({ status });

    expect((await send('/accounts')).error.code).toBe(code);
  });

  it('a partner is answered again once the fault is gone', async () => {
    await switchOn({});

    expect((await send('/accounts')).status).toBe(200);
  });

  it('every fault that can be switched on is known here', () => {
    const known = [...Object.keys(EXPECTED), ...ENDED_BY_TIME, ...NO_FAULT_OF_THE_LIST];

    expect(Object.keys(EGAIN_FAULTS).toSorted()).toEqual(known.toSorted());
  });
});

describe('an answer or a log line', () => {
  it.each([
    ["eGain's tokens", () => /egain-token-/],
    ["eGain's client secret", () => literal(sandbox.egain?.credentials.clientSecret)],
    ["a partner's client secret", () => literal(sandbox.partners['acme']?.clientSecret)],
    ['tokens of partners', () => /eyJ[\w-]+\.[\w-]+\.[\w-]+/],
    ['telephone numbers', () => /\+1555\d{7}/],
    ['e-mail addresses', () => /desk\d+@example\.com/],
  ])('never holds %s', (_what, pattern) => {
    const lines = [...sandbox.logs.map(({ text }) => text), ...bodies];

    expect(lines.length).toBeGreaterThan(100);
    expect(lines.filter((line) => pattern().test(line))).toEqual([]);
  });
});

async function switchOn(mode: object): Promise<void> {
  await sandbox.forget();
  const answer = await fetch(`${sandbox.url}/_sandbox/egain`, {
    method: 'POST',
    body: JSON.stringify(mode),
  });
  expect(answer.status).toBe(200);
}

function literal(text: string | undefined): RegExp {
  return new RegExp(RegExp.escape(text ?? 'missing'));
}
