import { inspect } from 'node:util';
import { expect } from 'vitest';
import { Fault } from '../../lambda/faults.ts';
import { total } from '../../lambda/platform/metrics.ts';
import { CANARY, createWorld, makeAccounts } from './egain-world.ts';
import type { FaultRow } from './fault-row.ts';
import type { ScriptedUpstream } from './scripted-upstream.ts';

/** Lets the servers do what the row says, and checks the answer, the calls, the log and the metrics. */
export async function expectFault(row: FaultRow, upstream: ScriptedUpstream): Promise<void> {
  const world = createWorld(upstream);
  upstream.accounts.script = [...(row.accounts ?? [])];
  upstream.token.script = [...(row.token ?? [])];
  upstream.secrets.script = [...(row.secrets ?? [])];
  row.setUp?.(world, upstream);

  const { remainingMs = 25_000 } = row;
  const result = await world.ask({ remainingMs }).catch((error: unknown) => error);

  const servers = [upstream.accounts, upstream.token, upstream.secrets];
  expect(servers.map(({ calls }) => calls.length)).toEqual(row.calls);
  expect(total('UpstreamCalls')).toEqual(row.calls[0]);
  expect(total('TokenRequests')).toBe(row.calls[1]);
  expect(world.lines).toContainEqual(expect.objectContaining(row.logs));
  expect(result instanceof Fault).toBe(row.gives !== 'whole');
  expect(result).toMatchObject(expectation(row));
  expect(toldOf(result, true)).toMatchObject(row.details ? { details: row.details } : {});
  expect(JSON.stringify(toldOf(result, false))).not.toMatch(/about |account\[/);
  const told = inspect([result, world.lines], { depth: 9, showHidden: true });
  for (const secret of Object.values(CANARY)) expect(told).not.toContain(secret);
}

function expectation({ gives, retryAfterSeconds }: FaultRow): object {
  if (gives === 'whole') return { state: 'miss', snapshot: { accounts: makeAccounts(3) } };
  const [status, code] = gives;
  return { status, code, retryAfterSeconds };
}

function toldOf(result: unknown, full: boolean): object {
  return result instanceof Fault ? result.told(full) : {};
}
