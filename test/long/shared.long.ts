import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/sandbox.ts';
import { createPartner, type Send } from '../e2e/partner.ts';

let sandbox: Sandbox;
const LONG = { freshSeconds: 600, staleSeconds: 600 };

afterEach(() => sandbox.stop());

async function start(
  cache: { readonly refreshSeconds?: number } = {},
  options: SandboxOptions = {},
): Promise<Send> {
  const configure: SandboxOptions['configure'] = (config) => ({
    ...config,
    cache: { ...LONG, ...cache },
  });
  sandbox = await startSandbox({ egain: { accounts: 60 }, configure, ...options });
  return createPartner(sandbox, await sandbox.token('acme'));
}

const POST = (body: object) =>
  fetch(`${sandbox.url}/_sandbox/egain`, { method: 'POST', body: JSON.stringify(body) });

it('a fault that ends is forgotten by every container', async () => {
  const send = await start({}, { maxContainers: 2, spread: true });
  // eGain says how long it wants to be left alone, so the second container need not hurry.
  await POST({ fault: 'throttled' });
  const failed = [await send('/accounts'), await send('/accounts')];
  await POST({});
  const again = [await send('/accounts'), await send('/accounts')];

  expect(failed.map(({ error }) => error.code)).toEqual(['503-901', '503-902']);
  expect(again.map(({ status }) => status)).toEqual([200, 200]);
});

it('containers share one walk, once the lock of one that was killed while it walked has ended', async () => {
  const send = await start({}, { maxContainers: 3, spread: true });
  sandbox.egain?.setMode({ fault: 'hang' });
  const asking = send('/accounts');
  while ((sandbox.egain?.calls.accounts ?? 0) === 0) await delay(20);
  await sandbox.functionNamed('ApiFunction').stop();
  sandbox.egain?.setMode({});
  const killed = await asking;
  const answers = [await send('/accounts'), await send('/accounts'), await send('/accounts')];

  const versions = answers.map(({ headers }) => headers.get('accounts-version'));
  expect(killed.status).toBe(500);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set(versions).size).toBe(1);
  // A container for which the table is too slow, on a busy machine, makes a walk of its own.
  const alone = sandbox.logs.filter(({ text }) => text.includes('shared table cannot be used'));
  expect(sandbox.egain?.calls.accounts).toBeLessThanOrEqual(1 + 3 * (1 + alone.length));
});

it('a schedule walks before anybody asks, and nobody who asks does', async () => {
  const send = await start({ refreshSeconds: 60 });
  while ((sandbox.egain?.calls.accounts ?? 0) < 3) await delay(20);
  const { status } = await send('/accounts');

  expect(status).toBe(200);
  expect(sandbox.egain?.calls).toEqual({ token: 1, accounts: 3 });
});
