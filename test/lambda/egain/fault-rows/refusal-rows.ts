import { expect } from 'vitest';
import { envelopeReply, secretReply } from '../../../support/egain-world.ts';
import {
  type FaultRow,
  failed,
  refusals,
  STARTS_AT,
  three,
  unfetched,
} from '../../../support/fault-row.ts';
import type { Reply } from '../../../support/scripted-upstream.ts';

const LEFT = { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '60' };

/** What is not tried again, and of which eGain gives no usable envelope. */
const REFUSED: [what: string, reply: Reply, code: string][] = [
  [
    '403 whose body cannot be read',
    { status: 403, headers: { 'content-encoding': 'br' }, body: 'plain' },
    '502-902',
  ],
  ['404', { status: 404, body: 'nothing here' }, '502-903'],
  ['406 in an envelope with a number of our own', envelopeReply(406, '406-900'), '502-903'],
  ['a redirect', { status: 302, headers: { location: '/api/elsewhere' } }, '502-903'],
  ['403 of a firewall', { status: 403, body: '<html>', headers: LEFT }, '502-902'],
  ['success without content', { status: 204 }, '502-903'],
];

const later = (seconds: number) => new Date(STARTS_AT + seconds * 1000);
const throttling = (name: string, value: string, status = 429): Reply => ({
  status,
  headers: { [name]: value },
});

/** How servers say with a 403 that there were too many requests. */
const QUOTAS: [what: string, headers: Readonly<Record<string, string>>, seconds: number][] = [
  ['Retry-After', { 'retry-after': '60' }, 60],
  ['a Retry-After that cannot be read', { 'retry-after': 'soon' }, 10],
  ['no call left', { 'x-ratelimit-remaining': '0' }, 10],
  ['no call left, and a reset', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '61' }, 61],
];

const TOO_LONG: [what: string, reply: Reply, seconds: number][] = [
  ['seconds', throttling('retry-after', '60'), 60],
  ['seconds, on a 503', throttling('retry-after', '100', 503), 100],
  ['a year', throttling('retry-after', '31536000'), 3600],
  ['a reset', throttling('x-ratelimit-reset', later(61.5).toISOString()), 62],
];

/** eGain's API where it answers, and says no. */
export const refusalRows: readonly FaultRow[] = [
  ...[1, 2, 3].map(
    (times): FaultRow => ({
      name: `401 ${times} times for a token that was just granted`,
      accounts: refusals(1).slice(0, times),
      gives: 'whole',
      calls: [times + 1, 1, 1],
      logs: failed({ attempt: 1, status: 401 }),
    }),
  ),
  {
    name: '401 for one token, however old',
    accounts: refusals(1),
    gives: 'whole',
    calls: [5, 2, 1],
    logs: { message: 'eGain refuses a token', fields: expect.objectContaining({ replaced: 0 }) },
  },
  {
    name: '401 for a token, and for its successor once',
    accounts: refusals(2).slice(0, 5),
    gives: 'whole',
    calls: [6, 2, 1],
    logs: { message: 'eGain refuses a token', fields: expect.objectContaining({ replaced: 0 }) },
  },
  {
    name: '401 for ever, and the secret is the same',
    accounts: refusals(2),
    gives: [502, '502-901'],
    calls: [8, 2, 2],
    logs: { message: 'eGain refuses a token', fields: { replaced: 1, secretVersion: 'version-1' } },
    details: [{ key: 'egain.code', value: '401-101' }],
  },
  {
    name: '401 for two tokens, and the secret was rotated',
    accounts: refusals(2),
    secrets: [secretReply(), secretReply(undefined, 'version-2')],
    gives: 'whole',
    calls: [9, 3, 2],
    logs: { message: 'eGain refuses a token', fields: expect.objectContaining({ replaced: 1 }) },
  },
  {
    name: '401 for the rotated secret as well',
    accounts: refusals(3),
    secrets: [secretReply(), secretReply(undefined, 'version-2')],
    gives: [502, '502-901'],
    calls: [12, 3, 2],
    logs: { message: 'eGain refuses a token', fields: { replaced: 2, secretVersion: 'version-2' } },
  },
  {
    name: '403',
    accounts: [envelopeReply(403, '403-197')],
    gives: [502, '502-902'],
    calls: [1, 1, 1],
    logs: unfetched('502-902', 'answered 403'),
    details: [{ key: 'egain.code', value: '403-197' }],
  },
  {
    name: '400',
    accounts: [envelopeReply(400, '400-101')],
    gives: [502, '502-903'],
    calls: [1, 1, 1],
    logs: unfetched('502-903', 'answered 400'),
    details: [
      { key: 'egain.code', value: '400-101' },
      { key: 'egain.developerMessage', value: 'about 400-101' },
    ],
  },
  {
    name: '429 for ever',
    accounts: three(envelopeReply(429, '429-001')),
    gives: [503, '503-901'],
    calls: [3, 1, 1],
    logs: failed({ attempt: 1, status: 429, retryAfterMs: 50 }),
    retryAfterSeconds: 10,
    details: [
      { key: 'egain.code', value: '429-001' },
      { key: 'egain.developerMessage', value: 'about 429-001' },
    ],
  },
  {
    name: '500 with a wait that does not fit',
    accounts: [{ ...envelopeReply(500, '500-100'), headers: { 'retry-after': '100' } }],
    gives: [503, '503-901'],
    calls: [1, 1, 1],
    logs: unfetched('503-901'),
    retryAfterSeconds: 100,
    details: [
      { key: 'egain.code', value: '500-100' },
      { key: 'egain.developerMessage', value: 'about 500-100' },
    ],
  },
  ...REFUSED.map(
    ([what, reply, code]): FaultRow => ({
      name: what,
      accounts: [reply],
      gives: [502, code],
      calls: [1, 1, 1],
      logs: unfetched(code, `answered ${reply.status}`),
      details: [],
    }),
  ),
  ...QUOTAS.flatMap(([what, headers, retryAfterSeconds]): FaultRow[] => {
    const row = {
      gives: [503, '503-901'],
      logs: unfetched('503-901', 'answered 403'),
      retryAfterSeconds,
    } as const;
    const reply = { status: 403, headers, body: '<html>' };
    return [
      { name: `a 403 with ${what}`, ...row, accounts: [reply], calls: [1, 1, 1] },
      {
        name: `a 403 of the token endpoint with ${what}`,
        ...row,
        token: [reply],
        calls: [0, 1, 1],
      },
    ];
  }),
  ...TOO_LONG.map(
    ([what, reply, retryAfterSeconds]): FaultRow => ({
      name: `a wait that does not fit: ${what}`,
      accounts: [reply],
      gives: [503, '503-901'],
      calls: [1, 1, 1],
      logs: unfetched('503-901'),
      retryAfterSeconds,
    }),
  ),
];
