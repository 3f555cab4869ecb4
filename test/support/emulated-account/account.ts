import type { IncomingMessage } from 'node:http';
import { type LocalServer, listen, readBody } from '../../../sandbox/local-server.ts';
import { answerApiGateway } from './api-gateway.ts';
import { answerChangeSets } from './change-sets.ts';
import { answerCloudFormation } from './cloud-formation.ts';
import { answerCognito } from './cognito.ts';
import { answerLambda } from './lambda.ts';
import { answerS3 } from './s3.ts';
import { answerParameter } from './ssm.ts';
import type { AccountState, AwsAnswer, AwsCall } from './state.ts';
import { answerStepFunctions } from './step-functions.ts';
import { answerAssumeRole, answerSts } from './sts.ts';

/** An AWS account on loopback, as far as the project's commands ask one. */
export interface EmulatedAccount {
  /** What the SDK's clients need to ask this account. */
  readonly environment: Readonly<Record<string, string>>;
  readonly state: AccountState;
  readonly close: () => Promise<void>;
}

/**
 * Starts the account. All services are at one address, as `AWS_ENDPOINT_URL` has it; which one is
 * meant shows in the request, whose signature is not looked at.
 */
export async function startEmulatedAccount(state: AccountState): Promise<EmulatedAccount> {
  const local: LocalServer = await listen(async (request, response) => {
    const body = (await readBody(request, 6_000_000))?.toString('utf8') ?? '';
    const {
      status,
      contentType,
      headers = {},
      text,
    } = await answerTo(callOf(request, body), state);
    response.writeHead(status, { 'Content-Type': contentType, ...headers }).end(text);
  });
  return {
    state,
    environment: {
      AWS_ENDPOINT_URL: local.url,
      AWS_REGION: state.region,
      AWS_ACCESS_KEY_ID: 'AKIAEMULATED',
      AWS_SECRET_ACCESS_KEY: 'emulated',
    },
    close: local.close,
  };
}

function callOf(request: IncomingMessage, body: string): AwsCall {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const target = String(request.headers['x-amz-target'] ?? '');
  return { method: request.method ?? 'GET', url, target, body };
}

async function answerTo(call: AwsCall, state: AccountState): Promise<AwsAnswer> {
  if (call.target.startsWith('AWSCognitoIdentityProviderService.'))
    return answerCognito(call, state);
  if (call.target.startsWith('AWSStepFunctions.')) return answerStepFunctions(call, state);
  if (call.target === 'AmazonSSM.GetParameter') return answerParameter(call, state);
  if (call.url.pathname.startsWith('/2015-03-31/functions/')) return answerLambda(call, state);
  if (/^\/(?:account|usageplans)\b/.test(call.url.pathname)) return answerApiGateway(call, state);
  const action = new URLSearchParams(call.body).get('Action');
  if (action === 'GetCallerIdentity') return answerSts(state);
  if (action === 'AssumeRole') return answerAssumeRole();
  if (action === 'DescribeStacks') return answerCloudFormation(call, state);
  if (action !== null) return answerChangeSets(action, call, state);
  if (call.method === 'GET' || call.method === 'PUT') return answerS3(call, state);
  throw new Error(`the emulated account does not know ${call.method} ${call.url.pathname}`);
}
