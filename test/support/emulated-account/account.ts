import type { IncomingMessage } from 'node:http';
import { listen, readBody } from '../../../sandbox/local-server.ts';
import { answerApiGateway } from './api-gateway.ts';
import { answerCloudFormation } from './cloud-formation.ts';
import { answerCognito } from './cognito.ts';
import { answerEc2 } from './ec2.ts';
import { answerLambda, answerStepFunctions } from './functions.ts';
import { answerS3 } from './s3.ts';
import {
  type AccountState,
  type AwsAnswer,
  type AwsCall,
  json,
  xmlError,
  xmlResult,
} from './state.ts';

/** An AWS account on loopback, as far as the project's commands call one. */
export interface EmulatedAccount {
  /** What the SDK's clients need to ask this account. */
  readonly environment: Readonly<Record<string, string>>;
  readonly state: AccountState;
  readonly close: () => Promise<void>;
}

/**
 * Starts the account. All services are at one address, which `AWS_ENDPOINT_URL` names; the request
 * shows which one is meant. Signatures are not checked.
 */
export async function startEmulatedAccount(state: AccountState): Promise<EmulatedAccount> {
  const local = await listen(async (request, response) => {
    const body = (await readBody(request, 6_000_000))?.toString('utf8') ?? '';
    const answer = await answerTo(callOf(request, body), state);
    response
      .writeHead(answer.status, { 'Content-Type': answer.contentType, ...answer.headers })
      .end(answer.text);
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
  if (call.target.endsWith('.DescribeAlarms')) return answerCloudWatch(call, state);
  if (call.target === 'AmazonSSM.GetParameter') return answerParameter(call, state);
  if (call.url.pathname.startsWith('/2015-03-31/functions/')) return answerLambda(call, state);
  if (/^\/(?:account|usageplans)\b/.test(call.url.pathname)) return answerApiGateway(call, state);
  const asked = new URLSearchParams(call.body);
  const action = asked.get('Action');
  if (action === 'GetCallerIdentity') return answerSts(state);
  if (action === 'AssumeRole') return answerAssumeRole();
  if (action === 'GetRole') return answerGetRole(asked.get('RoleName') ?? '', state);
  if (asked.get('Version') === '2016-11-15') return answerEc2(asked, state);
  if (action !== null) return answerCloudFormation(asked, state);
  if (call.method === 'GET' || call.method === 'PUT') return answerS3(call, state);
  throw new Error(`the emulated account does not know ${call.method} ${call.url.pathname}`);
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
function answerSts({ account, denied }: AccountState): AwsAnswer {
  if (denied === 'GetCallerIdentity') {
    return xmlError('ExpiredToken', 'The security token included in the request is expired');
  }
  const arn = `arn:aws:iam::${account}:user/deployer`;
  return xmlResult(
    'GetCallerIdentity',
    `<Arn>${arn}</Arn><UserId>AIDA</UserId><Account>${account}</Account>`,
  );
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html */
function answerCloudWatch({ body }: AwsCall, state: AccountState): AwsAnswer {
  if (state.denied === 'DescribeAlarms')
    return json(400, { __type: 'AccessDeniedException' }, '1.0');
  const { AlarmNames } = JSON.parse(body) as { readonly AlarmNames: readonly string[] };
  const MetricAlarms = AlarmNames.filter((name) => state.alarms.has(name)).map((AlarmName) => ({
    AlarmName,
    AlarmArn: `arn:aws:cloudwatch:${state.region}:${state.account}:alarm:${AlarmName}`,
    StateValue: state.alarms.get(AlarmName),
  }));
  return json(200, { MetricAlarms }, '1.0');
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
function answerAssumeRole(): AwsAnswer {
  const credentials =
    '<AccessKeyId>ASIAEMULATED</AccessKeyId><SecretAccessKey>emulated</SecretAccessKey>' +
    '<SessionToken>emulated</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>';
  return xmlResult('AssumeRole', `<Credentials>${credentials}</Credentials>`);
}

/** @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html */
function answerGetRole(name: string, { roles, denied }: AccountState): AwsAnswer {
  if (denied === 'GetRole') return xmlError('AccessDenied', 'not authorized');
  if (!roles.includes(name)) return xmlError('NoSuchEntity', `The role ${name} cannot be found.`);
  return xmlResult('GetRole', `<Role><RoleName>${name}</RoleName></Role>`);
}

/**
 * The parameter with the version of the bootstrap.
 *
 * @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
 */
function answerParameter({ body }: AwsCall, { stacks, denied }: AccountState): AwsAnswer {
  if (denied === 'GetParameter') return json(400, { __type: 'AccessDeniedException' });
  const { Name } = JSON.parse(body) as { readonly Name: string };
  const toolkit = stacks.find(({ outputs }) => outputs['BootstrapVersion'] !== undefined);
  const { BootstrapVersion: Value, Qualifier = 'hnb659fds' } = toolkit?.outputs ?? {};
  return Value === undefined || Name !== `/cdk-bootstrap/${Qualifier}/version`
    ? json(400, { __type: 'ParameterNotFound' })
    : json(200, { Parameter: { Name, Value, Type: 'String' } });
}
