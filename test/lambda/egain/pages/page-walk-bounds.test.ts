import { describe, expect, test } from 'vitest';
import type { Account } from '../../../../lambda/egain/account.ts';
import type { FetchedPage } from '../../../../lambda/egain/client.ts';
import { RefusedRequest } from '../../../../lambda/egain/failure.ts';
import { walkPages } from '../../../../lambda/egain/walk.ts';
import { Fault } from '../../../../lambda/faults.ts';
import { createDeadline } from '../../../../lambda/platform/deadline.ts';
import { makeAccount, makeAccounts } from '../../../support/egain-world.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { recordTelemetry } from '../../../support/recorded-telemetry.ts';

const TOO_LARGE = {
  code: '502-903',
  reason: 'the walk is larger than 100000 accounts or 150 MB',
};

/** Walks pages that are at hand, the last of which is not full. */
async function walk(...pages: Pick<FetchedPage, 'account' | 'bytes'>[]) {
  const telemetry = recordTelemetry();
  const known: number[] = [];
  const count = new Set(pages.flatMap(({ account }) => account.map(({ id }) => id))).size;
  const pagesize = pages[0]?.account.length ?? 1;
  const accounts = await walkPages(
    async (_deadline, request) => {
      const page = pages[(request?.pagenum ?? 1) - 1] ?? { account: [], bytes: 2 };
      return { ...page, paginationInfo: { count, pagesize } };
    },
    createDeadline(25_000, { clock: createManualClock() }),
    telemetry,
    { onPages: (number) => known.push(number) },
  );
  return { accounts, telemetry, known };
}

const accountsFrom = (first: number, count: number): Account[] =>
  Array.from({ length: count }, (_, index) => makeAccount(first + index));

describe('a walk', () => {
  test('may bring 150 MB, and no more', async () => {
    const [one, two] = [
      { account: accountsFrom(0, 2), bytes: 75_000_000 },
      { account: accountsFrom(2, 1), bytes: 75_000_000 },
    ];

    expect((await walk(one, two)).accounts).toHaveLength(3);
    await expect(walk(one, { ...two, bytes: 75_000_001 })).rejects.toMatchObject(TOO_LARGE);
    await expect(walk({ ...one, bytes: 150_000_001 })).rejects.toMatchObject(TOO_LARGE);
  });

  test('may bring 100,000 accounts, and no more', async () => {
    const all = makeAccounts(100_001);
    const pagesOf = (count: number) => [
      { account: all.slice(0, 60_000), bytes: 9 },
      { account: all.slice(60_000, count), bytes: 9 },
    ];

    expect((await walk(...pagesOf(100_000))).accounts).toHaveLength(100_000);
    await expect(walk(...pagesOf(100_001))).rejects.toMatchObject(TOO_LARGE);
  });

  test('tells how many pages there are with the first, and with each after it', async () => {
    const { known } = await walk(
      { account: accountsFrom(0, 2), bytes: 9 },
      { account: accountsFrom(2, 2), bytes: 9 },
      { account: accountsFrom(4, 1), bytes: 9 },
    );

    expect(known).toEqual([3, 3, 3]);
  });

  test('counts the dates that cannot be read, and says nothing where all can', async () => {
    const dates = [
      { created: 'soon', modified: '2026-01-01' },
      { created: '2026-01-01T00:00:00Z', modified: null },
      {},
    ];
    const account = dates.map((date, index) => makeAccount(index, date));

    const { telemetry } = await walk({ account, bytes: 9 });

    expect(telemetry.counted.get('UnreadableDates')).toBe(2);
    const { telemetry: other } = await walk({ account: accountsFrom(0, 1), bytes: 9 });
    expect([...other.counted, ...other.lines]).toEqual([]);
  });
});

/** Walks a list of one full page, after which this is thrown. */
const walkInto = async (error: unknown) =>
  walkPages(
    async (_deadline, request) => {
      if (request !== undefined) throw error;
      return { account: accountsFrom(0, 2), bytes: 9, paginationInfo: { count: 2, pagesize: 2 } };
    },
    createDeadline(25_000, { clock: createManualClock() }),
    recordTelemetry(),
  );

describe('the page after a full last one', () => {
  test.each([400, 404])('may be refused with %i, and there is no more', async (status) => {
    const refused = new RefusedRequest('egainContractBroken', status, {});

    await expect(walkInto(refused)).resolves.toHaveLength(2);
  });

  test.each([
    new RefusedRequest('egainScopeInsufficient', 403, {}),
    new RefusedRequest('egainCredentialsRefused', 401, {}),
    new RefusedRequest('egainContractBroken', 410, {}),
    new Fault('egainUnavailable'),
    new Error('unforeseen'),
  ])('fails the walk by any other failure: %s', async (error) => {
    await expect(walkInto(error)).rejects.toBe(error);
  });
});

test('accounts that come again are counted, and told once', async () => {
  const { telemetry } = await walk(
    { account: accountsFrom(0, 2), bytes: 9 },
    { account: accountsFrom(1, 2), bytes: 9 },
    { account: accountsFrom(3, 1), bytes: 9 },
  );

  expect(telemetry.counted.get('DuplicateAccounts')).toBe(1);
  expect(telemetry.lines).toEqual([
    {
      level: 'warn',
      message: 'Accounts came more than once in one walk',
      fields: { duplicates: 1 },
    },
  ]);
});
