import { readFileSync } from 'node:fs';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openApiDocument } from '../../../lambda/http/openapi.ts';
import { listen } from '../../../sandbox/local-server.ts';

const TEXT = readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8');
const TOKEN_URL = 'https://login.example.com/token';
const resource = '/openapi.json';
const eventOf = (context: object | null) =>
  ({ resource, requestContext: context }) as unknown as APIGatewayProxyEvent;

type Settings = Parameters<typeof openApiDocument>[1];

/** Asks for the document of a stage with these settings, by a host and a path. */
function createDocument(settings: Settings) {
  const serve = openApiDocument(() => TEXT, settings);
  return (domainName = 'a.example.com', path = resource) => serve(eventOf({ domainName, path }));
}

function urlsOf(body: string) {
  const document = JSON.parse(body) as {
    servers: { url: string }[];
    components: {
      securitySchemes: { partner: { flows: { clientCredentials: { tokenUrl: string } } } };
    };
  };
  return {
    servers: document.servers.map(({ url }) => url),
    tokenUrl: document.components.securitySchemes.partner.flows.clientCredentials.tokenUrl,
  };
}

describe('the OpenAPI document of a deployment', () => {
  it.each([
    ['a1.execute-api.eu-west-1.amazonaws.com', '/v1/openapi.json', 'https', '/v1'],
    ['api.example.com', '/openapi.json', 'https', ''],
    ['api.example.com', '/crm/v1/openapi.json', 'https', '/crm/v1'],
    ['api.example.com', '/v1/openapi.json/', 'https', '/v1'],
    ['127.0.0.1:3000', '/v1/openapi.json', 'http', '/v1'],
    ['[::1]:3000', '/v1/openapi.json', 'http', '/v1'],
    ['localhost.example.com', '/v1/openapi.json', 'https', '/v1'],
  ])('names the server %s for %s', async (domainName, path, scheme, base) => {
    const { body } = await createDocument({ tokenUrl: TOKEN_URL })(domainName, path);

    expect(urlsOf(body)).toEqual({
      servers: [`${scheme}://${domainName}${base}`],
      tokenUrl: TOKEN_URL,
    });
  });

  it.each([
    null,
    { domainName: 'api.example.com' },
    { path: '/v1/openapi.json' },
    { domainName: 'api.example.com', path: '/v1/elsewhere' },
  ])('is otherwise the one that is checked in, for an event that says %j', async (context) => {
    const { body } = await openApiDocument(() => TEXT, {})(eventOf(context));

    expect(JSON.parse(body)).toEqual(JSON.parse(TEXT));
  });

  it('names where partners ask, as the stage does', async () => {
    const url = 'https://help.example.com/accounts';

    const { body } = await createDocument({ contactUrl: url })();

    expect(JSON.parse(body)).toMatchObject({ info: { contact: { url } } });
  });
});

let answers: readonly [status: number, body: string][] = [];
let asked = 0;
/** Called in place of an answer, while the issuer hangs. */
let onHang: (() => void) | undefined;
const issuer = await listen((request, response) => {
  const [status, body] = answers[Math.min(asked, answers.length - 1)] ?? [500, ''];
  asked += 1;
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

const configuration = (token_endpoint: unknown, more = {}) =>
  JSON.stringify({ token_endpoint, ...more });

/** Asks for the token URL in the document of a stage with an issuer of its own. */
function tokenUrlBy(url: string) {
  const ask = createDocument({ issuer: url });
  return async (host?: string) => urlsOf((await ask(host)).body).tokenUrl;
}
const UNKNOWN = urlsOf(TEXT).tokenUrl;

describe('where partners get their tokens', () => {
  it.each(['/tenant', '/tenant/'])(
    'is found in the configuration of the issuer %s, once',
    async (path) => {
      answers = [[200, configuration(TOKEN_URL)]];
      const find = tokenUrlBy(`${issuer.url}${path}`);

      expect([await find(), await find('b.example.com')]).toEqual([TOKEN_URL, TOKEN_URL]);
      expect(asked).toBe(1);
    },
  );

  it.each<[string, [number, string]]>([
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
    const find = tokenUrlBy(`${issuer.url}/tenant`);

    expect([await find(), await find()]).toEqual([UNKNOWN, TOKEN_URL]);
  });

  it('is not waited for longer than two seconds, and leaves no timer behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const hanging = new Promise<void>((resolve) => {
      onHang = resolve;
    });
    const found = tokenUrlBy(`${issuer.url}/tenant`)();
    await hanging;

    vi.advanceTimersByTime(2000);

    expect(await found).toBe(UNKNOWN);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});
