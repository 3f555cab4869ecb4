import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type SimulatedEgain, startEgain } from '../../../sandbox/egain/egain.ts';
import { type LocalServer, listen, readBody, sendJson } from '../../../sandbox/local-server.ts';
import { runDoctor } from './support.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:egain-AbCdEf';
const CANARY = 'canary-client-secret';

let egain: SimulatedEgain;
let secretsManager: LocalServer;
/** What Secrets Manager answers. */
let answer: { readonly status: number; readonly body: object };
const requests: { readonly region: string | undefined; readonly body: unknown }[] = [];

beforeAll(async () => {
  egain = await startEgain({ accounts: 3 });
  secretsManager = await listen(async (request, response) => {
    const region = request.headers.authorization?.split('/')[2];
    requests.push({ region, body: JSON.parse(String(await readBody(request))) });
    sendJson(response, answer.status, answer.body);
  });
});
afterAll(() => Promise.all([egain.close(), secretsManager.close()]));
beforeEach(() => {
  requests.length = 0;
  answer = { status: 200, body: { SecretString: JSON.stringify(egain.credentials) } };
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', secretsManager.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'canary-aws-key');
});

async function run(environment: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const { apiUrl, tokenUrl, scope } = egain;
  const canaries = [CANARY, 'canary-aws-key'];
  const stage = { egain: { apiUrl, tokenUrl, scope }, environment, args, canaries };
  const { failure, row } = await runDoctor(stage);
  const { seen = '', advice = '', notes } = row('credentials');
  return { failure, seen, advice, notes };
}

const runWithSecret = (environment: Readonly<Record<string, string>> = {}) =>
  run(environment, ['--secret-arn', ARN]);

describe('credentials in the environment', () => {
  it.each<[environment: Record<string, string>, cause: string, seen: string]>([
    [{}, 'credentials-missing', 'EGAIN_CLIENT_ID and EGAIN_CLIENT_SECRET'],
    [{ EGAIN_CLIENT_ID: 'a' }, 'credentials-missing', 'lacks EGAIN_CLIENT_SECRET'],
    [
      { EGAIN_CLIENT_ID: 'a', EGAIN_CLIENT_SECRET: 'changeme' },
      'credentials-malformed',
      'EGAIN_CLIENT_SECRET is a placeholder',
    ],
  ])('%o are %s', async (environment, cause, seen) => {
    const found = await run(environment);

    expect(found.failure).toBe(`credentials: ${cause}`);
    expect(found.seen).toContain(seen);
  });
});

it.each<[secret: object, seen: readonly string[]]>([
  [
    { clientSecret: `"${CANARY}"` },
    ['clientSecret begins with a quotation mark', 'clientSecret ends with a quotation mark'],
  ],
  [{ clientSecret: `${CANARY}\u00A0` }, ['clientSecret ends with a no-break space']],
  [{ clientId: '\u200Bb' }, ['clientId begins with a zero-width character']],
  [{ clientId: 'b\u{E0001}' }, ['clientId ends with an invisible character']],
  [
    { clientId: '’', clientSecret: ` ${CANARY}` },
    [
      'clientId begins with a quotation mark',
      'clientId ends with a quotation mark',
      'clientSecret begins with white space',
    ],
  ],
  [{ clientId: 'a “b” c' }, []],
])('what pasting has added to %j is named, without the value', async (changes, seen) => {
  const value = { clientId: 'b', clientSecret: CANARY, ...changes };
  answer = { status: 200, body: { SecretString: JSON.stringify(value) } };
  const ofSecret = await runWithSecret();
  const ofEnvironment = await run({
    EGAIN_CLIENT_ID: value.clientId,
    EGAIN_CLIENT_SECRET: value.clientSecret,
  });

  expect(ofSecret.notes).toEqual(seen.map((end) => `${end}: did eGain show it like that?`));
  expect(ofEnvironment.notes).toEqual(
    ofSecret.notes.map((note) =>
      note.replace('clientId', 'EGAIN_CLIENT_ID').replace('clientSecret', 'EGAIN_CLIENT_SECRET'),
    ),
  );
});

describe('credentials in a secret', () => {
  it("are read in the secret's own region, in the version that the functions read", async () => {
    const { failure, notes } = await runWithSecret({
      EGAIN_CLIENT_ID: 'b',
      EGAIN_CLIENT_SECRET: CANARY,
    });

    expect(failure).toBe('');
    expect(notes[0]).toContain('--secret-arn comes first');
    const body = { SecretId: ARN, VersionStage: 'AWSCURRENT' };
    expect(requests).toEqual([{ region: 'eu-central-1', body }]);
  });

  it.each([
    ['{"clientId":"a"}', 'clientSecret is missing'],
    [`{"clientId":7,"clientSecret":"${CANARY}"}`, 'clientId is missing or not of its type'],
    [undefined, 'there is no text'],
  ])('are named where they have another form: %s', async (value, seen) => {
    answer = { status: 200, body: { SecretString: value } };

    const found = await runWithSecret();

    expect(found.failure).toBe('credentials: secret-malformed');
    expect(found.seen).toContain(seen);
  });

  it.each([
    ['ResourceNotFoundException', 'secret-missing', 'a new one is empty'],
    ['AccessDeniedException', 'secret-denied', 'secretsmanager:GetSecretValue'],
    ['DecryptionFailure', 'secret-denied', 'kms:Decrypt'],
    ['ExpiredTokenException', 'aws-credentials', 'Sign in to AWS'],
    [`SyntaxError in ${CANARY}`, 'secret-unreadable', 'Try again'],
  ])('are refused with %s: %s, with what to do', async (__type, cause, advice) => {
    answer = { status: 400, body: { __type, message: `about ${CANARY}` } };

    const found = await runWithSecret();

    expect(found.failure).toBe(`credentials: ${cause}`);
    expect(found.advice).toContain(advice);
  });

  it('cannot be read without a sign-in to AWS', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');

    const { failure, advice } = await runWithSecret();

    expect(failure).toBe('credentials: aws-credentials');
    expect(advice).toContain('aws sts get-caller-identity');
  });

  it.each(['AWS_REGION', 'AWS_DEFAULT_REGION'])(
    'are not looked for in another region than the functions do: %s',
    async (variable) => {
      const { failure, seen } = await runWithSecret({ [variable]: 'us-east-1' });

      expect(failure).toBe('credentials: secret-region');
      expect(seen).toContain("eu-central-1, and the functions ask us-east-1 (the shell's region)");
      expect(requests).toEqual([]);
    },
  );
});
