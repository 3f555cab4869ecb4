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
const hangs = () => reads().callsFake(() => Promise.withResolvers().promise);
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

test('a secret has a version of its own where Secrets Manager names none', async () => {
  reads()
    .resolvesOnce({ SecretString: JSON.stringify(VALUE) })
    .resolves({ SecretString: JSON.stringify({ ...VALUE, clientId: 'another' }) });

  const first = await store.get(inTime());
  const second = await store.reread(first.version, inTime());

  expect(first.version).toMatch(/^[0-9a-f]{64}$/);
  expect(second).toMatchObject({ clientId: 'another', clientSecret: CANARY.clientSecret });
  expect(second.version).not.toBe(first.version);
});

test('a read leaves no timer behind, and a refused version causes none where another is known', async () => {
  const deadline = { ...inTime(), patienceMs: 5000 };
  const { waiting } = clock;
  await store.get(deadline);
  expect(clock.waiting).toBe(waiting);

  await expect(store.reread('version-0', deadline)).resolves.toEqual(FIRST);
  expect(secretsManager).toHaveReceivedCommandOnce(GetSecretValueCommand);
});

describe('while Secrets Manager is unwell', () => {
  beforeEach(async () => {
    await store.get(inTime());
    clock.advance(5 * 60_000);
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
  ])('%s, %i: the last value serves on, and is read again 30 s later', async (name, status) => {
    reads().rejects(serviceError(name, status));

    const during = [await store.get(inTime()), await store.get(inTime())];
    holds(SECOND);
    clock.advance(30_000);
    const after = await store.get(inTime());

    expect([...during, after]).toEqual([FIRST, FIRST, SECOND]);
    expect(secretsManager).toHaveReceivedCommandTimes(GetSecretValueCommand, 3);
    const fields = { secretArn: SECRET_ARN, failure: name };
    expect(lines).toEqual([{ level: 'warn', message: 'Reading the secret failed', fields }]);
  });

  test.each([
    ['ends by the SDK’s own time-out', { name: 'TimeoutError' }],
    ['is closed', { code: 'EPIPE', $metadata: {} }],
  ])('the last value serves on where the connection %s', async (_, error) => {
    reads().rejects(Object.assign(new Error('socket hang up'), error));

    await expect(store.get(inTime())).resolves.toEqual(FIRST);
  });

  test('the last value serves on where the answer is late for the first byte', async () => {
    hangs();
    const asked = store.get({ ...inTime(), patienceMs: 5000 });
    clock.advance(5000);

    await expect(asked).resolves.toEqual(FIRST);
    expect(lines).toMatchObject([{ fields: { failure: 'TimeoutError' } }]);
  });

  test.each([
    ['lacks a setting', new Error('Region is missing'), 'Error'],
    ['throws what is no error', 'away', 'unknown'],
    ['is refused', serviceError('SomeException', 428), 'SomeException'],
  ])('the last value does not hide that the SDK %s', async (_, error, name) => {
    reads().callsFake(() => Promise.reject(error));

    await expect(store.get(inTime())).rejects.toMatchObject({
      code: '500-902',
      reason: `the secret ${SECRET_ARN} cannot be read: ${name}`,
    });
  });
});

describe('a read', () => {
  test('ends with the reason for which its work is cancelled, and logs nothing', async () => {
    hangs();
    const deadline = cancellable(inTime());
    const reading = store.get(deadline);

    deadline.cancel(new Fault('egainPagesInconsistent'));

    await expect(reading).rejects.toMatchObject({ code: '502-904' });
    expect(lines).toEqual([]);
  });

  test('ends with 504-901 where the first byte is late, and leaves the deadline as it is', async () => {
    const deadline = { ...inTime(), patienceMs: 5000 };
    hangs();

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

  test.each([
    ['arn:aws-us-gov:secretsmanager:us-gov-west-1:1:secret:a', 'us-gov-west-1'],
    ['egain', 'ap-south-1'],
    ['not:arn:aws:secretsmanager:eu-west-1:1', 'ap-south-1'],
  ])('is made in the secret’s own region: %s', async (secretArn, region) => {
    vi.stubEnv('AWS_REGION', 'ap-south-1');

    await createCredentialsStore(secretArn, clock).get(inTime());

    const [call] = secretsManager.commandCalls(GetSecretValueCommand);
    await expect(call?.thisValue.config.region()).resolves.toBe(region);
  });
});

const PLACEHOLDERS =
  '<>, <secret> ,...,…,changeme,change-me,CHANGE ME,replace_me,Placeholder,todo,TBD,xxx,null,' +
  'undefined,none,your_client_secret';
const SECRETS =
  'a<b>,<a>b,....,..,xx,xxxy,changemenow,dontchangeme,replaceme2,todos,nullable,nonesuch,' +
  'yoursecret,my your-secret,change--me';
const readValue = (clientSecret: string) =>
  readSecret(JSON.stringify({ clientId: CANARY.clientId, clientSecret }));

test.each(PLACEHOLDERS.split(','))('a placeholder is told from a secret: %s', (text) => {
  expect(readValue(text)).toEqual({ fault: 'clientSecret is a placeholder' });
});

test.each(SECRETS.split(','))('a secret is no placeholder that it resembles: %s', (text) => {
  expect(readValue(text)).toMatchObject({ value: { clientSecret: text } });
});
