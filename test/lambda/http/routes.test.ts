import type { APIGatewayProxyEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { account } from '../../support/accounts.ts';
import { lambdaContext } from '../../support/api-events.ts';
import { bodyOf, createPartnerApi, failingService } from '../../support/partner-api.ts';

describe('GET /openapi.json', () => {
  const contract = { resource: '/openapi.json', authorizer: null };

  it('is open to everyone and needs no service', async () => {
    const { request } = createPartnerApi({ service: failingService(new Error('not asked')) });

    const result = await request(contract);

    expect(result).toMatchObject({ statusCode: 200, body: '{"openapi":"3.0.3"}' });
    expect(result.headers).toMatchObject({
      'Cache-Control': 'public, max-age=300',
      Vary: 'Accept-Encoding',
    });
    expect(result.headers).not.toHaveProperty('Age');
  });

  it('tells nothing when the document is not there', async () => {
    const { request } = createPartnerApi({
      openApi: () => Promise.reject(new Error('ENOENT /var')),
    });

    expect(bodyOf(await request(contract))).toEqual({
      code: '500-901',
      developerMessage: 'A fault of this service.',
    });
  });
});

describe('an event that was made by hand', () => {
  const { handler } = createPartnerApi();

  it.each([
    [{}, '404-901'],
    [{ httpMethod: 'GET', resource: '/accounts', requestContext: null }, '403-901'],
    [
      {
        httpMethod: 'GET',
        resource: '/accounts',
        multiValueQueryStringParameters: { name: null },
        requestContext: { authorizer: { scopes: 'accounts/read' } },
      },
      '400-901',
    ],
    [
      {
        httpMethod: 'GET',
        resource: '/accounts',
        queryStringParameters: { name: null },
        requestContext: { authorizer: { scopes: 'accounts/read' } },
      },
      '400-901',
    ],
    [
      {
        httpMethod: 'GET',
        resource: '/accounts/{id}',
        headers: { 'X-CORRELATION-ID': 'a b' },
        requestContext: { authorizer: { scopes: 'accounts/read' } },
      },
      '404-902',
    ],
  ])('is answered like any other: %j', async (event, code) => {
    const result = await handler(event as unknown as APIGatewayProxyEvent, lambdaContext);

    expect(bodyOf(result)).toMatchObject({ code });
    expect(result.headers?.['X-Correlation-Id']).toMatch(/^[\da-f-]{36}$/);
  });
});

describe('HEAD', () => {
  it.each(['/accounts', '/openapi.json', '/nowhere'])(
    'of %s is GET without a body',
    async (resource) => {
      const { request } = createPartnerApi({ accounts: [account()] });
      const got = await request({ resource });

      const result = await request({ method: 'HEAD', resource });

      expect(got.body).not.toBe('');
      expect(result).toEqual({ ...got, body: '' });
    },
  );
});

describe('a route or method that is not offered', () => {
  it.each([
    ['head', '/accounts'],
    ['POST', '/accounts'],
    ['OPTIONS', '/openapi.json'],
    ['GET', '/account'],
    ['GET', '/{proxy+}'],
    ['GET', 'constructor'],
  ])('%s %s is 404-901', async (method, resource) => {
    const { request } = createPartnerApi();

    expect(bodyOf(await request({ method, resource }))).toMatchObject({ code: '404-901' });
  });
});
