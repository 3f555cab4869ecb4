import type { APIGatewayProxyResult, Context } from 'aws-lambda';
import { expect } from 'vitest';
import { createApiHandler } from '../../lambda/api.ts';
import { apiEvent } from './api-events.ts';
import { CANARY, createWorld, makeAccounts } from './egain-world.ts';
import type { FaultRow } from './fault-row.ts';
import { captureOutput } from './output.ts';
import type { ScriptedUpstream } from './scripted-upstream.ts';

const ALL_SCOPES = 'accounts/read accounts/read.address accounts/read.configuration';

/**
 * Lets the servers do what the row says, asks the API as a partner, and checks the answer, the
 * calls, the log and the metrics.
 */
export async function expectFault(row: FaultRow, upstream: ScriptedUpstream): Promise<void> {
  const { answer, calls, lines, record } = await ask(row, upstream, ALL_SCOPES);

  expect(calls).toEqual(row.calls);
  expect(record).toMatchObject({ status: answer.statusCode });
  expect([record['UpstreamCalls'] ?? 0, record['TokenRequests'] ?? 0]).toEqual(
    row.calls.slice(0, 2),
  );
  expect(lines).toContainEqual(expect.objectContaining(row.logs));
  expectAnswer(answer, row);
  const written = JSON.stringify([answer, lines, record]);
  for (const secret of Object.values(CANARY)) expect(written).not.toContain(secret);

  if ((row.details ?? []).length === 0) return;
  const narrow = await ask(row, upstream, 'accounts/read');
  expect(narrow.answer.statusCode).toBe(answer.statusCode);
  expect(narrow.answer.body).not.toMatch(/about |account\[/);
}

async function ask(row: FaultRow, upstream: ScriptedUpstream, scopes: string) {
  const output = captureOutput();
  const world = createWorld(upstream);
  upstream.accounts.script = [...(row.accounts ?? [])];
  upstream.token.script = [...(row.token ?? [])];
  upstream.secrets.script = [...(row.secrets ?? [])];
  row.setUp?.(world, upstream);
  const handler = createApiHandler({
    service: () => world.service,
    openApi: () => Promise.reject(new Error('nobody asks for it')),
    clock: world.clock,
  });

  const { remainingMs = 25_000 } = row;
  const context = { getRemainingTimeInMillis: () => remainingMs } as Context;
  const event = apiEvent({ authorizer: { partner: 'acme', scopes } });
  const answer = await handler(event, context);

  const servers = [upstream.accounts, upstream.token, upstream.secrets];
  const record = output.records().at(-1) ?? {};
  return { answer, calls: servers.map((at) => at.calls.length), lines: world.lines, record };
}

function expectAnswer({ statusCode, headers, body }: APIGatewayProxyResult, row: FaultRow): void {
  const told: unknown = JSON.parse(body);
  if (row.gives === 'whole') {
    expect([statusCode, told]).toMatchObject([200, { account: makeAccounts(3) }]);
    return;
  }
  const [status, code] = row.gives;
  const { retryAfterSeconds: seconds, details } = row;
  expect(told).toMatchObject({ code, ...(details && details.length > 0 && { details }) });
  expect([statusCode, headers?.['Retry-After']]).toEqual([status, seconds && String(seconds)]);
  if (details?.length === 0) expect(told).not.toHaveProperty('details');
}
