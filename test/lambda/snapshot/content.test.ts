import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Account } from '../../../lambda/egain/account.ts';
import { guardTable, sharedKeys } from '../../../lambda/platform/table.ts';
import { readParts, writeParts, writeSnapshot } from '../../../lambda/snapshot/content.ts';
import { makeAccount, makeAccounts } from '../../support/egain-world.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { createMemoryTable } from '../../support/memory-table.ts';

const keys = sharedKeys({ apiUrl: '', tokenUrl: '', scope: '', secretArn: '' });

/** Accounts whose descriptions are noise, which compresses to three quarters of its text. */
const noise = (length: number): Account[] =>
  Array.from({ length }, (_, index) =>
    makeAccount(index, { description: randomBytes(3000).toString('base64') }),
  );

function open() {
  const bare = createMemoryTable();
  return { bare, table: guardTable(bare, createManualClock()) };
}

describe('the parts of a content', () => {
  test.each<[string, Account[], number]>([
    ['no account', [], 1],
    ['one account', makeAccounts(1), 1],
    ['1,000 accounts', makeAccounts(1000), 1],
    ['100,000 accounts', makeAccounts(100_000), 2],
    ['noise of 8 MB', noise(2000), 17],
    ['text of every kind', [makeAccount(1, { name: 'ä😀\u0000\uD800"\\\u2028' })], 1],
  ])('of %s give it back', async (_, accounts, atLeast) => {
    const { table } = open();
    const written = writeSnapshot(accounts);

    const count = await writeParts(written, 0, table, keys);

    expect(count).toBeGreaterThanOrEqual(atLeast);
    const { hash } = written.snapshot;
    const read = await readParts(hash, count, table, keys);
    expect(read?.accounts.length).toBe(accounts.length);
    // Compared by the hash of its text, since that of 100,000 accounts takes long otherwise.
    expect(writeSnapshot(read?.accounts ?? []).snapshot.hash).toBe(hash);
  });

  test.each(['missing', 'broken', 'another’s', 'cut off'])(
    'are not believed when one is %s',
    async (what) => {
      const { bare, table } = open();
      const written = writeSnapshot(noise(300));
      const count = await writeParts(written, 0, table, keys);
      const other = writeSnapshot(noise(300));
      await writeParts(other, 0, table, keys);
      const { hash } = written.snapshot;
      const key = keys.part(hash, 1);
      const part = bare.bytes.get(key) ?? new Uint8Array();
      const replaced = {
        missing: undefined,
        broken: part.map((byte, at) => (at === 1000 ? byte ^ 1 : byte)),
        'another’s': bare.bytes.get(keys.part(other.snapshot.hash, 1)),
        'cut off': part.subarray(0, 1000),
      }[what];
      if (replaced === undefined) bare.bytes.delete(key);
      else bare.bytes.set(key, replaced);

      expect(count).toBeGreaterThan(1);
      expect(await readParts(hash, count, table, keys)).toBeUndefined();
    },
  );
});

const hashOf = (...accounts: Account[]) => writeSnapshot(accounts).snapshot.hash;

describe('the content hash', () => {
  const [one, two] = [makeAccount(1), makeAccount(2)];

  test('does not depend on the order', () => {
    expect(hashOf(one, two)).toBe(hashOf(two, one));
    expect(hashOf(one, two)).toMatch(/^[\w-]{43}$/);
  });

  test.each([
    ['a changed account', [one, { ...two, name: 'other' }]],
    ['one less', [one]],
    ['one more', [one, two, two]],
  ])('changes with %s', (_, accounts) => {
    expect(hashOf(...accounts)).not.toBe(hashOf(one, two));
  });
});
