/**
 * One container of ApiFunction as a process of its own: `node memory-child.ts <eGain's URL> <folder>
 * <scenario> <role>`. It answers the partners of a scenario, whose accounts have changed whenever
 * they are no longer fresh, and reports how many MB it took at most. A `walker` walks eGain's pages;
 * after it, a `reader` finds in the shared table what the walker put there. The table is in the
 * folder, since DynamoDB is elsewhere too.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApiHandler } from '../../lambda/api.ts';
import { type Clock, systemClock } from '../../lambda/platform/deadline.ts';
import type { NewItem, Table } from '../../lambda/platform/table.ts';
import { createService } from '../../lambda/snapshot/container.ts';
import { apiEvent, lambdaContext } from './api-events.ts';
import { MEMORY_SCENARIOS, type MemoryScenario } from './memory-scenarios.ts';
import { createMemoryTable } from './memory-table.ts';

const [, , egain = '', folder = '', scenario = '', role = ''] = process.argv;
const { viewers }: MemoryScenario = MEMORY_SCENARIOS[scenario as keyof typeof MEMORY_SCENARIOS];
const ROUNDS = 2;
const FRESH_SECONDS = 600;

/** By how much the container's time is slower, so that a busy machine passes no deadline. */
const SLOWNESS = 20;
const began = Date.now();
let aheadMs = 0;
const clock: Clock = {
  now: () => began + aheadMs + (Date.now() - began) / SLOWNESS,
  after: (ms, callback) => systemClock.after(ms * SLOWNESS, callback),
};
const memory = createMemoryTable();
const pathOf = (key: string) => join(folder, key.replaceAll(/[^\w-]/g, '_'));
const table: Table = {
  ...memory,
  async readBytes(keys) {
    const there = keys.filter((key) => existsSync(pathOf(key)));
    return new Map(there.map((key) => [key, readFileSync(pathOf(key))] as const));
  },
  async writeBytes(key, bytes) {
    writeFileSync(pathOf(key), bytes);
  },
};

/** The walker leaves the shared state of a round to the reader. */
function share(round: number): void {
  const path = join(folder, `round-${round}.json`);
  if (role === 'walker') {
    writeFileSync(path, JSON.stringify({ now: clock.now(), items: [...memory.items] }));
    return;
  }
  const { now, items } = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly now: number;
    readonly items: [string, NewItem][];
  };
  aheadMs += now - clock.now();
  for (const [key, item] of items) memory.items.set(key, item);
}

const secret = { clientId: 'id', clientSecret: 'secret', version: '1' };
const service = createService(
  {
    secretArn: 'arn',
    apiUrl: egain,
    tokenUrl: `${egain}/token`,
    scope: 'scope',
    clientAuthentication: 'body',
    sharedTableName: 'shared',
    freshSeconds: FRESH_SECONDS,
    staleSeconds: 2 * FRESH_SECONDS,
    refreshSeconds: undefined,
    callsPerMinute: undefined,
    provisioned: false,
  },
  { clock, table, credentials: { get: async () => secret, reread: async () => secret } },
);
const handler = createApiHandler({
  service: () => service,
  openApi: () => Promise.reject(new Error('nobody asks for it')),
  clock,
});

async function ask(query: string, authorizer: Readonly<Record<string, unknown>>): Promise<void> {
  const context = { ...lambdaContext, getRemainingTimeInMillis: () => 600_000 };
  const { statusCode, body } = await handler(apiEvent({ query, authorizer }), context);
  if (statusCode !== 200) throw new Error(`${statusCode} ${body}`);
}

for (let round = 0; round < ROUNDS; round += 1) {
  if (role === 'reader') share(round);
  for (const viewer of viewers) {
    for (const query of ['', '&sort=-modified', '&name=9&createdAfter=2020-01-01T00:00:00Z']) {
      await ask(`pagesize=5${query}`, { partner: 'p', ...viewer });
    }
  }
  if (role === 'walker') share(round);
  aheadMs += FRESH_SECONDS * 1000;
}
process.send?.(Math.ceil(process.resourceUsage().maxRSS / 1024));
process.disconnect?.();
