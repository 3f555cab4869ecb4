import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { STSClient } from '@aws-sdk/client-sts';
import { lazy } from '../../lambda/platform/util.ts';
import { proxyEnvironment } from '../proxy.ts';

/** Which account and region the clients speak to. */
export interface AwsTarget {
  /** A profile of the shared config files. @default - the shell's own credentials */
  readonly profile?: string | undefined;
  /** @default - the shell's or the profile's region */
  readonly region?: string | undefined;
}

/** AWS, with the caller's own credentials. */
export interface Aws {
  readonly sts: STSClient;
  readonly cloudFormation: CloudFormationClient;
  readonly apiGateway: APIGatewayClient;
  readonly cognito: CognitoIdentityProviderClient;
  readonly lambda: LambdaClient;
  readonly stepFunctions: SFNClient;
  readonly s3: S3Client;
  /** The region that is asked. */
  region(): Promise<string>;
}

/**
 * Makes the clients. The SDK takes credentials, region and endpoints (`AWS_ENDPOINT_URL` and those
 * of the services) from where it always does.
 */
export function connectAws(
  { profile, region }: AwsTarget,
  environment: Readonly<Record<string, string | undefined>>,
): Aws {
  const options = {
    ...(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { region }),
    maxAttempts: 3,
    requestHandler: { ...agentsOf(environment), connectionTimeout: 10_000, requestTimeout: 70_000 },
  };
  const sts = lazy(() => new STSClient(options));
  const cloudFormation = lazy(() => new CloudFormationClient(options));
  const apiGateway = lazy(() => new APIGatewayClient(options));
  const cognito = lazy(() => new CognitoIdentityProviderClient(options));
  const lambda = lazy(() => new LambdaClient(options));
  const stepFunctions = lazy(() => new SFNClient(options));
  // An emulator has no host name for each bucket.
  const forcePathStyle =
    (environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL']) !== undefined;
  const s3 = lazy(() => new S3Client({ ...options, forcePathStyle }));
  return {
    get sts() {
      return sts();
    },
    get cloudFormation() {
      return cloudFormation();
    },
    get apiGateway() {
      return apiGateway();
    },
    get cognito() {
      return cognito();
    },
    get lambda() {
      return lambda();
    },
    get stepFunctions() {
      return stepFunctions();
    },
    get s3() {
      return s3();
    },
    region: () => sts().config.region(),
  };
}

/** Agents that go by the environment's proxy; those that the SDK makes know of none. */
export function agentsOf(environment: Readonly<Record<string, string | undefined>>): {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
} {
  const options = { keepAlive: true, proxyEnv: proxyEnvironment(environment) };
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(options) };
}

/** The name of an error of the SDK's or of Node's; its message may quote what it could not read. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return 'UnknownError';
  const code: unknown = Reflect.get(error, 'code');
  if (error.name === 'Error' && typeof code === 'string') return code;
  return /^[\w.]{1,80}$/.test(error.name) ? error.name : 'UnknownError';
}

const SIGN_IN = 'Sign in to AWS in this shell: aws sts get-caller-identity must answer.';

/** What to do about an error of AWS's; `rights` are the actions that the caller needs. */
export function adviceFor(name: string, rights: string): string {
  if (/AccessDenied|UnauthorizedOperation|Forbidden|NotAuthorized/.test(name)) {
    return `Let your AWS identity do ${rights} (docs/deploying.md, Rights).`;
  }
  if (
    /CredentialsProvider|UnrecognizedClient|InvalidSignature|Expired|InvalidClientToken/.test(name)
  ) {
    return SIGN_IN;
  }
  if (/^(?:ENOTFOUND|EAI_|ECONN|ETIMEDOUT|TimeoutError)/.test(name)) {
    return 'AWS cannot be reached from here: look at the network, HTTPS_PROXY and AWS_ENDPOINT_URL.';
  }
  return 'Try again; if it stays, run aws sts get-caller-identity to see whether AWS answers.';
}
