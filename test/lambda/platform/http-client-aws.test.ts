import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { beforeEach, expect, test, vi } from 'vitest';
import { AWS_CLIENT } from '../../../lambda/platform/http-client.ts';
import { startUpstream } from '../../support/egain-world.ts';
import type { Reply } from '../../support/scripted-upstream.ts';

const upstream = await startUpstream();
let client: SecretsManagerClient;
beforeEach(() => {
  upstream.reset();
  upstream.secrets.otherwise = () => found;
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', upstream.origin);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example');
  vi.stubEnv('AWS_SESSION_TOKEN', 'session');
  client = new SecretsManagerClient({ maxAttempts: 1, ...AWS_CLIENT });
});

const found: Reply = { body: { SecretString: '{"a":"é"}', VersionId: 'v1' } };
const read = (abortSignal = new AbortController().signal) =>
  client.send(new GetSecretValueCommand({ SecretId: 'egain' }), { abortSignal });

test('a request is signed by the keys of the environment, and its answer read', async () => {
  await expect(read()).resolves.toMatchObject({ SecretString: '{"a":"é"}', VersionId: 'v1' });

  const [call] = upstream.secrets.calls;
  expect(call).toMatchObject({ method: 'POST', body: '{"SecretId":"egain"}' });
  expect(call?.headers).toMatchObject({
    host: new URL(upstream.origin).host,
    'accept-encoding': 'identity',
    'x-amz-target': 'secretsmanager.GetSecretValue',
    'x-amz-security-token': 'session',
    authorization: expect.stringContaining('AKIDEXAMPLE') as unknown,
  });
});

test.each<[string, Reply, object]>([
  [
    'an error of the service',
    { status: 400, body: { __type: 'ns#AccessDeniedException', Message: 'm' } },
    { name: 'AccessDeniedException', message: 'm', $metadata: { httpStatusCode: 400 } },
  ],
  [
    'an error whose body is cut',
    { status: 503, body: { __type: 'ServiceUnavailable' }, drop: 'in-body' },
    { $metadata: { httpStatusCode: 503 } },
  ],
  [
    'a refusal whose body is cut',
    { status: 400, body: { __type: 'x' }, drop: 'in-body' },
    { code: 'ECONNRESET' },
  ],
  ['a success without a body', {}, { code: 'ECONNRESET' }],
  ['a success whose body is cut', { ...found, drop: 'in-body' }, { code: 'ECONNRESET' }],
])('%s is thrown as what it is', async (_, reply, error) => {
  upstream.secrets.otherwise = () => reply;

  await expect(read()).rejects.toMatchObject(error);
});

test('only a read is sent once more where the connection was closed', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', upstream.origin);
  const table = new DynamoDBClient({ maxAttempts: 1, ...AWS_CLIENT });
  const write = new PutItemCommand({ TableName: 'shared', Item: { pk: { S: 'k' } } });
  await read();

  upstream.closeKept();
  await expect(table.send(write)).rejects.toMatchObject({ code: 'ECONNRESET', wasClosed: true });
  expect(upstream.secrets.calls).toHaveLength(1);

  await read();
  upstream.closeKept();
  await expect(read()).resolves.toMatchObject({ VersionId: 'v1' });
});

test('a request ends when its caller gives up', async () => {
  const caller = new AbortController();
  upstream.secrets.otherwise = () => ({
    hang: true,
    before: () => caller.abort(),
  });

  await expect(read(caller.signal)).rejects.toMatchObject({ name: 'AbortError' });
});
