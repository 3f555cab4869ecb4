import { beforeEach, describe, expect, test } from 'vitest';
import {
  createTokenShelf,
  createTokenStore,
  type SharedToken,
  type TokenStore,
} from '../../../../lambda/egain/token.ts';
import type { Table } from '../../../../lambda/platform/table.ts';
import { guardTable } from '../../../../lambda/platform/table.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';
import { createMemoryTable, type MemoryTable } from '../../../support/memory-table.ts';
import { recordTelemetry } from '../../../support/recorded-telemetry.ts';

const KEY = 'token';
const START = Date.UTC(2026, 0, 1);

let clock: ManualClock;
let memory: MemoryTable;
let table: Table;
let reads: number;

beforeEach(() => {
  clock = createManualClock(START);
  memory = createMemoryTable();
  reads = 0;
  table = {
    ...memory,
    async read(...all) {
      reads += 1;
      return memory.read(...all);
    },
  };
});

const tokenOf = (value: string, more: Partial<SharedToken> = {}): SharedToken => ({
  value,
  secretVersion: 'v1',
  renewAt: START + 10_000,
  endsAt: START + 20_000,
  ...more,
});

function container(seen = table): TokenStore {
  return createTokenStore(
    clock,
    createTokenShelf(guardTable(seen, clock, recordTelemetry()), KEY, clock),
  );
}

describe('a token', () => {
  test('is had by all containers, and from memory by who has read it', async () => {
    const [one, other] = [container(), container()];
    const token = tokenOf('a');
    await one.write(token);

    expect(await other.read('v1')).toEqual(token);
    expect(await other.read('v1')).toEqual(token);
    expect(await one.read('v1')).toEqual(token);
    expect(reads).toBe(1);
  });

  test('of another version of the secret is none', async () => {
    const [one, other] = [container(), container()];
    await one.write(tokenOf('a'));

    expect(await one.read('v2')).toBeUndefined();
    expect(await other.read('v2')).toBeUndefined();
  });

  test('that is to be renewed is asked for on the shelf, and serves where there is no better one', async () => {
    const [one, other] = [container(), container()];
    const [token, better] = [tokenOf('a'), tokenOf('b', { renewAt: START + 30_000 })];
    await one.write(token);
    clock.advance(9999);
    expect(await one.read('v1')).toEqual(token);
    expect(reads).toBe(0);

    clock.advance(1);
    expect(await one.read('v1')).toEqual(token);
    expect(reads).toBe(1);
    await other.read('v1');
    await other.write(better);

    expect(await one.read('v1')).toEqual(better);
  });

  test('on the shelf that is to be renewed is not taken from there', async () => {
    await container().write(tokenOf('a'));
    clock.advance(10_000);

    expect(await container().read('v1')).toBeUndefined();
  });

  test('that was dropped does not come back from the shelf, and another does', async () => {
    const [one, other] = [container(), container()];
    await one.write(tokenOf('a'));

    one.drop('a');
    expect(await one.read('v1')).toBeUndefined();
    await other.read('v1');
    await other.write(tokenOf('b'));

    expect(await one.read('v1')).toMatchObject({ value: 'b' });
  });

  test('stays where another one is dropped', async () => {
    const one = createTokenStore(clock);
    await one.write(tokenOf('b'));

    one.drop('a');

    expect(await one.read('v1')).toMatchObject({ value: 'b' });
  });

  test('is kept by a container without a shelf', async () => {
    const one = createTokenStore(clock);

    expect(await one.read('v1')).toBeUndefined();
    await one.write(tokenOf('a'));
    expect(await one.read('v1')).toMatchObject({ value: 'a' });
    one.drop('a');
    expect(await one.read('v1')).toBeUndefined();
  });
});

describe('the shelf', () => {
  test('takes a token in the place of the one that was read, and drops it when it ends', async () => {
    const one = container();
    await one.write(tokenOf('a'));
    expect(memory.items.get(KEY)).toEqual({
      version: START,
      body: JSON.stringify(tokenOf('a')),
      expiresAt: START + 20_000,
    });

    await one.write(tokenOf('b'));
    clock.advance(5000);
    await one.write(tokenOf('c'));

    expect(memory.items.get(KEY)).toMatchObject({ version: START + 5000 });
    expect(await container().read('v1')).toMatchObject({ value: 'c' });
  });

  test('takes a token in the place of one that a clock ahead has left there', async () => {
    memory.items.set(KEY, { version: START + 7, body: '{}', expiresAt: 0 });
    const one = container();
    await one.read('v1');

    await one.write(tokenOf('a'));

    expect(memory.items.get(KEY)).toMatchObject({ version: START + 8 });
  });

  test('keeps what another has left there since', async () => {
    const [one, other] = [container(), container()];
    await one.read('v1');
    await other.read('v1');
    await other.write(tokenOf('theirs'));

    await one.write(tokenOf('own'));

    expect(await container().read('v1')).toMatchObject({ value: 'theirs' });
    expect(await one.read('v1')).toMatchObject({ value: 'own' });
  });

  test.each([
    ['no JSON', 'a'],
    ['no token', '{}'],
    ['a token that cannot stand in a header', JSON.stringify(tokenOf('a b'))],
    ['a token with a line break', JSON.stringify(tokenOf('a\n'))],
    ['no text', JSON.stringify({ ...tokenOf('a'), value: 7 })],
    ['no time', JSON.stringify({ ...tokenOf('a'), endsAt: 'soon' })],
  ])('is empty where it holds %s, and can be written anew', async (_, body) => {
    memory.items.set(KEY, { version: 3, body, expiresAt: 0 });
    const one = container();

    expect(await one.read('v1')).toBeUndefined();
    await one.write(tokenOf('b'));

    expect(await container().read('v1')).toMatchObject({ value: 'b' });
  });

  test.each(['read', 'replace'] as const)('may be away: %s fails', async (verb) => {
    const one = container({
      ...table,
      [verb]: async () => {
        throw new Error('away');
      },
    });

    expect(await one.read('v1')).toBeUndefined();
    await one.write(tokenOf('a'));

    expect(await one.read('v1')).toMatchObject({ value: 'a' });
  });
});
