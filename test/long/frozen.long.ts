import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Container, startContainer } from '../../sandbox/aws/container.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { apiEvent } from '../support/api-events.ts';

const CONTAINERS = 12;
const FRESH_SECONDS = 5;
const SECONDS = 40;
/** 240 accounts, 25 on a page. */
const PAGES = 10;

let sandbox: Sandbox;
const containers: Container[] = [];

beforeAll(async () => {
  const cache = { freshSeconds: FRESH_SECONDS, staleSeconds: 600 };
  sandbox = await startSandbox({ configure: (config) => ({ ...config, cache }) });
});
afterAll(async () => {
  await Promise.all(containers.map((container) => container.kill()));
  await sandbox.stop();
});

/** Starts a container, and freezes it after init: in the middle of its first read, or after that. */
async function startFrozen(isReading: boolean): Promise<Container> {
  const container = startContainer(sandbox.functionNamed('ApiFunction').spec);
  containers.push(container);
  await container.ready;
  if (!isReading) await delay(500);
  container.freeze();
  return container;
}

// Where the machine is too busy for the table to answer a frozen process in time, once more.
it('containers that are frozen between their invocations make one walk a period, and ask for one token', {
  retry: 1,
}, async () => {
  await sandbox.tables.clear();
  const before = { ...sandbox.egain?.calls };
  const frozen: Container[] = [];
  for (let number = 0; number < CONTAINERS; number += 1) {
    frozen.push(await startFrozen(number % 2 === 0));
  }
  await delay(2500);

  const began = Date.now();
  const failed: unknown[] = [];
  /** What a container answers comes before what it is asked next. */
  const busy = new Map<Container, Promise<void>>();
  const ask = async (container: Container, earlier: Promise<void> | undefined) => {
    await earlier;
    container.thaw();
    const result = await container.invoke(apiEvent());
    container.freeze();
    const isWell = result.ok && (result.payload as { statusCode: number }).statusCode === 200;
    if (!isWell) failed.push(result);
  };
  for (let number = 0; Date.now() < began + SECONDS * 1000; number += 1) {
    // Each in turn at first, and then any.
    const index = number < CONTAINERS ? number : Math.floor(Math.random() * CONTAINERS);
    const container = frozen[index];
    if (container !== undefined) busy.set(container, ask(container, busy.get(container)));
    await delay(200);
  }
  await Promise.all(busy.values());

  const { token = 0, accounts = 0 } = sandbox.egain?.calls ?? {};
  const walks = (accounts - (before.accounts ?? 0)) / PAGES;
  expect(failed).toEqual([]);
  expect(token - (before.token ?? 0)).toBe(1);
  expect(walks).toBeLessThanOrEqual(Math.ceil((Date.now() - began) / 1000 / FRESH_SECONDS) + 1);
  expect(walks).toBeGreaterThan(1);
});
