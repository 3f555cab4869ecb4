import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FIELD_PATHS, type FieldPath } from '../../../lambda/accounts/fields.ts';
import { questionOf } from '../../../lambda/accounts/query.ts';
import { FULL_VIEWER, select } from '../../../lambda/accounts/view.ts';
import type { Account } from '../../../lambda/egain/account.ts';
import { Fault } from '../../../lambda/faults.ts';
import type { TaskOutput } from '../../../lambda/workflow/page.ts';
import { encodeCursor } from '../../../lambda/workflow/page.ts';
import { accountArbitrary, snapshotOf } from '../../support/accounts.ts';
import { type TaskEvent, taskOver } from '../../support/task.ts';

const HASH = 'b'.repeat(43);
/** What a page takes beside its accounts, at most: numbers and a cursor. */
const ENVELOPE_BYTES = 300;

/** Long and short texts, in characters of one to four bytes, and some that JSON escapes. */
const textArbitrary = fc
  .tuple(fc.constantFrom('a', 'é', '東', '😀', '"', '\u0001', '\ud800'), fc.nat(120))
  .map(([char, length]) => char.repeat(length));
const accountsArbitrary: fc.Arbitrary<Account[]> = fc.array(
  fc
    .tuple(accountArbitrary, textArbitrary)
    .map(([account, description]) => Object.assign(account, { description })),
  { maxLength: 30 },
);
const eventArbitrary = fc.record(
  {
    sort: fc.constantFrom('name', '-modified'),
    fields: fc.subarray([...FIELD_PATHS], { minLength: 1 }),
    pagesize: fc.integer({ min: 1, max: 20 }),
    maxBytes: fc.oneof(
      fc.integer({ min: 1000, max: 3000 }),
      fc.integer({ min: 1000, max: 240_000 }),
    ),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<TaskEvent>;

describe('whatever the accounts, the fields and the limits', () => {
  test('the pages one after the other are the answer, and each fits', async () => {
    await fc.assert(
      fc.asyncProperty(accountsArbitrary, eventArbitrary, async (accounts, event) => {
        const snapshot = { ...snapshotOf(...accounts), hash: HASH };
        const selection = select(snapshot, FULL_VIEWER, event);
        const answer = selection.accounts.map(({ account }): unknown =>
          JSON.parse(selection.write(account)),
        );
        const { pagesize = 500, maxBytes = 200_000 } = event;

        const { pages, fault } = await walk(accounts, event);

        const got = pages.flatMap(({ account }) => account);
        expect(got).toEqual(answer.slice(0, got.length));
        for (const [index, page] of pages.entries()) {
          const { count, pagenum } = page.paginationInfo;
          expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(maxBytes);
          expect([count, pagenum, page.account.length <= pagesize]).toEqual([
            answer.length,
            index + 1,
            true,
          ]);
        }
        // It only gives up on an account for which there is no room, and names it.
        const refused = answer[got.length];
        expect(fault?.code).toBe(refused === undefined ? undefined : '413-901');
        expect(fault?.details[0]?.value).toBe(
          refused && (selection.accounts[got.length]?.account.id ?? ''),
        );
        const least = Buffer.byteLength(JSON.stringify(refused ?? null)) + ENVELOPE_BYTES;
        expect(refused === undefined || least > maxBytes).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('the fields that a refused account is to be asked for do fit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1200 }),
        fc.integer({ min: 0, max: 1200 }),
        fc.option(fc.subarray([...FIELD_PATHS], { minLength: 1 }), { nil: undefined }),
        async (name, description, fields) => {
          const [base] = fc.sample(accountArbitrary, { numRuns: 1, seed: 1 });
          const huge = {
            ...base,
            id: 'a7',
            name: 'n'.repeat(name),
            description: 'd'.repeat(description),
          };
          const event = { maxBytes: 1000, ...(fields === undefined ? {} : { fields }) };

          const { fault } = await walk([huge], event);
          if (fault === undefined) return;
          const advised = fault.details.find(({ key }) => key === 'fields')?.value.split(',');
          const again = await walk([huge], { ...event, fields: advised as FieldPath[] });

          expect(again.fault).toBeUndefined();
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('whatever position is sealed into a cursor', () => {
  const QUESTION = questionOf({});

  test('it is a part of the answer, or no cursor that was given', async () => {
    await fc.assert(
      fc.asyncProperty(
        accountsArbitrary,
        fc.nat(40),
        fc.nat(40),
        fc.constantFrom(HASH, 'c'.repeat(43), ''),
        async (accounts, offset, pagenum, snapshotHash) => {
          const cursor = encodeCursor({ snapshotHash, offset, pagenum }, QUESTION);
          const { run } = taskOver(() => ({ ...snapshotOf(...accounts), hash: HASH }));
          const whole = await run({ fields: ['id'] });

          const outcome = await run({ fields: ['id'], cursor }).catch((error: Error) => error.name);

          const given = offset >= 1 && pagenum >= 2 && offset >= pagenum - 1;
          const rest = {
            paginationInfo: { count: whole.account.length, pagenum, pagesize: 500 },
            account: whole.account.slice(offset),
            cursor: null,
          };
          const here = offset < accounts.length ? rest : 'InvalidRequest';
          const wherever = snapshotHash === HASH ? here : 'SnapshotExpired';
          expect(outcome).toEqual(given ? wherever : 'InvalidRequest');
        },
      ),
      { numRuns: 200 },
    );
  });
});

interface Envelope {
  readonly code: string;
  readonly details: readonly { readonly key: string; readonly value: string }[];
}

/** All pages, or those up to the fault. */
async function walk(
  accounts: readonly Account[],
  event: TaskEvent,
): Promise<{ pages: TaskOutput[]; fault?: Envelope }> {
  const { run } = taskOver(() => ({ ...snapshotOf(...accounts), hash: HASH }));
  const pages: TaskOutput[] = [];
  let cursor: string | null = null;
  do {
    try {
      const page: TaskOutput = await run({ ...event, cursor });
      pages.push(page);
      cursor = page.cursor;
    } catch (error) {
      if (!(error instanceof Error) || error instanceof Fault) throw error;
      return { pages, fault: JSON.parse(error.message) as Envelope };
    }
  } while (cursor !== null);
  return { pages };
}
