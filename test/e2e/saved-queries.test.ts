import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { LOG_QUERIES } from '../../lib/observability/log-queries.ts';
import { exampleAccounts } from '../../sandbox/egain/example-accounts.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { apiEvent } from '../support/api-events.ts';

/** What the functions and the gateway wrote while all went wrong that a query asks about. */
let lines: Record<string, unknown>[];
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ egain: { accounts: exampleAccounts(30) }, maxContainers: 1 });
  const { origin } = new URL(sandbox.accountsUrl);
  const ask = async (path: string, token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    await (await fetch(`${origin}/v1${path}`, { headers })).arrayBuffer();
  };
  const token = await sandbox.token('acme');
  await ask('/accounts', token);
  await ask('/accounts?pagesize=0', token);
  await ask('/accounts', 'not.a.token');
  await ask('/accounts', await sandbox.issuer.sign({ client_id: 'stranger', scope: 'x' }));
  const api = sandbox.functionNamed('ApiFunction');
  const broken = { scopes: 'accounts/read', accounts: 'no rule' };
  await api.invoke(apiEvent({ authorizer: broken }));
  for (const mode of [{ status: 503 }, { fault: 'token-reset' }]) {
    sandbox.egain?.setMode(mode);
    await sandbox.forget();
    await ask('/accounts', token);
    await sandbox.forget();
    await sandbox.functionNamed('TaskFunction').invoke({});
  }
  const unseen = await sandbox.issuer.sign({ client_id: 'acme-client', scope: 'accounts/read' });
  await sandbox.issuer.close();
  await sandbox.functionNamed('AuthorizerFunction').recycle();
  await ask('/accounts', unseen);
  await vi.waitFor(() => {
    if (!jsonLines().some(({ message }) => message === 'cannot decide')) throw new Error('not yet');
  });
  lines = jsonLines();
});
afterAll(() => sandbox.stop());

function jsonLines(): Record<string, unknown>[] {
  return sandbox.logs.flatMap(({ text }) =>
    text.startsWith('{') ? [JSON.parse(text) as Record<string, unknown>] : [],
  );
}

it('the saved log queries look for messages that are written', () => {
  const messages = LOG_QUERIES.flatMap(({ query }) =>
    query
      .filter((line) => line.includes('filter message'))
      .flatMap((line) => [...line.matchAll(/"([^"]+)"/g)].map(([, message = '']) => message)),
  );
  const written = new Set(lines.map(({ message }) => message));

  expect(messages).not.toEqual([]);
  expect(messages.filter((message) => !written.has(message))).toEqual([]);
});

it('the saved log queries ask for fields that are written', () => {
  const fields = new Set(LOG_QUERIES.flatMap(({ query }) => query.flatMap(fieldsIn)));
  const written = new Set(lines.flatMap((line) => Object.keys(line)));

  expect(fields.size).toBeGreaterThan(10);
  expect([...fields].filter((field) => !written.has(field))).toEqual([]);
});

/** The fields in `fields a, b`, `by a, b` and `ispresent(a)`, without CloudWatch's own. */
function fieldsIn(line: string): string[] {
  const [, list = ''] = /(?:^fields | by )(.+)$/.exec(line) ?? [];
  const [, present = ''] = /ispresent\((\w+)\)/.exec(line) ?? [];
  const compared = [...line.matchAll(/(\w+) (?:=|in|like|>=) /g)].map(([, field = '']) => field);
  return [...list.split(', '), present, ...compared].filter((name) => /^[a-z]\w*$/i.test(name));
}
