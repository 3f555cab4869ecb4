import { request } from 'node:http';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { sharedSandbox } from '../support/shared-sandbox.ts';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await sharedSandbox();
});
afterAll(() => post('{}'));

const post = (body: string) => fetch(`${sandbox.url}/_sandbox/egain`, { method: 'POST', body });

describe('GET /_sandbox', () => {
  it('gives the URLs, and partners whose credentials get a token with their scopes', async () => {
    const facts = (await (await fetch(`${sandbox.url}/_sandbox`)).json()) as Sandbox;

    expect(facts).toMatchObject({
      accountsUrl: `${sandbox.url}/v1/accounts`,
      openapiUrl: `${sandbox.url}/v1/openapi.json`,
      docsUrl: `${sandbox.url}/docs`,
      egain: { apiUrl: sandbox.egain?.apiUrl, clientId: sandbox.egain?.credentials.clientId },
    });
    expect(Object.keys(facts.partners).length).toBeGreaterThanOrEqual(3);
    for (const { clientId, clientSecret, scope } of Object.values(facts.partners)) {
      const client = { client_id: clientId, client_secret: clientSecret };
      const body = new URLSearchParams({ grant_type: 'client_credentials', ...client });
      const answer = await fetch(facts.tokenUrl, { method: 'POST', body });

      expect(await answer.json()).toMatchObject({ token_type: 'Bearer', scope });
    }
  });
});

describe('/_sandbox/egain', () => {
  it('counts calls and names the faults, and takes a latency', async () => {
    const told = {
      faults: expect.arrayContaining(['unauthorized', 'hang']),
      calls: { token: expect.any(Number), accounts: expect.any(Number) },
    };

    expect(await (await fetch(`${sandbox.url}/_sandbox/egain`)).json()).toMatchObject(told);
    const changed = await post('{"latencyMs":200}');
    expect(await changed.json()).toMatchObject({ ...told, active: { latencyMs: 200 } });
  });

  it.each([
    ['not JSON', 'body'],
    ['{"status":42}', 'status'],
    ['{"latencyMs":-1}', 'latencyMs'],
    ['{"fault":"toString"}', 'fault'],
    ['{"colour":1}', 'colour'],
  ])('refuses %s, naming %s, and changes nothing', async (body, key) => {
    const before = sandbox.egain?.mode;
    const answer = await post(body);

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: '400-901', details: [{ key }] });
    expect(sandbox.egain?.mode).toBe(before);
  });

  it('ends a fault at once, though the product remembers failures for a while', async () => {
    const headers = { Authorization: `Bearer ${await sandbox.token('acme')}` };
    await sandbox.forget();
    await post('{"fault":"token-invalid-client"}');
    const failed = await fetch(sandbox.accountsUrl, { headers });
    await post('{}');
    const { status } = await fetch(sandbox.accountsUrl, { headers });

    expect([failed.status, status]).toEqual([502, 200]);
  });
});

const servers = () => ({
  gateway: sandbox.accountsUrl,
  control: `${sandbox.url}/_sandbox`,
  docs: sandbox.docsUrl,
  egain: `${sandbox.egain?.apiUrl ?? ''}/accounts`,
  issuer: sandbox.tokenUrl,
  secrets: sandbox.secrets.url,
  tables: sandbox.tables.url,
});

describe('a foreign web page', () => {
  it.each([
    ['by a name that leads to this machine', { Host: 'evil.example' }],
    ['by its own origin', { Origin: 'https://evil.example' }],
    ['without an origin', { 'Sec-Fetch-Site': 'cross-site' }],
  ])('gets nothing from any server %s', async (_what, headers) => {
    const statuses = await Promise.all(
      Object.entries(servers()).map(async ([name, url]) => [name, await statusOf(url, headers)]),
    );

    expect(statuses).toEqual(Object.keys(servers()).map((name) => [name, 403]));
  });
});

describe('/docs', () => {
  it('redirects to the name that its issuer has', async () => {
    const answer = await fetch(sandbox.docsUrl.replace('127.0.0.1', 'localhost'), {
      redirect: 'manual',
    });

    expect([answer.status, answer.headers.get('location')]).toEqual([307, sandbox.docsUrl]);
  });

  it('loads every part of the page from this machine', async () => {
    const page = await (await fetch(sandbox.docsUrl)).text();
    const parts = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    const answers = await Promise.all(parts.map((path) => fetch(sandbox.url + path)));

    expect(parts.length).toBeGreaterThan(2);
    expect(parts.filter((path) => !path.startsWith('/docs/'))).toEqual([]);
    expect(answers.map(({ status }) => status)).toEqual(parts.map(() => 200));
  });

  it('sends the authorize dialog to an issuer that accepts browsers', async () => {
    const preflight = await fetch(sandbox.tokenUrl, {
      method: 'OPTIONS',
      headers: {
        Origin: sandbox.url,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization,content-type,x-requested-with',
      },
    });

    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/x-requested-with/i);
  });
});

const read = () =>
  new SecretsManagerClient({
    endpoint: sandbox.secrets.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
  }).send(new GetSecretValueCommand({ SecretId: 'any' }));

describe('the Secrets Manager endpoint', () => {
  it("gives eGain's credentials to the SDK, or an error that the SDK knows", async () => {
    await post('{}');
    const { SecretString = '' } = await read();
    await post('{"fault":"secret-throttled"}');

    expect(JSON.parse(SecretString)).toEqual(sandbox.egain?.credentials);
    await expect(read()).rejects.toMatchObject({ name: 'ThrottlingException' });
  });
});

/** `fetch` does not let a caller choose Host and Origin. */
function statusOf(url: string, headers: Readonly<Record<string, string>>) {
  return new Promise((resolve, reject) => {
    request(url, { headers })
      .on('response', (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
}
