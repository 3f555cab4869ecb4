import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { deflateSync, gzipSync, unzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { InvokeResult } from '../../sandbox/aws/container.ts';
import type { Api, Route, UsagePlan } from '../../sandbox/aws/gateway/api-template.ts';
import { createGateway } from '../../sandbox/aws/gateway/gateway.ts';
import type { LambdaFunction } from '../../sandbox/aws/lambda-runtime.ts';
import { type LocalServer, listen } from '../../sandbox/local-server.ts';

const open: LocalServer[] = [];

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const ALLOWED = {
  principalId: 'acme',
  policyDocument: {
    Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: 'arn:*/v1/GET/*' }],
  },
  context: { partner: 'acme' },
  usageIdentifierKey: 'key-of-acme',
};

const UNAUTHORIZED = {
  ResponseType: 'UNAUTHORIZED',
  StatusCode: '401',
  ResponseTemplates: {
    'application/json': '{"is":$context.error.messageString,"id":"$context.requestId"}',
  },
  ResponseParameters: {
    'gatewayresponse.header.WWW-Authenticate': "'Bearer'",
    'gatewayresponse.header.X-Id': 'context.requestId',
  },
};
const DEFAULT_5XX = {
  ResponseType: 'DEFAULT_5XX',
  StatusCode: '500',
  ResponseTemplates: { 'application/json': '{"is":"$context.error.responseType"}' },
};

interface Parts {
  readonly route?: Partial<Route>;
  readonly api?: Partial<Api>;
  readonly authorizer?: () => InvokeResult;
  readonly handler?: () => InvokeResult;
}

/** A gateway of one route; what its functions were called with is in `events`. */
async function gatewayOf({ route = {}, api = {}, authorizer, handler }: Parts = {}) {
  const events: Readonly<Record<string, unknown>>[] = [];
  const functions: Readonly<Record<string, (event: unknown) => InvokeResult>> = {
    authorizer: authorizer ?? (() => ({ ok: true, payload: ALLOWED })),
    handler: (event) => {
      events.push(event as Readonly<Record<string, unknown>>);
      return handler?.() ?? answer({ statusCode: 200, body: '{}' });
    },
  };
  const gateway = createGateway({
    api: {
      id: 'api',
      stage: 'v1',
      routes: [
        {
          method: 'GET',
          path: '/accounts/{id}',
          pattern: '/accounts/(?<id>[^/]+)',
          functionArn: 'handler',
          timeoutMs: 29_000,
          apiKeyRequired: false,
          ...route,
        },
      ],
      gatewayResponses: new Map([
        ['UNAUTHORIZED', UNAUTHORIZED],
        ['DEFAULT_5XX', DEFAULT_5XX],
      ]),
      usagePlans: new Map(),
      ...api,
    },
    functionOf: (arn) => functionStub(functions[arn]),
  });
  const server = await listen((...call) => gateway.handle(...call), 0, { maxHeaderSize: 65_536 });
  server.server.on('clientError', gateway.handleClientError);
  open.push(server);
  return { url: `${server.url}/v1`, port: server.port, events };
}

function functionStub(call: ((event: unknown) => InvokeResult) | undefined): LambdaFunction {
  // Without a function to call there is never an answer.
  const invoke = (event: unknown): Promise<InvokeResult> =>
    call === undefined ? new Promise(() => undefined) : Promise.resolve(call(event));
  return { invoke } as LambdaFunction;
}

const answer = (payload: unknown): InvokeResult => ({ ok: true, payload });
const failed = (errorMessage: string): InvokeResult => ({
  ok: false,
  error: { errorType: 'Error', errorMessage },
});
const AUTHORIZER = {
  functionArn: 'authorizer',
  validation: /^Bearer .+$/,
  ttlSeconds: 60,
};
const BEARER = { headers: { Authorization: 'Bearer x' } };

describe('the event', () => {
  it('has the query decoded, repeated values and names that objects inherit', async () => {
    const { url, events } = await gatewayOf();
    await fetch(`${url}/accounts/a%2Fb?x=1&x=%C3%BC+y&__proto__=2&empty`);

    expect(events[0]).toMatchObject({
      pathParameters: { id: 'a/b' },
      multiValueQueryStringParameters: { x: ['1', 'ü y'], empty: [''] },
      queryStringParameters: { x: 'ü y' },
      resource: '/accounts/{id}',
    });
    expect(Object.keys(events[0]?.['queryStringParameters'] ?? {})).toContain('__proto__');
  });
});

describe("the function's answer", () => {
  it('keeps its status, headers and body, but for WWW-Authenticate, which is renamed', async () => {
    const { url } = await gatewayOf({
      handler: () =>
        answer({
          statusCode: 418,
          headers: { 'X-One': 1, 'WWW-Authenticate': 'Bearer' },
          body: 'tea',
        }),
    });
    const response = await fetch(`${url}/accounts/1`);

    expect(response.status).toBe(418);
    expect(response.headers.get('x-one')).toBe('1');
    expect(response.headers.get('www-authenticate')).toBeNull();
    expect(response.headers.get('x-amzn-remapped-www-authenticate')).toBe('Bearer');
    expect(await response.text()).toBe('tea');
  });

  it('has no length where it answers HEAD without a body: it would be that of GET', async () => {
    const { url } = await gatewayOf({
      route: { method: 'HEAD' },
      handler: () => answer({ statusCode: 200, body: '' }),
    });
    const response = await fetch(`${url}/accounts/1`, { method: 'HEAD' });

    expect([response.status, response.headers.get('content-length')]).toEqual([200, null]);
  });

  it.each([
    ['a crash', failed('gone')],
    ['a body that is not text', answer({ statusCode: 200, body: {} })],
    ['a header that cannot be sent', answer({ statusCode: 200, headers: { a: 'line\nbreak' } })],
  ])('that is %s becomes the 5xx response', async (_what, result) => {
    const { url } = await gatewayOf({ handler: () => result });
    const response = await fetch(`${url}/accounts/1`);

    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ is: 'DEFAULT_5XX' });
  });
});

const ask = (url: string, acceptEncoding: string) =>
  new Promise<IncomingMessage>((resolve) => {
    request(`${url}/accounts/1`, { headers: { 'Accept-Encoding': acceptEncoding } })
      .on('response', resolve)
      .end();
  });

describe('compression', () => {
  const big = {
    statusCode: 200,
    headers: { ETag: 'W/"1"', Vary: 'Accept-Encoding' },
    body: 'x'.repeat(2000),
  };

  it.each([
    ['br, GZIP;q=0.5, deflate', 'gzip'],
    ['br, gzip; q=0.0', undefined],
    ['x-gzip', undefined],
  ])('for Accept-Encoding: %s is %s', async (acceptEncoding, coding) => {
    const { url } = await gatewayOf({
      api: { minimumCompressionSize: 1024 },
      handler: () => answer(big),
    });
    const response = await ask(url, acceptEncoding);
    const body = await buffer(response);

    expect(response.headers['content-encoding']).toBe(coding);
    expect(response.headers).toMatchObject({ etag: 'W/"1"', vary: 'Accept-Encoding' });
    expect(response.headers['content-length']).toBe(String(body.length));
    expect((coding === undefined ? body : unzipSync(body)).toString()).toBe(big.body);
  });

  it.each([
    ['an answer below the size', { minimumCompressionSize: 2001 }, big],
    ['no body', { minimumCompressionSize: 0 }, { statusCode: 304 }],
  ])('leaves %s alone', async (_what, api, payload) => {
    const { url } = await gatewayOf({ api, handler: () => answer(payload) });
    const response = await ask(url, 'gzip');

    expect(response.headers['content-encoding']).toBeUndefined();
    expect(await text(response)).toBe('body' in payload ? payload.body : '');
  });

  it.each([
    ['gzip', gzipSync('{"a":1}'), 200],
    ['deflate', deflateSync('{"a":1}'), 200],
    ['br', 'plain', 415],
    ['gzip', 'plain', 415],
  ])('of a request by %s is undone: %s, %i', async (coding, body, status) => {
    const { url, events } = await gatewayOf({ route: { method: 'POST' } });
    const headers = { 'Content-Encoding': coding };
    const response = await fetch(`${url}/accounts/1`, { method: 'POST', headers, body });

    expect(response.status).toBe(status);
    expect(events).toMatchObject(status === 200 ? [{ body: '{"a":1}' }] : []);
  });
});

describe('the authorizer', () => {
  it('is asked once for a token until its answer is too old', async () => {
    const authorizer = vi.fn<() => ReturnType<typeof answer>>(() => answer(ALLOWED));
    const { url, events } = await gatewayOf({ route: { authorizer: AUTHORIZER }, authorizer });
    await fetch(`${url}/accounts/1`, BEARER);
    await fetch(`${url}/accounts/2`, BEARER);
    expect(authorizer).toHaveBeenCalledTimes(1);
    vi.setSystemTime(Date.now() + 60_000);
    await fetch(`${url}/accounts/3`, BEARER);

    expect(authorizer).toHaveBeenCalledTimes(2);
    expect(events[0]).toMatchObject({
      requestContext: { authorizer: { principalId: 'acme', partner: 'acme' } },
    });
  });

  it.each([
    ['no token', {}, answer(ALLOWED), 401],
    ['a token of another form', { headers: { Authorization: 'Basic x' } }, answer(ALLOWED), 401],
    ["'Unauthorized' thrown", BEARER, failed('Unauthorized'), 401],
    ['another error thrown', BEARER, failed('broken'), 500],
    ['a context with an object', BEARER, answer({ ...ALLOWED, context: { a: {} } }), 500],
    ['a policy for another route', BEARER, answer(policy('Allow', 'arn:*/v1/POST/*')), 403],
    ['a policy that denies', BEARER, answer(policy('Deny', '*')), 403],
  ])('with %s decides', async (_what, init, result, status) => {
    const { url, events } = await gatewayOf({
      route: { authorizer: AUTHORIZER },
      authorizer: () => result,
    });
    const response = await fetch(`${url}/accounts/1`, init);

    expect(response.status).toBe(status);
    expect(events).toEqual([]);
  });

  it("refuses in the template's words", async () => {
    const { url } = await gatewayOf({ route: { authorizer: AUTHORIZER } });
    const response = await fetch(`${url}/accounts/1`);

    const id = response.headers.get('x-id');
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toEqual({ is: 'Unauthorized', id });
  });
});

const planOf = (plan: UsagePlan) => ({ usagePlans: new Map([['key-of-acme', plan]]) });

describe('a usage plan', () => {
  const route = { authorizer: AUTHORIZER, apiKeyRequired: true };

  it('is needed where the route asks for a key', async () => {
    const { url } = await gatewayOf({ route });

    expect((await fetch(`${url}/accounts/1`, BEARER)).status).toBe(403);
  });

  it.each<[string, UsagePlan, number]>([
    ['throttle', { Throttle: { RateLimit: 1, BurstLimit: 2 } }, 1000],
    ['daily quota', { Quota: { Limit: 2, Period: 'DAY' } }, 86_400_000],
  ])('refuses the third call by its %s, until the time is over', async (_what, plan, wait) => {
    const { url } = await gatewayOf({ route, api: planOf(plan) });
    const statuses = [];
    for (let call = 0; call < 3; call += 1) {
      statuses.push((await fetch(`${url}/accounts/1`, BEARER)).status);
    }
    vi.setSystemTime(Date.now() + wait);
    statuses.push((await fetch(`${url}/accounts/1`, BEARER)).status);

    expect(statuses).toEqual([200, 200, 429, 200]);
  });
});

it("throttles by the stage's rate before it asks the function", async () => {
  const { url, events } = await gatewayOf({ route: { throttle: { RateLimit: 1, BurstLimit: 1 } } });
  await fetch(`${url}/accounts/1`);

  expect((await fetch(`${url}/accounts/1`)).status).toBe(429);
  expect(events).toHaveLength(1);
});

it('gives up on a function that takes longer than its integration may', async () => {
  const { url } = await gatewayOf({ route: { timeoutMs: 1, functionArn: 'slow' } });
  const response = await fetch(`${url}/accounts/1`);

  expect(await response.json()).toEqual({ is: 'INTEGRATION_TIMEOUT' });
});

describe('text that is hardly a request', () => {
  const CLOSE = 'Connection: close\r\n\r\n';

  it.each([
    ['another protocol', 'hello\r\n\r\n', 400],
    ['a path of 2 MB', `GET /${'x'.repeat(2_000_000)} HTTP/1.1\r\n\r\n`, 413],
    ['an odd expectation', `GET /v1/accounts/1 HTTP/1.1\r\nExpect: more\r\n${CLOSE}`, 200],
  ])('such as %s gets an answer', async (_what, sent, status) => {
    const { port } = await gatewayOf();
    const socket = connect(port, '127.0.0.1');
    socket.write(sent);

    expect(await text(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });
});

function policy(effect: string, resource: string): object {
  return {
    principalId: 'x',
    policyDocument: {
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: effect === 'Deny' ? '*' : resource },
        { Effect: effect, Action: 'execute-api:*', Resource: resource },
      ],
    },
  };
}
