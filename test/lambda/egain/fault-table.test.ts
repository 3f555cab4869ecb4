import { expect, test } from 'vitest';
import { startUpstream } from '../../support/egain-world.ts';
import { expectFault } from '../../support/expect-fault.ts';
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
