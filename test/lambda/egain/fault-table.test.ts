import { expect, test } from 'vitest';
import { createWorld, makeAccounts, startUpstream } from '../../support/egain-world.ts';
import { expectFault } from '../../support/expect-fault.ts';
import { page } from '../../support/fault-row.ts';
import { failureRows } from './fault-rows/failure-rows.ts';
import { pageRows } from './fault-rows/page-rows.ts';
import { refusalRows } from './fault-rows/refusal-rows.ts';
import { secretRows } from './fault-rows/secret-rows.ts';
import { tokenRows } from './fault-rows/token-rows.ts';

const rows = [...secretRows, ...tokenRows, ...refusalRows, ...failureRows, ...pageRows];

const upstream = await startUpstream();

test.each(rows)('$name', async (row) => {
  await expect(expectFault(row, upstream)).resolves.toBeUndefined();
});

test.each([
  { 'content-type': 'text/json' },
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json, application/json' },
  { 'content-type': '' },
  { 'x-trace': 'x'.repeat(60_000) },
])('a good page is read whatever its head says: %j', async (headers) => {
  const { ask } = createWorld(upstream);
  const reply = page(makeAccounts(3), { count: 3, pagesize: 25 });
  upstream.accounts.script = [{ ...reply, headers }];

  await expect(ask()).resolves.toMatchObject({ snapshot: { accounts: makeAccounts(3) } });
});
