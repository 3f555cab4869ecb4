import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Account } from '../../../lambda/egain/account.ts';
import { sharedKeys } from '../../../lambda/platform/table.ts';
import { readParts, writeParts, writeSnapshot } from '../../../lambda/snapshot/content.ts';
import { makeAccount, makeAccounts } from '../../support/egain-world.ts';
import { createMemoryTable } from '../../support/memory-table.ts';

const keys = sharedKeys({ apiUrl: '', tokenUrl: '', scope: '', secretArn: '' });

/** Accounts whose descriptions are noise, which compresses to three quarters of its text. */
const noise = (length: number): Account[] =>
  Array.from({ length }, (_, index) =>
    makeAccount(index, { description: randomBytes(3000).toString('base64') }),
  );

describe('the parts of a content', () => {
  test.each<[string, Account[], number]>([
    ['no account', [], 1],
    ['100,000 accounts', makeAccounts(100_000), 2],
    ['noise of 8 MB', noise(2000), 17],
    ['text of every kind', [makeAccount(1, { name: 'ä😀\u0000\uD800"\\\u2028' })], 1],
  ])('of %s give it back', async (_, accounts, atLeast) => {
    const table = createMemoryTable();
    const written = writeSnapshot(accounts);

    const count = await writeParts(written, 0, table, keys);

    expect(count).toBeGreaterThanOrEqual(atLeast);
    const { hash } = written;
    const read = await readParts(hash, count, table, keys);
    expect(read?.accounts.length).toBe(accounts.length);
    // Compared by the hash of its text, since that of 100,000 accounts takes long otherwise.
    expect(writeSnapshot(read?.accounts ?? []).hash).toBe(hash);
  });

  test('are not believed when one is missing, broken, another’s or cut off', async () => {
    const table = createMemoryTable();
    const [written, other] = [writeSnapshot(noise(300)), writeSnapshot(noise(300))];
    const count = await writeParts(written, 0, table, keys);
    await writeParts(other, 0, table, keys);
    const { hash } = written;
    const key = keys.part(hash, 1);
    const part = table.bytes.get(key) ?? new Uint8Array();

    for (const bytes of [
      undefined,
      part.map((byte, at) => (at === 1000 ? byte ^ 1 : byte)),
      table.bytes.get(keys.part(other.hash, 1)),
      part.subarray(0, 1000),
    ]) {
      table.bytes.delete(key);
      if (bytes !== undefined) table.bytes.set(key, bytes);
      expect(await readParts(hash, count, table, keys)).toBeNull();
    }
    table.bytes.set(key, part);
    expect((await readParts(hash, count, table, keys))?.hash).toBe(hash);
  });
});

const hashOf = (...accounts: Account[]) => writeSnapshot(accounts).hash;

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
