import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import { createContainer } from '../../../lambda/snapshot/container.ts';
import { SECRET_ARN, secretReply, startUpstream } from '../../support/egain-world.ts';
import { captureLog } from '../../support/telemetry.ts';

const upstream = await startUpstream();
/** AWS: the table and Secrets Manager, both of which are posted to. */
const aws = upstream.secrets;

const asked = () =>
  aws.calls.map(({ headers }) => String(headers['x-amz-target']).split('.').at(-1));

/** From now on AWS answers no sooner than it is told to. */
function holdAws() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const answer = aws.otherwise;
  aws.otherwise = (request) => ({ ...answer(request), after: promise });
  return { release: resolve };
}

beforeEach(() => {
  captureLog();
  upstream.reset();
  aws.otherwise = ({ headers }) =>
    String(headers['x-amz-target']).endsWith('GetSecretValue') ? secretReply() : { body: {} };
  const environment = {
    CREDENTIALS_SECRET_ARN: SECRET_ARN,
    EGAIN_API_URL: `${upstream.origin}/api`,
    EGAIN_TOKEN_URL: `${upstream.origin}/token`,
    EGAIN_SCOPE: 'scope',
    SHARED_TABLE_NAME: 'shared',
    AWS_ENDPOINT_URL_DYNAMODB: upstream.origin,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: upstream.origin,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
});

describe('what lives as long as the container', () => {
  test('is made once, and reads ahead without holding init up', async () => {
    const { release } = holdAws();

    const { service, ready } = createContainer();
    await ready;
    expect(service()).toBe(service());
    await vi.waitFor(() => expect(asked()).toEqual(['GetItem']));
    release();

    await vi.waitFor(() => expect(asked()).toEqual(['GetItem', 'GetSecretValue']));
    expect([upstream.token.calls, upstream.accounts.calls]).toEqual([[], []]);
  });

  test('is waited for where it is provisioned ahead of requests', async () => {
    vi.stubEnv('AWS_LAMBDA_INITIALIZATION_TYPE', 'provisioned-concurrency');

    await createContainer().ready;

    expect(asked()).toEqual(['GetItem', 'GetSecretValue']);
  });

  test.each([
    ['a setting is missing', { SHARED_TABLE_NAME: undefined }, 'SHARED_TABLE_NAME'],
    ['a setting is empty', { EGAIN_SCOPE: '' }, 'EGAIN_SCOPE'],
  ])('lets init end where %s, and tells every caller', async (_, environment, name) => {
    for (const [key, value] of Object.entries(environment)) vi.stubEnv(key, value);

    const { service, ready } = createContainer();

    await expect(ready).resolves.toBeUndefined();
    for (const ask of [service, service]) {
      expect(ask).toThrow(Fault);
      expect(ask).toThrow(
        expect.objectContaining({
          code: '500-902',
          reason: expect.stringContaining(name) as string,
        }),
      );
    }
  });

  test('lets init end where nothing can be read ahead', async () => {
    vi.stubEnv('AWS_LAMBDA_INITIALIZATION_TYPE', 'provisioned-concurrency');
    aws.otherwise = () => ({ status: 500, body: {} });

    await expect(createContainer().ready).resolves.toBeUndefined();
  });
});
