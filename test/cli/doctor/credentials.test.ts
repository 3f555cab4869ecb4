import { join } from 'node:path';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type LocalSecretsManager,
  startSecretsManager,
} from '../../../sandbox/aws/secrets-manager.ts';
import { type SimulatedEgain, startEgain } from '../../../sandbox/egain/egain.ts';
import { EGAIN_FAULTS } from '../../../sandbox/egain/egain-faults.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { runDoctor } from './support.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:egain-AbCdEf';
const CANARY = 'canary-client-secret';

let egain: SimulatedEgain;
let secrets: LocalSecretsManager;

beforeAll(async () => {
  egain = await startEgain({ accounts: 3 });
  secrets = await startSecretsManager();
});
afterAll(() => Promise.all([egain.close(), secrets.close()]));
afterEach(() => {
  vi.unstubAllEnvs();
});

const mockSecretsManager = () => mockClient(SecretsManagerClient);

function run(
  environment: Readonly<Record<string, string | undefined>>,
  args: readonly string[] = [],
  canaries = [CANARY],
) {
  const { apiUrl, tokenUrl, scope } = egain;
  return runDoctor({ egain: { apiUrl, tokenUrl, scope }, environment, args, canaries });
}

const runWithSecret = () => run({}, ['--secret-arn', ARN]);

describe('credentials in the environment', () => {
  it.each([
    [{}, 'credentials-missing', 'EGAIN_CLIENT_ID and EGAIN_CLIENT_SECRET'],
    [{ EGAIN_CLIENT_SECRET: CANARY }, 'credentials-missing', 'lacks EGAIN_CLIENT_ID'],
    [{ EGAIN_CLIENT_ID: 'a' }, 'credentials-missing', 'lacks EGAIN_CLIENT_SECRET'],
    [
      { EGAIN_CLIENT_ID: '', EGAIN_CLIENT_SECRET: CANARY },
      'credentials-malformed',
      'EGAIN_CLIENT_ID is empty',
    ],
    [
      { EGAIN_CLIENT_ID: 'a', EGAIN_CLIENT_SECRET: `${CANARY}\n` },
      'credentials-malformed',
      'EGAIN_CLIENT_SECRET holds a control character',
    ],
    [
      { EGAIN_CLIENT_ID: 'a', EGAIN_CLIENT_SECRET: 'changeme' },
      'credentials-malformed',
      'EGAIN_CLIENT_SECRET is a placeholder',
    ],
  ])('%o are %s', async (environment, cause, seen) => {
    const result = await run(environment);

    expect(result.failure).toBe(`credentials: ${cause}`);
    expect(result.row('credentials').seen).toContain(seen);
    expect(result.exitCode).toBe(1);
  });
});

describe('credentials in a secret', () => {
  beforeEach(() => {
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', secrets.url);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'canary-aws-key');
    secrets.setFault(undefined);
    secrets.put(JSON.stringify(egain.credentials));
  });

  it("are read with the caller's AWS credentials, and come before the environment", async () => {
    const result = await run({ EGAIN_CLIENT_ID: 'b', EGAIN_CLIENT_SECRET: CANARY }, [
      '--secret-arn',
      ARN,
    ]);

    expect(result.failure).toBe('');
    expect(result.row('credentials').notes[0]).toContain('--secret-arn comes first');
  });

  it.each([
    ['secret-missing', 'secret-missing'],
    ['secret-denied', 'secret-denied'],
    ['secret-malformed', 'secret-malformed'],
  ])('%s is named', async (fault, cause) => {
    secrets.setFault(EGAIN_FAULTS[fault]?.secret);

    const result = await run({}, ['--secret-arn', ARN], ['clientId=sandbox', 'canary-aws-key']);

    expect(result.failure).toBe(`credentials: ${cause}`);
  });

  it.each([
    ['{"clientId":"a"}', 'clientSecret is missing'],
    ['{"clientId":"a","clientSecret":"…"}', 'clientSecret is a placeholder'],
    [`{"clientId":7,"clientSecret":"${CANARY}"}`, 'clientId is missing or not of its type'],
  ])('a value of another form is named: %s', async (value, seen) => {
    secrets.put(value);

    const result = await runWithSecret();

    expect(result.failure).toBe('credentials: secret-malformed');
    expect(result.row('credentials').seen).toContain(seen);
  });

  it('cannot be read without a sign-in to AWS', async () => {
    const home = temporaryFolder();
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_CONFIG_FILE', join(home, 'none'));
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(home, 'none'));

    const result = await runWithSecret();

    expect(result.failure).toBe('credentials: aws-credentials');
    expect(result.row('credentials').advice).toContain('aws sts get-caller-identity');
  });
});

describe('a request for a secret', () => {
  let secretsManager: ReturnType<typeof mockSecretsManager>;
  beforeEach(() => {
    secretsManager = mockSecretsManager();
  });
  afterEach(() => secretsManager.restore());

  it("is for the version that the functions read, in the secret's own region", async () => {
    vi.stubEnv('AWS_REGION', 'us-east-1');
    secretsManager
      .on(GetSecretValueCommand)
      .resolves({ SecretString: JSON.stringify(egain.credentials) });

    const result = await runWithSecret();

    expect(result.failure).toBe('');
    expect(secretsManager).toHaveReceivedCommandExactlyOnceWith(GetSecretValueCommand, {
      SecretId: ARN,
      VersionStage: 'AWSCURRENT',
    });
    const client = secretsManager.call(0).thisValue as SecretsManagerClient;
    expect(await client.config.region()).toBe('eu-central-1');
  });

  it.each([
    ['DecryptionFailure', 'secret-denied', 'kms:Decrypt'],
    ['ExpiredTokenException', 'aws-credentials', 'Sign in to AWS'],
    ['UnrecognizedClientException', 'aws-credentials', 'Sign in to AWS'],
    ['InternalServiceError', 'secret-unreadable', 'Try again'],
    [`SyntaxError in ${CANARY}`, 'secret-unreadable', 'Try again'],
  ])('that ends with %s is %s, with what to do', async (name, cause, advice) => {
    const error = Object.assign(new Error(`about ${CANARY}`), { name });
    secretsManager.on(GetSecretValueCommand).rejects(error);

    const result = await runWithSecret();

    expect(result.failure).toBe(`credentials: ${cause}`);
    expect(result.row('credentials').advice).toContain(advice);
  });

  it.each([
    [{ AWS_REGION: 'us-east-1' }, "us-east-1 (the shell's region)"],
    [{ AWS_DEFAULT_REGION: 'eu-west-1' }, "eu-west-1 (the shell's region)"],
  ])('is not looked for in another region than the functions do: %j', async (environment, told) => {
    const result = await run(environment, ['--secret-arn', ARN]);

    expect(result.failure).toBe('credentials: secret-region');
    expect(result.row('credentials').seen).toBe(
      `the secret is in eu-central-1, and the functions ask ${told}`,
    );
  });

  it('finds no text where the secret is binary', async () => {
    secretsManager.on(GetSecretValueCommand).resolves({ SecretBinary: Buffer.from(CANARY) });

    const result = await runWithSecret();

    expect(result.failure).toBe('credentials: secret-malformed');
    expect(result.row('credentials').seen).toContain('there is no text');
  });
});
