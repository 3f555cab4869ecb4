import {
  GetSecretValueCommand,
  SecretsManagerClient,
  SecretsManagerServiceException,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type CredentialsStore,
  createCredentialsStore,
  readSecret,
} from '../../../lambda/egain/credentials.ts';
import { Fault } from '../../../lambda/faults.ts';
import { cancellable, createDeadline } from '../../../lambda/platform/deadline.ts';
import { CANARY, SECRET_ARN } from '../../support/egain-world.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';
import { captureLog, type LoggedLine } from '../../support/telemetry.ts';

const MINUTE = 60_000;
const VALUE = { clientId: CANARY.clientId, clientSecret: CANARY.clientSecret };
const FIRST = { ...VALUE, version: 'version-1' };
const SECOND = { clientId: 'another', clientSecret: 'other', version: 'version-2' };

const secretsManager = mockClient(SecretsManagerClient);
let clock: ManualClock;
let lines: LoggedLine[];
let store: CredentialsStore;

beforeEach(() => {
  clock = createManualClock();
  lines = captureLog();
  store = createCredentialsStore(SECRET_ARN, clock);
  holds(FIRST);
});
afterEach(() => secretsManager.reset());
afterAll(() => secretsManager.restore());

const reads = () => secretsManager.on(GetSecretValueCommand);
const inTime = () => createDeadline(26_000, { clock });

function holds({ version, ...value }: typeof FIRST): void {
  reads().resolves({ SecretString: JSON.stringify(value), VersionId: version });
}

/** An error of Secrets Manager's, whose message quotes what it should not. */
function serviceError(name: string, httpStatusCode: number): Error {
  const message = `about ${CANARY.clientSecret}`;
  const $metadata = { httpStatusCode };
  return new SecretsManagerServiceException({ name, $fault: 'client', $metadata, message });
}
const fails = (name: string, status: number) => reads().rejects(serviceError(name, status));

describe('the secret', () => {
  test('has a version of its own where Secrets Manager names none', async () => {
    reads()
      .resolvesOnce({ SecretString: JSON.stringify(VALUE) })
      .resolves({ SecretString: JSON.stringify({ ...VALUE, clientId: 'another' }) });

    const first = await store.get(inTime());
    const second = await store.reread(first.version, inTime());

    expect(first.version).toMatch(/^[0-9a-f]{64}$/);
    expect(second).toMatchObject({ clientId: 'another', clientSecret: CANARY.clientSecret });
    expect(second.version).not.toBe(first.version);
  });
});

describe('a version that eGain refuses', () => {
  test('causes no read when another one is known already', async () => {
    await store.get(inTime());

    await expect(store.reread('version-0', inTime())).resolves.toEqual(FIRST);
    expect(secretsManager).toHaveReceivedCommandOnce(GetSecretValueCommand);
  });
});

describe('while Secrets Manager is unwell', () => {
  beforeEach(async () => {
    await store.get(inTime());
    clock.advance(5 * MINUTE);
  });

  test.each([
    ['ThrottlingException', 400],
    ['TooManyRequestsException', 400],
    ['LimitExceededException', 400],
    ['InternalFailure', 400],
    ['ServiceUnavailable', 400],
    ['RequestTimeout', 400],
    ['SomeException', 429],
    ['SomeException', 500],
  ])(
    '%s, %i: the last value goes on serving, and is asked for again 30 s later',
    async (...error) => {
      fails(...error);

      const during = [await store.get(inTime()), await store.get(inTime())];
      holds(SECOND);
      clock.advance(30_000);
      const after = await store.get(inTime());

      expect([...during, after]).toEqual([FIRST, FIRST, SECOND]);
      expect(secretsManager).toHaveReceivedCommandTimes(GetSecretValueCommand, 3);
      const fields = { secretArn: SECRET_ARN, failure: error[0] };
      expect(lines).toEqual([{ level: 'warn', message: 'Reading the secret failed', fields }]);
    },
  );

  test.each([
    ['by the SDK’s time', Object.assign(new Error('socket hang up'), { name: 'TimeoutError' })],
    ['by the system', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
    ['without a status', Object.assign(new Error('x'), { code: 'EPIPE', $metadata: {} })],
  ])('a connection that fails counts as unwell: %s', async (_, error) => {
    reads().rejects(error);

    await expect(store.get(inTime())).resolves.toEqual(FIRST);
  });

  test.each([
    ['a set-up that lacks something', new Error('Region is missing'), 'Error'],
    ['what is no error', 'away', 'unknown'],
    ['a refused request', serviceError('SomeException', 499), 'SomeException'],
    ['a request with status 428', serviceError('SomeException', 428), 'SomeException'],
  ])('%s counts as no such thing', async (_, error, name) => {
    reads().callsFake(async () => {
      throw error;
    });

    await expect(store.get(inTime())).rejects.toMatchObject({
      code: '500-902',
      reason: `the secret ${SECRET_ARN} cannot be read: ${name}`,
    });
  });

  test('an answer that is late is done without', async () => {
    reads().callsFake(() => new Promise(() => undefined));

    const asked = store.get({ ...inTime(), firstByteMs: 5000 });
    clock.advance(5000);

    await expect(asked).resolves.toEqual(FIRST);
    await expect(store.get(inTime())).resolves.toEqual(FIRST);
    expect(lines.map(({ fields }) => fields)).toEqual([
      { secretArn: SECRET_ARN, failure: 'TimeoutError' },
    ]);
  });
});

describe('what stands in for a secret until somebody puts it there', () => {
  test.each([
    '<>',
    ' <secret> ',
    '...',
    '…',
    'changeme',
    'change-me',
    'CHANGE ME',
    'replace_me',
    'Placeholder',
    'todo',
    'TBD',
    'xxx',
    'null',
    'undefined',
    'none',
    'your_client_secret',
  ])('is told from one: %s', (text) => {
    expect(readSecret(withSecret(text))).toEqual({ fault: 'clientSecret is a placeholder' });
  });

  test.each([
    'a<b>',
    '<a>b',
    '....',
    '..',
    'xx',
    'xxxy',
    'changemenow',
    'dontchangeme',
    'replaceme2',
    'todos',
    'nullable',
    'nonesuch',
    'yoursecret',
    'my your-secret',
    'change--me',
  ])('is not seen in a secret that looks a little like it: %s', (text) => {
    expect(readSecret(withSecret(text))).toEqual({
      value: { clientId: CANARY.clientId, clientSecret: text },
    });
  });
});

test.each([
  ['arn:aws:secretsmanager:eu-west-1:1:secret:a', 'eu-west-1'],
  ['arn:aws-us-gov:secretsmanager:us-gov-west-1:1:secret:a', 'us-gov-west-1'],
  ['egain', 'ap-south-1'],
  ['not:arn:aws:secretsmanager:eu-west-1:1', 'ap-south-1'],
])('a secret is asked for in its own region: %s', async (secretArn, region) => {
  vi.stubEnv('AWS_REGION', 'ap-south-1');
  const own = createCredentialsStore(secretArn, clock);

  await own.get(inTime());

  const [call] = secretsManager.commandCalls(GetSecretValueCommand);
  await expect(call?.thisValue.config.region()).resolves.toBe(region);
});

describe('a read', () => {
  test('ends with 504-901 as soon as something older is to stand in', async () => {
    const deadline = { ...inTime(), firstByteMs: 5000 };
    reads().callsFake(() => new Promise(() => undefined));

    const asked = store.get(deadline);
    const [call] = secretsManager.commandCalls(GetSecretValueCommand);
    const [, options] = (call?.args ?? []) as readonly unknown[];
    clock.advance(4999);
    expect(options).toMatchObject({ abortSignal: { aborted: false } });
    clock.advance(1);

    await expect(asked).rejects.toMatchObject({
      code: '504-901',
      reason: 'Secrets Manager did not answer in time',
    });
    expect(options).toMatchObject({ abortSignal: { aborted: true } });
    expect(deadline.signal.aborted).toBe(false);
  });

  test('is not begun when no time is left', async () => {
    const noTime = createDeadline(0, { clock });

    await expect(store.get(noTime)).rejects.toMatchObject({ code: '504-901' });
    expect(secretsManager).not.toHaveReceivedAnyCommand();
  });

  test('that has ended leaves no timer behind', async () => {
    const deadline = { ...inTime(), firstByteMs: 5000 };
    const { waiting } = clock;

    await store.get(deadline);

    expect(clock.waiting).toBe(waiting);
  });

  test('ends when its work is cancelled, for the reason given there', async () => {
    reads().callsFake(() => Promise.withResolvers().promise);
    const deadline = cancellable(inTime());
    const reading = store.get(deadline);

    deadline.cancel(new Fault('egainPagesInconsistent'));

    await expect(reading).rejects.toMatchObject({ code: '502-904' });
    expect(lines).toEqual([]);
  });
});

function withSecret(clientSecret: unknown): string {
  return JSON.stringify({ clientId: CANARY.clientId, clientSecret });
}
