import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  type Credentials,
  pastedEnds,
  readSecret,
  SECRET_FORM,
} from '../../lambda/egain/credentials.ts';
import { type Deadline, within } from '../../lambda/platform/deadline.ts';
import { explain, ownAgents } from '../aws/clients.ts';
import { type Finding, failed, ok } from '../findings.ts';
import type { Terminal } from '../terminal.ts';
import type { Examined } from './config.ts';

type Environment = Terminal['environment'];

/**
 * Whether there are credentials of the right form. Whether eGain takes them is the next check.
 *
 * @param secretArn where they are; without it they are in the environment
 */
export async function checkCredentials(
  { config, sandbox }: Examined,
  secretArn: string | undefined,
  environment: Environment,
  deadline: Deadline,
): Promise<Finding<Credentials>> {
  if (secretArn !== undefined) {
    const problem = regionProblem(secretArn, config.aws.region, environment);
    return problem ?? (await fromSecret(secretArn, environment, deadline));
  }
  return sandbox === undefined
    ? fromEnvironment(environment, config.credentials.secretArn)
    : found(sandbox, 'the sandbox tells those of its simulated eGain');
}

function fromEnvironment(environment: Environment, arn = '<ARN>'): Finding<Credentials> {
  const { EGAIN_CLIENT_ID: clientId, EGAIN_CLIENT_SECRET: clientSecret } = environment;
  if (clientId === undefined || clientSecret === undefined) {
    const absent = ['EGAIN_CLIENT_ID', 'EGAIN_CLIENT_SECRET'].filter(
      (name) => environment[name] === undefined,
    );
    return failed(
      `the environment lacks ${absent.join(' and ')}`,
      `Set them, or read the functions' own secret: --secret-arn ${arn}.`,
      { cause: 'credentials-missing' },
    );
  }
  const secret = readSecret(JSON.stringify({ clientId, clientSecret }));
  if ('fault' in secret) {
    const seen = byVariable(secret.fault);
    const advice = "Set it to what eGain's Admin Console showed.";
    return failed(seen, advice, { cause: 'credentials-malformed' });
  }
  const { notes = [], ...all } = found(
    secret.value,
    'the environment has a client id and a client secret',
  );
  return { ...all, notes: notes.map(byVariable) };
}

/** The text with the variables' names in place of the keys of the secret. */
function byVariable(text: string): string {
  return text
    .replaceAll('clientId', 'EGAIN_CLIENT_ID')
    .replaceAll('clientSecret', 'EGAIN_CLIENT_SECRET');
}

async function fromSecret(
  arn: string,
  environment: Environment,
  deadline: Deadline,
): Promise<Finding<Credentials>> {
  // The SDK's default chain finds a person's credentials, of whatever kind.
  const client = new SecretsManagerClient({
    region: regionOf(arn),
    maxAttempts: 2,
    requestHandler: ownAgents(),
  });
  const command = new GetSecretValueCommand({ SecretId: arn, VersionStage: 'AWSCURRENT' });
  try {
    const answer = client.send(command, { abortSignal: deadline.signal });
    const secret = readSecret((await within(answer, deadline)).SecretString);
    if ('fault' in secret) {
      const cause = 'secret-malformed';
      return failed(`in the secret ${secret.fault}`, `Put ${SECRET_FORM} into it.`, { cause });
    }
    const both = environment['EGAIN_CLIENT_SECRET'] !== undefined;
    const notes = both ? ['EGAIN_CLIENT_SECRET is set too; --secret-arn comes first'] : [];
    return found(secret.value, 'the secret holds a client id and a client secret', notes);
  } catch (error) {
    return unreadable(error, deadline);
  } finally {
    client.destroy();
  }
}

/** The functions ask Secrets Manager in their own region, wherever the secret is. */
function regionProblem(
  arn: string,
  pinned: string | undefined,
  environment: Environment,
): Finding<never> | undefined {
  const there = regionOf(arn);
  const region =
    pinned ?? (environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || there);
  if (region === there) return undefined;
  const source = pinned === undefined ? "the shell's region" : 'aws.region of the stage';
  return failed(
    `the secret is in ${there}, and the functions ask ${region} (${source})`,
    `Put the secret into ${region}, or deploy the stage to ${there}.`,
    { cause: 'secret-region' },
  );
}

function regionOf(arn: string): string {
  return arn.split(':')[3] ?? '';
}

const CAUSES = {
  denied: 'secret-denied',
  'signed-out': 'aws-credentials',
  unreachable: 'secret-unreadable',
  other: 'secret-unreadable',
} as const;

function unreadable(error: unknown, { signal }: Deadline): Finding<never> {
  const rights = 'secretsmanager:GetSecretValue on the secret and kms:Decrypt with its key';
  const { name, kind, advice } = explain(error, rights);
  const seen = `the secret cannot be read: ${signal.aborted ? 'no answer in time' : name}`;
  if (name !== 'ResourceNotFoundException') return failed(seen, advice, { cause: CAUSES[kind] });
  return failed(
    seen,
    "Compare the ARN (account, region, name) with the stack's output CredentialsSecretArn, and " +
      `put ${SECRET_FORM} into the secret: a new one is empty.`,
    { cause: 'secret-missing' },
  );
}

function found(
  value: Pick<Credentials, 'clientId' | 'clientSecret'>,
  seen: string,
  notes: string[] = [],
): Finding<Credentials> {
  const pasted = pastedEnds(value).map((end) => `${end}: did eGain show it like that?`);
  return ok(seen, { value: { ...value, version: 'doctor' }, notes: [...notes, ...pasted] });
}
