import { describe, expect, test } from 'vitest';
import { readSnapshot, writeSnapshot } from '../../../lambda/snapshot/content.ts';
import { makeAccount } from '../../support/egain-world.ts';

const one = makeAccount(1);
const two = makeAccount(2);
const { snapshot, text } = writeSnapshot([two, one]);

describe('the content hash', () => {
  test('does not depend on the order', () => {
    expect(writeSnapshot([one, two]).snapshot.hash).toBe(snapshot.hash);
    expect(snapshot.hash).toMatch(/^[\w-]{43}$/);
  });

  test.each([
    ['a changed account', [one, { ...two, name: 'other' }]],
    ['one less', [one]],
    ['one more', [one, two, two]],
  ])('changes with %s', (_, accounts) => {
    expect(writeSnapshot(accounts).snapshot.hash).not.toBe(snapshot.hash);
  });
});

describe('the text', () => {
  test('gives the snapshot back, whoever wrote it', () => {
    expect(readSnapshot(text, snapshot.hash)).toEqual(snapshot);
    expect(writeSnapshot([one, two]).text).toBe(text);
  });

  test('of another content is none of it', () => {
    expect(readSnapshot(text.replace('account_1', 'account_9'), snapshot.hash)).toBeUndefined();
  });
});
