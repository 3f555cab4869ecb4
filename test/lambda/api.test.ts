import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { apiEvent, lambdaContext } from '../support/api-events.ts';
import { bodyOf } from '../support/partner-api.ts';

const ENVIRONMENT = {
  CREDENTIALS_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:egain',
  EGAIN_API_URL: 'http://127.0.0.1:1',
  EGAIN_TOKEN_URL: 'http://127.0.0.1:1/token',
  EGAIN_SCOPE: 'scope',
};

/** Loads the function anew, as a container does when init is over, with this environment. */
const loadHandler = async (environment: Readonly<Record<string, string>>) => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const { handler, ready } = await import('../../lambda/api.ts');
  await ready;
  return handler;
};
const load = async (environment: Readonly<Record<string, string>>) => {
  const handler = await loadHandler(environment);
  return async (resource: string) => bodyOf(await handler(apiEvent({ resource }), lambdaContext));
};

describe('the API function', () => {
  let output: string[];

  beforeEach(() => {
    vi.resetModules();
    output = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => output.push(String(text)) > 0);
  });

  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  it('loads without its environment, and tells each caller that it is set up wrongly', async () => {
    const request = await load({});

    expect(await request('/accounts')).toMatchObject({ code: '500-902' });
    expect(await request('/accounts')).toMatchObject({ code: '500-902' });
    expect(await request('/nowhere')).toMatchObject({ code: '404-901' });
    // By this name alarms know whose metrics they are.
    expect(output.join()).toContain('"service":"api"');
  });

  it('lets scripts of the origins that its environment names read its answers', async () => {
    const origin = 'https://portal.example.org';
    const handler = await loadHandler({ ...ENVIRONMENT, CORS_ORIGINS: origin });

    const { headers } = await handler(apiEvent({ headers: { origin } }), lambdaContext);

    expect(headers).toMatchObject({ 'Access-Control-Allow-Origin': origin });
  });

  it('tells nothing when the contract document is not beside it', async () => {
    const request = await load(ENVIRONMENT);

    expect(await request('/openapi.json')).toEqual({
      code: '500-901',
      developerMessage: 'A fault of this service.',
    });
  });
});
