import { beforeEach, describe, expect, test } from 'vitest';
import { total } from '../../../lambda/platform/metrics.ts';
import {
  AWAY_MS,
  type GuardedTable,
  guardTable,
  KEY_PREFIX,
  sharedKeys,
  type Table,
  TableAway,
} from '../../../lambda/platform/table.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';
import { createMemoryTable } from '../../support/memory-table.ts';
import { captureLog, type LoggedLine } from '../../support/telemetry.ts';

const ITEM = { version: 1, body: 'b', expiresAt: 7 };

let clock: ManualClock;
let lines: readonly LoggedLine[];
let signals: AbortSignal[];

beforeEach(() => {
  clock = createManualClock();
  lines = captureLog();
  signals = [];
});

function hang(signal: AbortSignal): Promise<never> {
  signals.push(signal);
  return new Promise(() => undefined);
}

/** A table that never answers. */
function hanging(): GuardedTable {
  return guardTable(
    {
      read: (_key, signal) => hang(signal),
      replace: (_key, _item, _seen, signal) => hang(signal),
      readBytes: (_keys, signal) => hang(signal),
      writeBytes: (_key, _bytes, _expiresAt, signal) => hang(signal),
    },
    clock,
  );
}

/** A table that fails for as long as it is told to. */
function failing(): { table: GuardedTable; failure: { error: unknown } } {
  const failure: { error: unknown } = { error: undefined };
  const memory = createMemoryTable();
  const table: Table = {
    ...memory,
    async read(key, signal) {
      if (failure.error !== undefined) throw failure.error;
      return memory.read(key, signal);
    },
  };
  return { table: guardTable(table, clock), failure };
}

const CALLS: Readonly<Record<string, (table: GuardedTable) => Promise<unknown>>> = {
  read: (table) => table.read('k'),
  replace: (table) => table.replace('k', ITEM, undefined),
  readBytes: (table) => table.readBytes(['k']),
  writeBytes: (table) => table.writeBytes('k', new Uint8Array(1), 7),
};

/** How long a call is waited for. */
async function waitOf(table: GuardedTable, call: string): Promise<number> {
  const work = CALLS[call]?.(table).catch((error: unknown) => error);
  let waited = 0;
  while (clock.waiting > 0) {
    clock.advance(1);
    waited += 1;
  }
  expect(await work).toBeInstanceOf(TableAway);
  return waited;
}

describe('a table that does not answer', () => {
  test.each([
    ['read', 250],
    ['replace', 250],
    ['readBytes', 1000],
    ['writeBytes', 1000],
  ])('is given a second for the first call, and then, for %s, %i ms', async (call, ms) => {
    const table = hanging();

    expect(await waitOf(table, call)).toBe(1000);
    clock.advance(AWAY_MS);
    expect(await waitOf(table, call)).toBe(ms);

    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(signals[0]?.reason).toBeInstanceOf(TableAway);
  });
});

describe('a table that fails', () => {
  test('is left alone for ten seconds', async () => {
    const { table, failure } = failing();
    failure.error = new TypeError('quotes a secret');
    await expect(table.read('k')).rejects.toBeInstanceOf(TableAway);
    failure.error = undefined;

    clock.advance(9999);
    for (const call of Object.values(CALLS)) {
      await expect(call(table)).rejects.toBeInstanceOf(TableAway);
    }
    clock.advance(1);

    await expect(table.read('k')).resolves.toBeUndefined();
    expect(total('SharedTableFailures')).toBe(1);
  });

  test.each([
    [new TypeError('quotes a secret'), 'TypeError'],
    ['quotes a secret', 'unknown'],
  ])('is told of by the name alone', async (error, name) => {
    const { table, failure } = failing();
    failure.error = error;

    await expect(table.read('k')).rejects.toMatchObject({ name: 'TableAway', message: name });

    expect(lines).toEqual([
      {
        level: 'warn',
        message: 'The shared table cannot be used',
        fields: { failure: name },
      },
    ]);
  });

  test('is tried all the same by who insists', async () => {
    const { table, failure } = failing();
    failure.error = new Error('away');
    await expect(table.read('k')).rejects.toBeInstanceOf(TableAway);

    await expect(table.replace('k', ITEM, undefined)).rejects.toBeInstanceOf(TableAway);
    await expect(table.replace('k', ITEM, undefined, true)).resolves.toBe(true);
  });
});

test('a call that is answered leaves no timer behind', async () => {
  const { table } = failing();

  for (const call of Object.values(CALLS)) await call(table);

  expect(clock.waiting).toBe(0);
  expect(lines).toEqual([]);
});

const ORIGIN = {
  apiUrl: 'https://api.example.com/v3',
  tokenUrl: 'https://login.example.com/token',
  scope: 'all',
  secretArn: 'arn:aws:secretsmanager:eu-west-1:1:secret:a',
};

const everyKey = (origin: typeof ORIGIN) => {
  const keys = sharedKeys(origin);
  const parts = [keys.part('hash', 0), keys.part('hash', 1), keys.part('other', 0)];
  return [keys.state, keys.token, keys.calls, ...parts];
};

describe('the keys of shared items', () => {
  test('are different for each item, and begin with what the functions may touch', () => {
    const keys = everyKey(ORIGIN);

    expect(KEY_PREFIX).toBe('v2#');
    expect(keys.every((key) => key.startsWith(KEY_PREFIX))).toBe(true);
    expect(new Set(keys).size).toBe(keys.length);
    expect(everyKey({ ...ORIGIN })).toEqual(keys);
  });

  test.each(['apiUrl', 'tokenUrl', 'scope', 'secretArn'] as const)(
    'are others with another %s',
    (name) => {
      const others = everyKey({ ...ORIGIN, [name]: 'another' });

      expect(others.filter((key) => everyKey(ORIGIN).includes(key))).toEqual([]);
    },
  );

  test('say nothing of where the accounts come from', () => {
    for (const key of everyKey(ORIGIN)) {
      expect(key).toMatch(/^v2#[\w-]{22}#(?:state|token|calls|part#\w+#\d)$/);
    }
  });
});
