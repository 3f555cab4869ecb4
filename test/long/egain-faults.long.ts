import { beforeAll, describe, expect, it } from 'vitest';
import { EGAIN_FAULTS } from '../../sandbox/egain/egain-faults.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { createPartner, type Send } from '../e2e/partner.ts';
import { ACCOUNTS, sharedSandbox } from '../support/shared-sandbox.ts';

/** What a partner sees while a fault is on; time.long.ts has those that only a time-out ends. */
const FAULTS_BY_CODE = {
  '500-100': 'server-error echoes-token',
  '500-902': 'secret-missing secret-denied secret-malformed',
  '502-901': 'unauthorized token-invalid-client',
  '502-902': 'forbidden token-invalid-scope token-unauthorized-client',
  '502-903':
    'bad-request not-json empty-body wrong-shape redirect too-large gzip-bomb token-not-json',
  '502-904': 'pages-repeat pages-endless pages-short',
  '502-905': 'unavailable connection-reset truncated-body token-unavailable token-reset',
  '503-901': 'throttled throttled-reset throttled-bare token-throttled',
  '503-903': 'secret-throttled',
};
const EXPECTED = Object.entries(FAULTS_BY_CODE).flatMap(([code, faults]) =>
  faults.split(' ').map((fault) => ({ fault, code })),
);
/** Seconds of `Retry-After`, where there is one. */
const WAITS = new Map([
  ['throttled', 60],
  ['throttled-reset', 60],
  ['throttled-bare', 10],
  ['token-throttled', 60],
  ['secret-throttled', 5],
]);
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
  it.each(EXPECTED)('with $fault, a partner gets $code', async ({ fault, code }) => {
    await switchOn({ fault });

    const { error, headers } = await send('/accounts');

    expect(error.code).toBe(code);
    expect(headers.get('cache-control')).toBe('no-store');
    const wait = WAITS.get(fault);
    if (wait === undefined) return;
    // A date-time is turned into seconds a moment after eGain wrote it.
    const spent = wait - Number(headers.get('retry-after'));
    expect(spent).toBeGreaterThanOrEqual(0);
    expect(spent).toBeLessThanOrEqual(fault === 'throttled-reset' ? 10 : 0);
  });

  it.each(NO_FAULT_OF_THE_LIST)('with %s, a partner still gets the whole list', async (fault) => {
    await switchOn({ fault });

    const { list } = await send('/accounts?pagesize=500');

    expect(list.paginationInfo.count).toBe(ACCOUNTS.length);
    expect(list.account).toHaveLength(ACCOUNTS.length);
  });

  it('a partner is answered again once the fault is gone', async () => {
    await switchOn({});

    expect((await send('/accounts')).status).toBe(200);
  });

  it('every fault that can be switched on is known here', () => {
    const known = [
      ...EXPECTED.map(({ fault }) => fault),
      ...ENDED_BY_TIME,
      ...NO_FAULT_OF_THE_LIST,
    ];

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
