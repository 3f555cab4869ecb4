import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { makeAccount, startUpstream } from '../support/egain-world.ts';
import { expectFault } from '../support/expect-fault.ts';
import { type FaultRow, page, unfetched } from '../support/fault-row.ts';

const upstream = await startUpstream();

/** eGain's API where it answers with more than a container can hold. */
const ROWS: readonly FaultRow[] = [
  {
    name: 'more than 100,000 accounts in a walk',
    setUp: (_world, server) => {
      server.accounts.otherwise = ({ url }) => {
        const first = Number(url.searchParams.get('$pagenum') ?? 1) * 10_000;
        const account = Array.from({ length: 10_000 }, (_, index) => makeAccount(first + index));
        return page(account, { count: 110_000, pagesize: 10_000 });
      };
    },
    gives: [502, '502-903'],
    calls: [expect.any(Number) as number, 1, 1],
    logs: unfetched('502-903', 'larger than 100000 accounts'),
  },
  {
    name: 'a hundred pages of 15 MB',
    setUp: (_world, server) => {
      const dropped = 'x'.repeat(200_000);
      const bodies = (pagenum: number) =>
        JSON.stringify({
          paginationInfo: { count: 7500, pagesize: 75 },
          account: Array.from({ length: 75 }, (_, index) => ({
            ...makeAccount(pagenum * 75 + index),
            dropped,
          })),
        });
      server.accounts.otherwise = ({ url }) => ({
        body: gzipSync(bodies(Number(url.searchParams.get('$pagenum') ?? 1)), { level: 1 }),
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      });
    },
    gives: [502, '502-903'],
    calls: [expect.any(Number) as number, 1, 1],
    logs: unfetched('502-903', 'larger than 100000 accounts or 150 MB'),
  },
];

test.each(ROWS)('$name', async (row) => {
  await expect(expectFault(row, upstream)).resolves.toBeUndefined();
});
