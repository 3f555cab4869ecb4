import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Service } from '../../lambda/accounts/service.ts';
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
  return async (resource = '/accounts') =>
    bodyOf(await handler(apiEvent({ resource }), lambdaContext));
};

describe('the API function', () => {
  const warmUp = vi.fn<Service['warmUp']>();
  const createService = vi.fn<() => Service>(() => ({
    snapshots: { get: () => Promise.reject(new Error('no upstream')) },
    warmUp,
    renew: async () => 'recent',
  }));

  let output: string[];

  beforeEach(() => {
    vi.resetModules();
    vi.doMock('../../lambda/accounts/service.ts', () => ({ createService }));
    output = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => output.push(String(text)) > 0);
    warmUp.mockReset().mockResolvedValue();
    createService.mockClear();
  });

  afterEach(() => {
    vi.doUnmock('../../lambda/accounts/service.ts');
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  it('loads without its environment, and tells each caller that it is set up wrongly', async () => {
    const request = await load({});

    expect(await request()).toMatchObject({ code: '500-902' });
    expect(await request()).toMatchObject({ code: '500-902' });
    expect(await request('/nowhere')).toMatchObject({ code: '404-901' });
  });

  it('makes one service, and warms it up without being held up by that', async () => {
    warmUp.mockReturnValue(new Promise(() => {}));

    const request = await load(ENVIRONMENT);
    await request();
    await request();

    expect(createService).toHaveBeenCalledOnce();
    expect(warmUp).toHaveBeenCalledOnce();
  });

  it('waits for the warm-up where it is provisioned ahead of requests', async () => {
    let warm = false;
    warmUp.mockImplementation(async () => {
      await new Promise(setImmediate);
      warm = true;
    });

    await load({ ...ENVIRONMENT, AWS_LAMBDA_INITIALIZATION_TYPE: 'provisioned-concurrency' });

    expect(warm).toBe(true);
  });

  it('lets scripts of the origins that its environment names read its answers', async () => {
    const origin = 'https://portal.example.org';
    const handler = await loadHandler({ ...ENVIRONMENT, CORS_ORIGINS: origin });

    const { headers } = await handler(apiEvent({ headers: { origin } }), lambdaContext);

    expect(headers).toMatchObject({ 'Access-Control-Allow-Origin': origin });
  });

  it('writes metrics under the name by which alarms know them', async () => {
    const request = await load(ENVIRONMENT);
    await request();

    expect(output.join()).toContain('"service":"api"');
  });

  it('tells nothing when the contract document is not beside it', async () => {
    const request = await load(ENVIRONMENT);

    expect(await request('/openapi.json')).toEqual({
      code: '500-901',
      developerMessage: 'A fault of this service.',
    });
  });
});
