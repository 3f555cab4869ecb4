import { readFileSync } from 'node:fs';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openApiDocument, publicTokenUrl } from '../../../lambda/http/openapi.ts';
import { listen } from '../../../sandbox/local-server.ts';

const TEXT = readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8');
const resource = '/openapi.json';
const eventOf = (context: object | null) =>
  ({ resource, requestContext: context }) as unknown as APIGatewayProxyEvent;

const known = (tokenUrl: string | undefined) => async () => tokenUrl;

/** What the document says of the deployment, for who asks by this host and path. */
async function urlsOf(domainName: string, path: string, tokenUrl?: string) {
  const serve = openApiDocument(() => TEXT, known(tokenUrl));
  const { body } = await serve(eventOf({ domainName, path }));
  const document = JSON.parse(body) as {
    servers: { url: string }[];
    components: {
      securitySchemes: { partner: { flows: { clientCredentials: { tokenUrl: string } } } };
    };
  };
  return [
    document.servers.map(({ url }) => url),
    document.components.securitySchemes.partner.flows.clientCredentials.tokenUrl,
  ];
}

describe('the OpenAPI document of a deployment', () => {
  it.each([
    ['a1.execute-api.eu-west-1.amazonaws.com', '/v1/openapi.json', 'https', '/v1'],
    ['api.example.com', '/openapi.json', 'https', ''],
    ['api.example.com', '/crm/v1/openapi.json', 'https', '/crm/v1'],
    ['127.0.0.1:3000', '/v1/openapi.json', 'http', '/v1'],
    ['localhost', '/v1/openapi.json', 'http', '/v1'],
    ['[::1]:3000', '/v1/openapi.json', 'http', '/v1'],
    ['localhost.example.com', '/v1/openapi.json', 'https', '/v1'],
    ['api.localhost', '/v1/openapi.json', 'https', '/v1'],
  ])('names the server %s for %s', async (domainName, path, scheme, base) => {
    const [servers, tokenUrl] = await urlsOf(domainName, path, 'https://login.example.com/token');

    expect(servers).toEqual([`${scheme}://${domainName}${base}`]);
    expect(tokenUrl).toBe('https://login.example.com/token');
  });

  it.each([
    null,
    {},
    { domainName: 'api.example.com' },
    { path: '/v1/openapi.json' },
    { domainName: 'api.example.com', path: '/v1/elsewhere' },
  ])('is otherwise the one that is checked in, for an event that says %j', async (context) => {
    const { body } = await openApiDocument(() => TEXT, known(undefined))(eventOf(context));

    expect(JSON.parse(body)).toEqual(JSON.parse(TEXT));
  });

  it('names where partners ask, as the stage does', async () => {
    const url = 'https://help.example.com/accounts';
    const serve = openApiDocument(() => TEXT, known(undefined), url);

    const { body } = await serve(eventOf(null));

    expect(JSON.parse(body)).toMatchObject({ info: { contact: { url } } });
  });

  it('is made once for each server, and has a tag', async () => {
    let reads = 0;
    const document = openApiDocument(() => {
      reads += 1;
      return TEXT;
    }, known('https://login.example.com/token'));
    const ask = (domainName: string) => document(eventOf({ domainName, path: '/v1/openapi.json' }));

    const [a, again, b] = [
      await ask('a.example.com'),
      await ask('a.example.com'),
      await ask('b.example.com'),
    ];

    expect(again).toBe(a);
    expect(b.headers['ETag']).not.toBe(a.headers['ETag']);
    expect(reads).toBe(1);
  });

  it('is not kept until it is known where partners get tokens', async () => {
    const found = [undefined, 'https://login.example.com/token'];
    const document = openApiDocument(
      () => TEXT,
      async () => found.shift(),
    );
    const ask = () => document(eventOf({ domainName: 'a.example.com', path: resource }));

    expect((await ask()).body).not.toContain('https://login.example.com/token');
    expect((await ask()).body).toContain('https://login.example.com/token');
  });

  it('is kept for ten servers, however many names it is asked for by', async () => {
    const document = openApiDocument(() => TEXT, known('https://login.example.com/token'));
    const ask = (number: number) =>
      document(eventOf({ domainName: `n${number}.example.com`, path: resource }));

    const first: unknown[] = [];
    for (let number = 0; number < 11; number += 1) first.push(await ask(number));

    expect(await ask(9)).toBe(first[9]);
    expect(await ask(10)).not.toBe(first[10]);
  });
});

const TOKEN_URL = 'https://login.example.com/token';

let answers: readonly [status: number, body: string][] = [];
let asked = 0;
let accepted: string | undefined;
/** Called in place of an answer, while the issuer hangs. */
let onHang: (() => void) | undefined;
const issuer = await listen((request, response) => {
  const [status, body] = answers[Math.min(asked, answers.length - 1)] ?? [500, ''];
  asked += 1;
  accepted = request.headers.accept;
  if (onHang !== undefined) {
    onHang();
    return;
  }
  response.writeHead(request.url === '/tenant/.well-known/openid-configuration' ? status : 404);
  response.end(body);
});
afterAll(() => issuer.close());
beforeEach(() => {
  asked = 0;
  onHang = undefined;
});

const from = (tokenUrl: string | undefined, path = '/tenant') =>
  publicTokenUrl({ tokenUrl, issuer: `${issuer.url}${path}` });
const configuration = (token_endpoint: unknown, more = {}) =>
  JSON.stringify({ token_endpoint, ...more });

describe('where partners get their tokens', () => {
  it('is what the environment says, and nobody is asked', async () => {
    expect(await from(TOKEN_URL)()).toBe(TOKEN_URL);
    expect(asked).toBe(0);
  });

  it.each(['/tenant', '/tenant/'])(
    'is found in the configuration of the issuer %s, once',
    async (path) => {
      answers = [[200, configuration(TOKEN_URL)]];
      const find = from(undefined, path);

      expect([await find(), await find()]).toEqual([TOKEN_URL, TOKEN_URL]);
      expect(asked).toBe(1);
      expect(accepted).toBe('application/json');
    },
  );

  it.each<[string, [number, string]]>([
    ['fails', [500, '']],
    ['fails with what looks like a configuration', [500, configuration('https://other.example/')]],
    ['names none', [200, '{}']],
    ['answers no JSON', [200, '<html>']],
    ['names what is no https URL', [200, configuration('http://login.example.com/token')]],
    [
      'answers more than 512 KB',
      [200, configuration('https://other.example/', { more: 'x'.repeat(512 * 1024) })],
    ],
  ])('is not told while the issuer %s, and asked for again', async (_, bad) => {
    answers = [bad, [200, configuration(TOKEN_URL)]];
    const find = from(undefined);

    expect(await find()).toBeUndefined();
    expect(await find()).toBe(TOKEN_URL);
  });

  it('is not told where the environment names no issuer either', async () => {
    const find = publicTokenUrl({ tokenUrl: undefined, issuer: undefined });

    expect(await find()).toBeUndefined();
  });

  it('is not told while the issuer cannot be reached', async () => {
    const gone = await listen(() => undefined);
    await gone.close();
    const find = publicTokenUrl({ tokenUrl: undefined, issuer: gone.url });

    expect(await find()).toBeUndefined();
  });

  it('is not waited for longer than two seconds, and leaves no timer behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const hanging = new Promise<void>((resolve) => {
      onHang = resolve;
    });
    const found = from(undefined)();
    await hanging;

    vi.advanceTimersByTime(2000);

    expect(await found).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});
