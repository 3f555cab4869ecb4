import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Fault } from '../../../lambda/faults.ts';
import { total } from '../../../lambda/platform/metrics.ts';
import { createContainer } from '../../../lambda/snapshot/container.ts';
import {
  createFleet,
  makeAccounts,
  SECRET_ARN,
  secretReply,
  servePages,
  startUpstream,
  tokenReply,
} from '../../support/egain-world.ts';
import { captureLog } from '../../support/telemetry.ts';

const upstream = await startUpstream();

/** How many pages and tokens eGain was asked for. */
const calls = () => [upstream.accounts.calls.length, upstream.token.calls.length];

describe('what lives as long as the container', () => {
  /** AWS: the table and Secrets Manager, both of which are posted to. */
  const aws = upstream.secrets;
  const asked = () =>
    aws.calls.map(({ headers }) => String(headers['x-amz-target']).split('.').at(-1));

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

  test('is made once, and reads ahead without holding init up', async () => {
    const held = Promise.withResolvers<void>();
    const answer = aws.otherwise;
    aws.otherwise = (request) => ({ ...answer(request), after: held.promise });

    const { service, ready } = createContainer();
    await ready;
    expect(service()).toBe(service());
    await vi.waitFor(() => expect(asked()).toEqual(['GetItem']));
    held.resolve();

    await vi.waitFor(() => expect(asked()).toEqual(['GetItem', 'GetItem', 'GetSecretValue']));
    expect([upstream.token.calls, upstream.accounts.calls]).toEqual([[], []]);
  });

  test('is waited for where it is provisioned ahead of requests', async () => {
    vi.stubEnv('AWS_LAMBDA_INITIALIZATION_TYPE', 'provisioned-concurrency');

    await createContainer().ready;

    expect(asked()).toEqual(['GetItem', 'GetItem', 'GetSecretValue']);
  });

  test.each([
    ['a setting is missing', { SHARED_TABLE_NAME: undefined }, 'SHARED_TABLE_NAME'],
    ['a setting is empty', { EGAIN_SCOPE: '' }, 'EGAIN_SCOPE'],
  ])('lets init end where %s, and tells every caller', async (_, environment, name) => {
    for (const [key, value] of Object.entries(environment)) vi.stubEnv(key, value);

    const { service, ready } = createContainer();

    await expect(ready).resolves.toBeUndefined();
    const reason = expect.stringContaining(name) as string;
    for (const ask of [service, service]) {
      expect(ask).toThrow(Fault);
      expect(ask).toThrow(expect.objectContaining({ code: '500-902', reason }));
    }
  });

  test('lets init end where nothing can be read ahead', async () => {
    vi.stubEnv('AWS_LAMBDA_INITIALIZATION_TYPE', 'provisioned-concurrency');
    aws.otherwise = () => ({ status: 500, body: {} });

    await expect(createContainer().ready).resolves.toBeUndefined();
  });
});

describe('containers that share a table', () => {
  test('make one walk and one token when they start together, and all have the whole list', async () => {
    const { containers } = createFleet(upstream, 8);
    upstream.accounts.otherwise = servePages({ accounts: makeAccounts(60), pagesize: 25 });

    const answers = await Promise.all(containers.map(({ ask }) => ask()));

    expect(calls()).toEqual([3, 1]);
    for (const { snapshot } of answers) expect(snapshot).toEqual(answers[0]?.snapshot);
    expect(answers[0]?.snapshot.accounts).toHaveLength(60);
    expect(total('RenewalWaits')).toBe(7);
  });

  test('answer from the snapshot that is there, without the secret', async () => {
    const { containers } = createFleet(upstream, 3);
    const [first, ...others] = containers;
    await first?.ask();

    for (const { service, ask } of others) {
      await service.warmUp();
      await expect(ask()).resolves.toMatchObject({ state: 'hit' });
    }
    expect([...calls(), upstream.secrets.calls.length]).toEqual([1, 1, 1]);
  });

  test.each(['a page', 'a token'])(
    'wait 5 s for %s while a snapshot may stand in',
    async (what) => {
      const { containers, clock } = createFleet(upstream, 2);
      upstream.token.otherwise = () => tokenReply('short', { expires_in: 30 });
      for (const { ask } of containers) await ask();
      clock.advance(61_000);
      const slow = what === 'a page' ? upstream.accounts : upstream.token;
      slow.otherwise = () => ({ hang: true, before: () => clock.advance(5000) });

      for (const { ask } of containers) {
        await expect(ask()).resolves.toMatchObject({ state: 'stale', ageSeconds: 66 });
      }
    },
  );

  test('make no page walk that does not fit into the budget of calls, which its first page shows', async () => {
    const { containers, clock } = createFleet(upstream, 2, { callsPerMinute: 3 });
    upstream.accounts.otherwise = servePages({ accounts: makeAccounts(60), pagesize: 25 });
    const [first, second] = containers;

    await expect(first?.ask()).rejects.toMatchObject({ code: '503-901', retryAfterSeconds: 77 });
    expect(calls()).toEqual([1, 1]);
    clock.advance(70_000);
    await expect(second?.ask({ remainingMs: 5000 })).rejects.toMatchObject({ code: '503-901' });
    expect(calls()).toEqual([1, 1]);
    clock.advance(7000);

    await expect(second?.ask()).resolves.toMatchObject({ state: 'miss' });
    expect(calls()).toEqual([4, 1]);
  });
});
