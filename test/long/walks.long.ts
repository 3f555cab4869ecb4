import { expect, test } from 'vitest';
import { longWalkRows } from '../lambda/egain/fault-rows/long-walk-rows.ts';
import { createWorld, makeAccount, startUpstream } from '../support/egain-world.ts';
import { expectFault } from '../support/expect-fault.ts';
import { page } from '../support/fault-row.ts';

const upstream = await startUpstream();

test.each(longWalkRows)('$name', async (row) => {
  await expect(expectFault(row, upstream)).resolves.toBeUndefined();
});

test('a thousand pages are walked, and no more', async () => {
  const { ask } = createWorld(upstream);
  const pagesize = 1;
  const asked = new Set<number>();
  upstream.accounts.otherwise = ({ url }) => {
    const number = Number(url.searchParams.get('$pagenum') ?? 1);
    asked.add(number);
    return page([makeAccount(number)], { count: 1, pagesize });
  };

  await expect(ask()).rejects.toMatchObject({ code: '502-904' });
  expect(Math.max(...asked)).toBe(1001);
});
