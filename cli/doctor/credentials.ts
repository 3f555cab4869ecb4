import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type Credentials, readSecret, SECRET_FORM } from '../../lambda/egain/credentials.ts';
import { type Deadline, within } from '../../lambda/platform/deadline.ts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { agentsOf, errorName, isNoSignIn, SIGN_IN } from '../aws/clients.ts';
import { type Checked } from '../findings.ts';
import { fails, holds } from './report.ts';

/** Where the credentials may be. */
export interface CredentialsPlace {
  /** @default - the environment */
  readonly secretArn: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly config: StageConfig;
  /** The client of the simulated eGain, where that is examined. */
  readonly sandbox: Pick<Credentials, 'clientId' | 'clientSecret'> | undefined;
}

/** Whether there are credentials of the right form. Whether eGain takes them is the next check. */
export async function checkCredentials(
  place: CredentialsPlace,
  deadline: Deadline,
): Promise<Checked<Credentials>> {
  const { secretArn, sandbox } = place;
  if (secretArn !== undefined) return fromSecret(secretArn, place, deadline);
  if (sandbox === undefined) return fromEnvironment(place);
  return found(sandbox, 'the sandbox tells those of its simulated eGain');
}

function fromEnvironment({ environment, config }: CredentialsPlace): Checked<Credentials> {
  const { EGAIN_CLIENT_ID: clientId, EGAIN_CLIENT_SECRET: clientSecret } = environment;
  if (clientId === undefined || clientSecret === undefined) {
    const absent = ['EGAIN_CLIENT_ID', 'EGAIN_CLIENT_SECRET'].filter(
      (name) => environment[name] === undefined,
    );
    return fails(
      'credentials-missing',
      `the environment lacks ${absent.join(' and ')}`,
      `Set them, or read the functions' own secret: --secret-arn ${config.credentials.secretArn ?? '<ARN>'}.`,
    );
  }
  const secret = readSecret(JSON.stringify({ clientId, clientSecret }));
  if ('fault' in secret) {
    const fault = secret.fault
      .replaceAll('clientId', 'EGAIN_CLIENT_ID')
      .replaceAll('clientSecret', 'EGAIN_CLIENT_SECRET');
    return fails('credentials-malformed', fault, "Set it to what eGain's Admin Console showed.");
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
  // The SDK's default chain finds a person's credentials, of whatever kind.
  const client = new SecretsManagerClient({
    region: arn.split(':')[3] ?? '',
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
      const advice = `Put ${SECRET_FORM} into it.`;
      return fails('secret-malformed', `in the secret ${secret.fault}`, advice);
    }
    const both = environment['EGAIN_CLIENT_SECRET'] !== undefined;
    const notes = both ? ['EGAIN_CLIENT_SECRET is set too; --secret-arn comes first'] : [];
    return found(secret.value, 'the secret holds a client id and a client secret', notes);
  } catch (error) {
    const name = deadline.signal.aborted ? 'no answer in time' : errorName(error);
    const [cause, advice] = refusal(name);
    return fails(cause, `the secret cannot be read: ${name}`, advice);
  } finally {
    client.destroy();
  }
}

/** The functions ask Secrets Manager in their own region, wherever the secret is. */
function regionProblem(
  arn: string,
  { config, environment }: CredentialsPlace,
): Checked<never> | undefined {
  const secretRegion = arn.split(':')[3] ?? '';
  const ofShell = environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'];
  const region = config.aws.region ?? ofShell;
  if (region === undefined || region === '' || region === secretRegion) return undefined;
  const source = config.aws.region === undefined ? "the shell's region" : 'aws.region of the stage';
  return fails(
    'secret-region',
    `the secret is in ${secretRegion}, and the functions ask ${region} (${source})`,
    `Put the secret into ${region}, or deploy the stage to ${secretRegion}.`,
  );
}

function refusal(name: string): readonly [cause: string, advice: string] {
  if (name === 'ResourceNotFoundException') {
    return [
      'secret-missing',
      "Compare the ARN (account, region, name) with the stack's output CredentialsSecretArn, and " +
        `put ${SECRET_FORM} into the secret: a new one is empty.`,
    ];
  }
  if (name === 'AccessDeniedException' || name === 'DecryptionFailure') {
    return [
      'secret-denied',
      'Give your AWS identity the right to secretsmanager:GetSecretValue on the secret, and to ' +
        'kms:Decrypt with its key.',
    ];
  }
  if (isNoSignIn(name)) return ['aws-credentials', SIGN_IN];
  return [
    'secret-unreadable',
    'Try again. If it fails again, check that this machine reaches AWS.',
  ];
}

function found(
  value: Pick<Credentials, 'clientId' | 'clientSecret'>,
  seen: string,
  notes: string[] = [],
): Checked<Credentials> {
  if ([value.clientId, value.clientSecret].some((text) => text !== text.trim())) {
    notes.push('one of them begins or ends with white space: did eGain show it like that?');
  }
  return holds({ ...value, version: 'doctor' }, seen, { notes });
}
