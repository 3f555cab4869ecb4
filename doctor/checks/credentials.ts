import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { agentsOf } from '../../cli/aws/clients.ts';
import { type Credentials, readSecret, SECRET_FORM } from '../../lambda/egain/credentials.ts';
import { type Deadline, within } from '../../lambda/platform/deadline.ts';
import { type Checked, fails, holds } from '../report.ts';

export interface CredentialsPlace {
  /** Where to read them; without it, the environment. */
  readonly secretArn: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The ARN that the stage config names, to be proposed. */
  readonly stageSecretArn: string | undefined;
  /** Where the stage config says that the functions run. */
  readonly stageRegion: string | undefined;
  /** The client of the simulated eGain, where that is examined. */
  readonly sandbox: Pick<Credentials, 'clientId' | 'clientSecret'> | undefined;
}

/** Whether there are credentials of the right form; not yet whether eGain takes them. */
export async function checkCredentials(
  place: CredentialsPlace,
  deadline: Deadline,
): Promise<Checked<Credentials>> {
  const { secretArn, sandbox } = place;
  if (secretArn !== undefined) return fromSecret(secretArn, place, deadline);
  if (sandbox === undefined) return fromEnvironment(place);
  return found(sandbox, 'the sandbox has told those of its simulated eGain');
}

/** A function asks Secrets Manager in its own region, wherever the secret is. */
function regionProblem(
  arn: string,
  { stageRegion, environment }: CredentialsPlace,
): Checked<never> | undefined {
  const secretRegion = arn.split(':')[3] ?? '';
  const region = stageRegion ?? (environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION']);
  if (region === undefined || region === '' || region === secretRegion) return undefined;
  const whence = stageRegion === undefined ? "the shell's region" : 'aws.region of the stage';
  return fails(
    'secret-region',
    `the secret is in ${secretRegion}, and the functions ask ${region} (${whence})`,
    `Put the secret into ${region}, or deploy the stage to ${secretRegion}.`,
  );
}

function fromEnvironment({ environment, stageSecretArn }: CredentialsPlace): Checked<Credentials> {
  const clientId = environment['EGAIN_CLIENT_ID'];
  const clientSecret = environment['EGAIN_CLIENT_SECRET'];
  if (clientId === undefined || clientSecret === undefined) {
    const absent = [
      ...(clientId === undefined ? ['EGAIN_CLIENT_ID'] : []),
      ...(clientSecret === undefined ? ['EGAIN_CLIENT_SECRET'] : []),
    ];
    const arn = stageSecretArn ?? '<ARN>';
    return fails(
      'credentials-missing',
      `the environment lacks ${absent.join(' and ')}`,
      `Set them, or read the secret that the functions read: --secret-arn ${arn}.`,
    );
  }
  const secret = readSecret(JSON.stringify({ clientId, clientSecret }));
  if ('fault' in secret) {
    const fault = secret.fault
      .replaceAll('clientId', 'EGAIN_CLIENT_ID')
      .replaceAll('clientSecret', 'EGAIN_CLIENT_SECRET');
    return fails('credentials-malformed', fault, `Set it to what eGain's Admin Console showed.`);
  }
  return found(secret.value, 'the environment has a client id and a client secret');
}

async function fromSecret(
  arn: string,
  place: CredentialsPlace,
  deadline: Deadline,
): Promise<Checked<Credentials>> {
  const problem = regionProblem(arn, place);
  if (problem !== undefined) return problem;
  const { environment } = place;
  const region = arn.split(':')[3] ?? '';
  // `credentials` is left to the SDK's default chain: here they are a person's, of whatever kind.
  const client = new SecretsManagerClient({
    region,
    maxAttempts: 2,
    requestHandler: agentsOf(environment),
  });
  const command = new GetSecretValueCommand({ SecretId: arn, VersionStage: 'AWSCURRENT' });
  try {
    const { SecretString } = await within(
      client.send(command, { abortSignal: deadline.signal }),
      deadline,
    );
    const secret = readSecret(SecretString);
    if ('fault' in secret) {
      return fails(
        'secret-malformed',
        `in the secret ${secret.fault}`,
        `Put ${SECRET_FORM} into it.`,
      );
    }
    const both = environment['EGAIN_CLIENT_SECRET'] !== undefined;
    const notes = both ? ['EGAIN_CLIENT_SECRET is set as well; --secret-arn comes first'] : [];
    return found(secret.value, 'the secret holds a client id and a client secret', notes);
  } catch (error) {
    const name = deadline.signal.aborted ? 'no answer in time' : nameOf(error);
    const [cause, advice] = refusal(name);
    return fails(cause, `the secret cannot be read: ${name}`, advice);
  } finally {
    client.destroy();
  }
}

function found(
  value: Pick<Credentials, 'clientId' | 'clientSecret'>,
  seen: string,
  notes: string[] = [],
): Checked<Credentials> {
  const blank = [value.clientId, value.clientSecret].some((text) => text !== text.trim());
  if (blank)
    notes.push('one of them begins or ends with white space: is that how eGain showed it?');
  return holds({ ...value, version: 'doctor' }, seen, { notes });
}

function refusal(errorName: string): readonly [cause: string, advice: string] {
  switch (errorName) {
    case 'ResourceNotFoundException':
      return [
        'secret-missing',
        `Compare the ARN (account, region, name) with the stack's output CredentialsSecretArn, ` +
          `and put ${SECRET_FORM} into the secret: a new one is empty.`,
      ];
    case 'AccessDeniedException':
    case 'DecryptionFailure':
      return [
        'secret-denied',
        'Let your AWS identity do secretsmanager:GetSecretValue on the secret, and kms:Decrypt with its key.',
      ];
    case 'CredentialsProviderError':
    case 'UnrecognizedClientException':
    case 'InvalidSignatureException':
    case 'ExpiredTokenException':
      return [
        'aws-credentials',
        'Sign in to AWS in this shell: aws sts get-caller-identity must answer.',
      ];
    default:
      return [
        'secret-unreadable',
        'Try again; if it stays, look whether AWS can be reached from here.',
      ];
  }
}

/** The name alone: the SDK's messages may quote what it could not parse. */
function nameOf(error: unknown): string {
  return error instanceof Error && /^\w{1,80}$/.test(error.name) ? error.name : 'UnknownError';
}
