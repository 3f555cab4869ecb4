import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Account } from '../../../lambda/egain/account.ts';
import type { ServiceConfig } from '../../../lambda/platform/config.ts';
import type { BusEvent } from '../../../lambda/platform/events.ts';
import { sharedKeys } from '../../../lambda/platform/table.ts';
import { createAnnouncer } from '../../../lambda/snapshot/announcement.ts';
import { writeParts, writeSnapshot } from '../../../lambda/snapshot/content.ts';
import { makeAccounts } from '../../support/egain-world.ts';
import { createMemoryTable } from '../../support/memory-table.ts';
import { captureLog } from '../../support/telemetry.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const CONFIG = {
  secretArn: 'secret',
  apiUrl: 'https://api.example.com',
  tokenUrl: 'https://login.example.com/token',
  scope: 'scope',
  sharedTableName: 'shared',
} as ServiceConfig;
const keys = sharedKeys(CONFIG);
const STAGE = 'prod';

/** What a receiver may rely on, and all that may be on the bus. */
const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['version', 'stage', 'contentHash', 'previousContentHash', 'count', 'fetchedAt'],
  properties: {
    version: { const: '1' },
    stage: { const: STAGE },
    contentHash: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' },
    previousContentHash: { type: ['string', 'null'], pattern: '^[A-Za-z0-9_-]{1,64}$' },
    count: { type: 'integer', minimum: 0 },
    fetchedAt: { type: 'string', format: 'date-time' },
  },
};
const ajv = new Ajv({ allowUnionTypes: true });
addFormats.default(ajv);
const isDetail = ajv.compile(SCHEMA);

let table: ReturnType<typeof createMemoryTable>;
let clock: ReturnType<typeof createVirtualClock>;
let lines: ReturnType<typeof captureLog>;
const put = vi.fn<(event: BusEvent) => Promise<void>>();

beforeEach(() => {
  table = createMemoryTable();
  clock = createVirtualClock();
  lines = captureLog();
  put.mockReset().mockResolvedValue();
});
afterEach(() => vi.restoreAllMocks());

/** Makes these accounts the content that the containers share. */
async function share(accounts: readonly Account[], more: object = {}): Promise<string> {
  const written = writeSnapshot(accounts);
  const { hash } = written;
  const parts = await writeParts(written, clock.now() + 1e9, table, keys);
  const content = { hash, parts, writtenAt: clock.now(), fetchedAt: clock.now() };
  const body = JSON.stringify({ content, ...more });
  table.items.set(keys.state, { version: clock.now(), body, expiresAt: clock.now() + 1e9 });
  return hash;
}
/** A run of the schedule, in a container of its own. */
const run = () => createAnnouncer(CONFIG, STAGE, { table, clock, put })();
const details = () => put.mock.calls.map(([{ detail }]) => detail as Record<string, unknown>);
const hashes = () => details().map(({ contentHash }) => contentHash);

test('a change is announced once, with what the change before it was', async () => {
  const first = await share(makeAccounts(3));
  await run();
  await run();
  const second = await share(makeAccounts(4));
  await run();
  await run();

  expect(put.mock.calls.map(([{ source, detailType }]) => [source, detailType])).toEqual([
    ['egain-accounts.prod', 'Accounts Changed'],
    ['egain-accounts.prod', 'Accounts Changed'],
  ]);
  const fetchedAt = new Date(clock.now()).toISOString();
  const common = { version: '1', stage: STAGE, fetchedAt };
  expect(details()).toEqual([
    { ...common, contentHash: first, previousContentHash: null, count: 3 },
    { ...common, contentHash: second, previousContentHash: first, count: 4 },
  ]);
  expect(lines).toEqual([]);
});

test('what is announced names no account, whatever the accounts are', async () => {
  await share(makeAccounts(3));
  await run();
  await share([]);
  await run();

  for (const detail of details()) {
    expect([isDetail(detail), isDetail.errors]).toEqual([true, null]);
    expect(JSON.stringify(detail)).not.toMatch(/id-|account_|\+49|channel/);
  }
  expect(isDetail({ ...details()[0], id: 'id-1' })).toBe(false);
  expect(details()).toHaveLength(2);
});

describe('an event is repeated, and none is lost, when', () => {
  test('the bus does not take it', async () => {
    const hash = await share(makeAccounts(3));
    put.mockRejectedValueOnce(Object.assign(new Error('secret'), { name: 'InternalFailure' }));
    await run();
    await run();
    await run();

    expect(hashes()).toEqual([hash, hash]);
    expect(lines).toMatchObject([{ level: 'error', fields: { failure: 'InternalFailure' } }]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  test('the function dies, or the table is away, before it has noted it', async () => {
    const hash = await share(makeAccounts(3));
    const replace = vi.spyOn(table, 'replace').mockRejectedValue(new Error('away'));
    await run();
    replace.mockRestore();
    await run();
    await run();

    expect(hashes()).toEqual([hash, hash]);
  });

  test('a later one was announced meanwhile', async () => {
    const earlier = await share(makeAccounts(3));
    let later = '';
    put.mockImplementationOnce(async () => {
      later = await share(makeAccounts(4));
      await run();
    });
    await run();
    await run();

    expect(hashes()).toEqual([earlier, later]);
  });

  test('what was noted cannot be read', async () => {
    const hash = await share(makeAccounts(3));
    table.items.set(keys.announced, { version: 7, body: '{"x', expiresAt: 0 });
    await run();
    await run();

    expect(details()).toMatchObject([{ contentHash: hash, previousContentHash: null }]);
  });
});

test('what was announced is known for years, though nothing changes', async () => {
  await share(makeAccounts(3));
  await run();

  const { expiresAt = 0 } = table.items.get(keys.announced) ?? {};
  expect(expiresAt - clock.now()).toBeGreaterThan(5 * 365 * 86_400_000);
});

const wellAgain = async () => {
  const hash = await share(makeAccounts(3));
  await run();
  expect(hashes()).toEqual([hash]);
};

describe('nothing is announced, until it is well again, where', () => {
  test('there is no content', async () => {
    await run();
    expect(put).not.toHaveBeenCalled();
    await wellAgain();
  });

  test('eGain refuses the credentials, so that whoever looks is refused', async () => {
    const failure = { fault: 'egainCredentialsRefused', code: '502-901', count: 1, until: 0 };
    await share(makeAccounts(3), { failure: { ...failure, shutOut: true } });
    await run();
    expect(put).not.toHaveBeenCalled();
    await wellAgain();
  });

  test('the content cannot be read', async () => {
    await share(makeAccounts(3));
    table.bytes.clear();
    await run();
    expect(put).not.toHaveBeenCalled();
    await wellAgain();
  });

  test('the table is away', async () => {
    await share(makeAccounts(3));
    const read = vi.spyOn(table, 'read').mockRejectedValue(new Error('away'));
    await run();
    expect(put).not.toHaveBeenCalled();
    read.mockRestore();
    await wellAgain();
  });
});
