import { envelopeReply, makeAccounts } from '../../../support/egain-world.ts';
import { type FaultRow, failed, page, three, unfetched } from '../../../support/fault-row.ts';

/** eGain's API where it fails. */
export const failureRows: readonly FaultRow[] = [
  {
    name: '500 once',
    accounts: [{ status: 500 }],
    gives: 'whole',
    calls: [2, 1, 1],
    logs: failed({ upstream: 'accounts', attempt: 1, status: 500, retryAfterMs: 50 }),
  },
  {
    name: '500 for ever, with an envelope',
    accounts: three(envelopeReply(500, '500-100')),
    gives: [500, '500-100'],
    calls: [3, 1, 1],
    logs: unfetched('500-100'),
  },
  {
    name: '502 for ever, without an envelope',
    accounts: three({ status: 502, body: '<html>' }),
    gives: [502, '502-905'],
    calls: [3, 1, 1],
    logs: unfetched('502-905', 'answered 502'),
  },
  ...[520, 522, 524, 526, 529, 530, 598, 599, 600].map(
    (status): FaultRow => ({
      name: `${status} once`,
      accounts: [{ status }],
      gives: 'whole',
      calls: [2, 1, 1],
      logs: failed({ upstream: 'accounts', attempt: 1, status, retryAfterMs: 50 }),
    }),
  ),
  ...[501, 505].map(
    (status): FaultRow => ({
      name: `${status}, which the server will always say`,
      accounts: [{ status }],
      gives: [502, '502-905'],
      calls: [1, 1, 1],
      logs: unfetched('502-905', `answered ${status}`),
    }),
  ),
  {
    name: 'a status above 599 for ever, with an envelope',
    accounts: three(envelopeReply(600, '600-100')),
    gives: [502, '502-905'],
    calls: [3, 1, 1],
    logs: unfetched('502-905', 'answered 600'),
  },
  {
    name: 'dropped connections, the first of which was kept from the token',
    accounts: [{ drop: 'at-once' }, ...three({ drop: 'at-once' })],
    gives: [502, '502-905'],
    calls: [4, 1, 1],
    logs: failed({ attempt: 3, networkError: 'connection' }),
  },
  {
    name: 'truncated bodies',
    accounts: three({ ...page(makeAccounts(9)), drop: 'in-body' }),
    gives: [502, '502-905'],
    calls: [3, 1, 1],
    logs: failed({ attempt: 3, networkError: 'body' }),
  },
  {
    name: 'no answer',
    setUp: ({ clock }, upstream) => {
      upstream.accounts.script = [{ hang: true, before: () => clock.advance(25_000) }];
    },
    gives: [504, '504-901'],
    calls: [1, 1, 1],
    logs: unfetched('504-901', 'eGain did not answer'),
  },
  {
    name: 'a caller without time',
    remainingMs: 1000,
    gives: [504, '504-901'],
    calls: [0, 0, 0],
    logs: unfetched('504-901'),
  },
];
