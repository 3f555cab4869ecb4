import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from 'vitest';
import {
  booleanSelector,
  loadConfig,
  NODE_REGION_CONFIG_OPTIONS,
  NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS,
  NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS,
  resolveDefaultsModeConfig,
} from '../../../lib/bundle/stand-ins/environment-settings.ts';
import { Sha256 } from '../../../lib/bundle/stand-ins/node-sha256.ts';
import {
  NodeHttpHandler,
  streamCollector,
} from '../../../lib/bundle/stand-ins/plain-http-handler.ts';
import { AwsJson1_1Protocol } from '../../../lib/bundle/stand-ins/plain-json-protocol.ts';
import {
  type Reply,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../support/scripted-upstream.ts';

let upstream: ScriptedUpstream;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterAll(() => upstream.close());
beforeEach(() => upstream.reset());
afterEach(() => vi.unstubAllEnvs());

const given = () => ({
  region: 'eu-west-1',
  endpoint: upstream.origin,
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example', sessionToken: 'session' },
  maxAttempts: 2,
});
/** The SDK as it comes, and with what the bundles hold in place of its parts. */
const CLIENTS = {
  whole: () => new SecretsManagerClient(given()),
  bundled: () =>
    new SecretsManagerClient({
      ...given(),
      ...({
        protocol: AwsJson1_1Protocol,
        sha256: Sha256,
        requestHandler: NodeHttpHandler.create(),
        streamCollector,
      } as object),
    }),
};

/** What a caller learns of one read of the secret. */
async function read(client: SecretsManagerClient): Promise<object> {
  const command = new GetSecretValueCommand({ SecretId: 'egain', VersionStage: 'AWSCURRENT' });
  try {
    const { SecretString, VersionId, $metadata } = await client.send(command);
    const { httpStatusCode, requestId, attempts } = $metadata;
    return { SecretString, VersionId, httpStatusCode, requestId, attempts };
  } catch (error) {
    const { name, code, $fault, $metadata } = error as Error & {
      readonly code?: string;
      readonly $fault?: string;
      readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
    };
    const { httpStatusCode, attempts } = $metadata ?? {};
    return { name, code, $fault, httpStatusCode, attempts };
  } finally {
    client.destroy();
  }
}

const found: Reply = {
  headers: { 'x-amzn-requestid': 'request-1' },
  body: { ARN: 'arn', SecretString: '{"a":"é"}', VersionId: 'v1', CreatedDate: 1_700_000_000.5 },
};
const error = (type: string, status = 400): Reply => ({
  status,
  body: { __type: type, Message: 'm' },
});

describe('a bundle reads the secret as the whole SDK does', () => {
  test.each<[name: string, replies: Reply[]]>([
    ['the secret', [found]],
    ['no such secret', [error('ResourceNotFoundException')]],
    ['no right to read it', [error('AccessDeniedException')]],
    ['an error with its namespace', [error('com.amazonaws.secretsmanager#DecryptionFailure')]],
    ['an error with an address', [error('InvalidRequestException:http://internal.amazon.com/x/')]],
    [
      'an error in a header',
      [{ status: 400, headers: { 'x-amzn-errortype': 'InvalidParameterException' }, body: {} }],
    ],
    ['throttling that ends', [error('ThrottlingException'), found]],
    ['throttling that stays', [error('ThrottlingException'), error('ThrottlingException')]],
    ['a failure that ends', [error('InternalServiceError', 500), found]],
    [
      'a failure that stays',
      [error('InternalServiceError', 500), error('InternalServiceError', 500)],
    ],
    ['a lost connection', [{ drop: 'at-once' }, found]],
    ['no connection that holds', [{ drop: 'at-once' }, { drop: 'at-once' }]],
  ])('%s', async (_, replies) => {
    upstream.secrets.script = [...replies];
    const whole = await read(CLIENTS.whole());
    const asked = upstream.secrets.calls.length;
    upstream.secrets.script = [...replies];

    const bundled = await read(CLIENTS.bundled());

    expect(bundled).toEqual(whole);
    expect(upstream.secrets.calls).toHaveLength(2 * asked);
  });

  it('sends the same signed request', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) });
    upstream.secrets.script = [found, found];

    await read(CLIENTS.whole());
    await read(CLIENTS.bundled());

    vi.useRealTimers();
    const [whole, bundled] = upstream.secrets.calls.map(({ method, body, headers }) => {
      // Each request has an id of its own, which is signed too.
      const {
        authorization,
        'amz-sdk-invocation-id': id,
        'user-agent': agent,
        ...others
      } = headers;
      const { 'x-amz-user-agent': _, ...same } = others;
      const signed = authorization?.replace(/Signature=.*/, '');
      return { method, body: JSON.parse(body) as unknown, signed, id: typeof id, agent, same };
    });
    expect(bundled).toEqual(whole);
    expect(bundled?.signed).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20260101\/eu-west-1/,
    );
  });

  test.each<[name: string, reply: Reply]>([
    ['an error that is not JSON', { status: 400, body: '<html>secret</html>' }],
    ['a secret that is not JSON', { status: 200, body: 'secret' }],
  ])('but quotes nothing of %s', async (_, reply) => {
    upstream.secrets.script = [reply];

    const failure = CLIENTS.bundled().send(new GetSecretValueCommand({ SecretId: 'egain' }));

    await expect(failure).rejects.toMatchObject({
      message: 'UnknownError',
      $metadata: { httpStatusCode: reply.status },
    });
  });

  it('asks again over a new connection when the kept one had been closed', async () => {
    const client = CLIENTS.bundled();
    const command = new GetSecretValueCommand({ SecretId: 'egain' });
    upstream.secrets.otherwise = () => found;
    await client.send(command);
    upstream.closeKept();

    const { $metadata } = await client.send(command);

    expect($metadata).toMatchObject({ httpStatusCode: 200, attempts: 1 });
  });

  it('gives up when its caller does', async () => {
    upstream.secrets.script = [{ hang: true }];
    const caller = new AbortController();
    const command = new GetSecretValueCommand({ SecretId: 'egain' });

    const answer = CLIENTS.bundled().send(command, { abortSignal: caller.signal });
    setTimeout(() => caller.abort(), 10);

    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  });
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('the hash that signs', () => {
  it('is SHA-256', async () => {
    const sha = new Sha256();

    sha.update('abc');

    expect(hex(await sha.digest())).toMatch(/^ba7816bf8f01cfea414140de5dae2223b00361a396177a9c/);
  });

  it.each([
    ['a text', 'Jefe'],
    ['bytes', Buffer.from('Jefe')],
    ['a buffer', new TextEncoder().encode('Jefe').buffer],
  ])('is its HMAC with %s for a key (RFC 4231, test case 2)', async (_, key) => {
    const sha = new Sha256(key);

    sha.update('what do ya want ');
    sha.update(Buffer.from('for nothing?'));

    expect(hex(await sha.digest())).toMatch(
      /^5bdcc146bf60754e6a042426089575c75a003f089d2739839dec/,
    );
  });
});

describe('the settings of a bundle', () => {
  it('come from the environment', async () => {
    vi.stubEnv('AWS_REGION', 'eu-south-2');
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true');
    vi.stubEnv('AWS_DEFAULTS_MODE', 'auto');

    expect(await loadConfig(NODE_REGION_CONFIG_OPTIONS)()).toBe('eu-south-2');
    expect(await loadConfig(NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS)()).toBe(true);
    expect(await resolveDefaultsModeConfig()()).toBe('in-region');
  });

  it('take a flag for what it says, each by its own variable', async () => {
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'false');
    vi.stubEnv('AWS_USE_DUALSTACK_ENDPOINT', 'true');

    expect(await loadConfig(NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS)()).toBe(false);
    expect(await loadConfig(NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS)()).toBe(true);
  });

  it("are the SDK's defaults elsewhere", async () => {
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', undefined);
    vi.stubEnv('AWS_DEFAULTS_MODE', undefined);

    expect(await loadConfig(NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS)()).toBe(false);
    expect(await resolveDefaultsModeConfig()()).toBe('legacy');
    const lazy = { environmentVariableSelector: () => undefined, default: async () => 'later' };
    expect(await loadConfig(lazy)()).toBe('later');
  });

  it('must have a region', async () => {
    vi.stubEnv('AWS_REGION', undefined);

    await expect(loadConfig(NODE_REGION_CONFIG_OPTIONS)()).rejects.toThrow('Region is missing');
  });

  it('refuse a flag that is none', () => {
    expect(() => booleanSelector({ FLAG: 'yes' }, 'FLAG', 'env')).toThrow(
      'Cannot load env "FLAG": expected "true" or "false"',
    );
  });
});
