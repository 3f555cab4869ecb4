import http from 'node:http';
import https from 'node:https';
import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { EC2Client } from '@aws-sdk/client-ec2';
import { IAMClient } from '@aws-sdk/client-iam';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { loadStageConfig } from '../../lib/stage/stage-config.ts';
import type { Finding, failed, warning } from '../findings.ts';
import { CommandFailure, type World } from '../program.ts';
import type { Terminal } from '../terminal.ts';

type Environment = Terminal['environment'];

/** Which account and region the clients call. */
export interface AwsTarget {
  /** A profile of the shared config files. @default - the shell's own credentials */
  readonly profile?: string | undefined;
  /** @default - the shell's or the profile's region */
  readonly region?: string | undefined;
}

export type Aws = ReturnType<typeof connectAws>;

/** A stage's config, and clients for where it is deployed. @throws StageConfigError */
export function connectStage(
  { stage, profile, region }: AwsTarget & { readonly stage: string },
  { terminal, configFolder }: World,
) {
  const config = loadStageConfig(stage, { folder: configFolder });
  const target = { profile, region: region ?? config.aws.region };
  return { config, aws: connectAws(target, terminal.environment) };
}

/**
 * Makes clients with the caller's own credentials. The SDK finds credentials, region and endpoints
 * (`AWS_ENDPOINT_URL` and those of the services) as it always does.
 */
export function connectAws({ profile, region }: AwsTarget, environment: Environment) {
  const options = {
    ...(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { region }),
    maxAttempts: 3,
    requestHandler: { ...ownAgents(), connectionTimeout: 10_000, requestTimeout: 70_000 },
  };
  // An emulator has no host name for each bucket.
  const forcePathStyle =
    (environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL']) !== undefined;
  const sts = new STSClient(options);
  return {
    sts,
    cloudFormation: new CloudFormationClient(options),
    cloudWatch: new CloudWatchClient(options),
    apiGateway: new APIGatewayClient(options),
    cognito: new CognitoIdentityProviderClient(options),
    ec2: new EC2Client(options),
    iam: new IAMClient(options),
    ssm: new SSMClient(options),
    lambda: new LambdaClient(options),
    stepFunctions: new SFNClient(options),
    s3: new S3Client({ ...options, forcePathStyle }),
    /** The region that the clients call. Rejects where none is set. */
    region: () => sts.config.region(),
  };
}

/** The account and region that the shell's credentials are for. */
export interface Caller {
  readonly account: string;
  readonly region: string;
  readonly arn: string;
}

/** @returns undefined where no region is set. @throws AWS's error */
export async function callerOf(aws: Aws): Promise<Caller | undefined> {
  const region = await aws.region().catch(() => undefined);
  if (region === undefined) return undefined;
  const { Account: account = '', Arn: arn = '' } = await aws.sts.send(
    new GetCallerIdentityCommand({}),
  );
  return { account, region, arn };
}

export const NO_REGION = 'export AWS_REGION=<region>, or set aws.region in the stage config.';

/** Prints where a command works. @throws CommandFailure without credentials or region */
export async function tellPlace(stage: string, aws: Aws, terminal: Terminal): Promise<void> {
  const caller = await asked(callerOf(aws), 'sts:GetCallerIdentity');
  if (caller === undefined) throw new CommandFailure(`No region is set: ${NO_REGION}`);
  terminal.print(`Stage ${stage} in account ${caller.account}, region ${caller.region}`);
}

/** Node's own agents, which use the environment's proxy; the SDK's do not. */
export function ownAgents() {
  return { httpAgent: http.globalAgent, httpsAgent: https.globalAgent };
}

/** The name of an error of the SDK or of Node.js. Its message may quote what could not be read. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return 'UnknownError';
  const code: unknown = Reflect.get(error, 'code');
  if (error.name === 'Error' && typeof code === 'string') return code;
  return /^[\w.]{1,80}$/.test(error.name) ? error.name : 'UnknownError';
}

/** What an error of AWS's is called, what kind it is of, and what to do about it. */
export interface AwsProblem {
  readonly name: string;
  readonly kind: 'denied' | 'signed-out' | 'unreachable' | 'other';
  readonly advice: string;
}

/** Explains an error of the SDK; `rights` are the actions that the caller needs. */
export function explain(error: unknown, rights: string): AwsProblem {
  const name = errorName(error);
  if (/AccessDenied|Decryption|UnauthorizedOperation|Forbidden|NotAuthorized/.test(name)) {
    const advice = `Give your AWS identity the right to ${rights} (docs/deploying.md, Rights).`;
    return { name, kind: 'denied', advice };
  }
  if (/CredentialsProvider|UnrecognizedClient|Signature|Expired|InvalidClientToken/.test(name)) {
    const advice = 'Sign in to AWS in this shell: aws sts get-caller-identity must answer.';
    return { name, kind: 'signed-out', advice };
  }
  if (/^(?:ENOTFOUND|EAI_|ECONN|ETIMEDOUT|TimeoutError)/.test(name)) {
    const advice =
      'This machine does not reach AWS: check the network, HTTPS_PROXY and AWS_ENDPOINT_URL.';
    return { name, kind: 'unreachable', advice };
  }
  const advice =
    'Try again. If it fails again, run aws sts get-caller-identity to see whether AWS answers.';
  return { name, kind: 'other', advice };
}

/**
 * Turns an error of AWS into a finding.
 *
 * @param make what kind of finding
 * @param what the error means for the check
 * @param rights the actions that the caller needs
 */
export function awsProblem(make: typeof failed | typeof warning, what: string, rights: string) {
  return (error: unknown): Finding<never> => {
    const { name, advice } = explain(error, rights);
    return make(`${what}: ${name}`, advice);
  };
}

/** AWS's answer. @throws CommandFailure in place of its error, saying what to do */
export async function asked<T>(answer: Promise<T>, rights: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    const { name, advice } = explain(error, rights);
    if (name === 'CredentialsProviderError') {
      throw new CommandFailure(
        'This shell has no AWS credentials: sign in, or name a profile with --profile <name>.',
      );
    }
    throw new CommandFailure(`AWS refuses ${rights}: ${name}. ${advice}`);
  }
}

/** All pages of AWS's answer. @throws CommandFailure as `asked` does */
export function askedPages<T>(pages: AsyncIterable<T>, rights: string): Promise<T[]> {
  const collect = async () => {
    const all: T[] = [];
    for await (const page of pages) all.push(page);
    return all;
  };
  return asked(collect(), rights);
}
