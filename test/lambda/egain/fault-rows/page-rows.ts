import { gzipSync } from 'node:zlib';
import { CANARY, makeAccounts } from '../../../support/egain-world.ts';
import {
  type FaultRow,
  page,
  switching,
  twoLengths,
  unfetched,
} from '../../../support/fault-row.ts';
import type { Reply } from '../../../support/scripted-upstream.ts';

const plain = { name: 'a', address: 'b', channel: {} };

const UNUSABLE: [what: string, account: unknown, paginationInfo: unknown, reason: string][] = [
  ['no pagination', [], null, 'paginationInfo.count is missing'],
  ['no count', [], {}, 'paginationInfo.count is missing'],
  ['a negative count', [], { count: -1 }, 'paginationInfo.count is missing'],
  ['half a count', [], { count: 1.5 }, 'paginationInfo.count is missing'],
  ['a count in words', [], { count: 'one' }, 'paginationInfo.count is missing'],
  ['an object for the list', {}, { count: 0 }, 'account is missing or no list'],
  ['a text for an account', ['a'], { count: 1 }, 'account[0] is no object'],
  ['null for an account', [plain, null], { count: 2 }, 'account[1] is no object'],
  ['a list for an account', [[plain]], { count: 1 }, 'account[0] is no object'],
];

const JSON_TYPE = { 'content-type': 'application/json' };
const gzipped = (body: string | Buffer): Reply => ({
  body: gzipSync(body),
  headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
});
const unpacking = (accounts: string) =>
  gzipped(`{"paginationInfo":{"count":1},"account":${accounts}}`);
const nested = `${'['.repeat(90_000)}${']'.repeat(90_000)}`;

const FIRST: [what: string, reply: Reply, reason: string][] = [
  ['another protocol', switching, 'not HTTP: UPGRADE'],
  ['two lengths', twoLengths, 'not HTTP: HPE_UNEXPECTED_CONTENT_LENGTH'],
  ['no JSON', { body: CANARY.token, headers: JSON_TYPE }, 'not a JSON object'],
  ['no UTF-8', { body: Buffer.from([0x22, 0xff, 0x22]), headers: JSON_TYPE }, 'not UTF-8'],
  ['no accounts', { body: { paginationInfo: { count: 1 } } }, 'account is missing'],
  ['null for the promised accounts', page(null, { count: 1 }), 'account is missing'],
  ...UNUSABLE.map(([what, account, paginationInfo, reason]): [string, Reply, string] => [
    what,
    page(account, paginationInfo),
    reason,
  ]),
  ['20 MB and a byte', { body: Buffer.alloc(20_000_001, ' '), headers: JSON_TYPE }, '20 MB'],
  ['200 MB, unpacked', gzipped(Buffer.alloc(200_000_000, ' ')), 'larger than 20 MB'],
  ['millions of zeros', unpacking(`[${'0,'.repeat(9_900_000)}0]`), 'more than 10,000'],
  ['millions of objects', unpacking(`[${'{},'.repeat(6_600_000)}{}]`), 'too many lists'],
  ['millions of lists, each in another', unpacking('['.repeat(19_000_000)), 'too many lists'],
  [
    'an account with a list within lists',
    unpacking(`[{"x":${nested},"y":"${'y'.repeat(99_000)}"}]`),
    'larger than 256 KB',
  ],
  [
    'an account above 256 KB, most of it in a field that is unknown',
    page([{ ...makeAccounts(1)[0], note: `\\"]}${'é'.repeat(131_100)}` }]),
    'larger than 256 KB',
  ],
  [
    'a broken encoding',
    { body: 'plain', headers: { ...JSON_TYPE, 'content-encoding': 'br' } },
    'cannot be decoded',
  ],
];

/** eGain's API where it answers with pages that cannot be used. */
export const pageRows: readonly FaultRow[] = [
  ...FIRST.map(
    ([what, reply, reason]): FaultRow => ({
      name: `a page with ${what}`,
      accounts: [reply],
      gives: [502, '502-903'],
      calls: [1, 1, 1],
      logs: unfetched('502-903', reason),
      details: [],
    }),
  ),
  {
    name: 'a server that knows no pages',
    setUp: (_world, upstream) => {
      upstream.accounts.otherwise = () => page(makeAccounts(2), { count: 4, pagesize: 2 });
    },
    gives: [502, '502-904'],
    calls: [4, 1, 1],
    logs: unfetched('502-904', 'repeated'),
  },
];
