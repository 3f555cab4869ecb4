import { GetAccountCommand } from '@aws-sdk/client-api-gateway';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { type Aws, adviceFor, errorName } from '../aws/clients.ts';
import { findStack, freeingCommands } from '../aws/stage-stacks.ts';
import type { CheckFinding } from '../findings.ts';

/** Who asks, and where. */
export interface Caller {
  readonly account: string;
  readonly region: string;
}

/** Whose credentials the shell has. */
export async function checkIdentity(
  aws: Aws,
): Promise<{ readonly finding: CheckFinding; readonly caller?: Caller }> {
  const name = 'identity';
  let region: string;
  try {
    region = await aws.region();
  } catch {
    const advice = 'Name it: export AWS_REGION=<region>, or aws.region in the stage config.';
    return { finding: { name, state: 'failed', seen: 'no region is set', advice } };
  }
  try {
    const { Account: account = '', Arn: arn = '' } = await aws.sts.send(
      new GetCallerIdentityCommand({}),
    );
    const seen = `${arn}, account ${account}, region ${region}`;
    return { finding: { name, state: 'ok', seen }, caller: { account, region } };
  } catch (error) {
    const seen = `AWS does not tell who this is: ${errorName(error)}`;
    const advice = adviceFor(errorName(error), 'sts:GetCallerIdentity');
    return { finding: { name, state: 'failed', seen, advice } };
  }
}

/** Whether account and region are those that the stage config pins. */
export function checkPlace({ aws }: StageConfig, { account, region }: Caller): CheckFinding {
  const name = 'place';
  const wrong = [
    ...(aws.account === undefined || aws.account === account
      ? []
      : [`account ${account} in place of ${aws.account}`]),
    ...(aws.region === undefined || aws.region === region
      ? []
      : [`region ${region} in place of ${aws.region}`]),
  ];
  if (wrong.length > 0) {
    return {
      name,
      state: 'failed',
      seen: `the shell has ${wrong.join(', ')}`,
      advice:
        'Take the other profile (AWS_PROFILE, AWS_REGION), or change aws in the stage config.',
    };
  }
  if (aws.account !== undefined && aws.region !== undefined) {
    return { name, state: 'ok', seen: 'those that the stage config pins' };
  }
  return {
    name,
    state: 'ok',
    seen: 'the stage config does not pin them: the stage goes where the shell points',
    notes: [`to pin them: "aws": { "account": "${account}", "region": "${region}" }`],
  };
}

/** Whether the CDK has been bootstrapped here. */
export async function checkBootstrap(
  aws: Aws,
  { account, region }: Caller,
  stackName: string,
): Promise<CheckFinding> {
  const name = 'bootstrap';
  try {
    const stack = await findStack(aws, stackName);
    if (stack === undefined) {
      return {
        name,
        state: 'failed',
        seen: `the CDK has not been bootstrapped in ${account}, ${region}`,
        advice: `Once for an account and region: npx cdk bootstrap aws://${account}/${region}`,
      };
    }
    const version = stack.Outputs?.find((output) => output.OutputKey === 'BootstrapVersion');
    const which = version?.OutputValue === undefined ? '' : `, version ${version.OutputValue}`;
    const { StackStatus: status = 'not readable' } = stack;
    const usable = /^(?:CREATE|UPDATE|UPDATE_ROLLBACK|IMPORT)_COMPLETE$/.test(status);
    if (usable) return { name, state: 'ok', seen: `the CDK has its ${stackName}${which}` };
    return {
      name,
      state: 'failed',
      seen: `the stack ${stackName} is ${status}`,
      advice: `Bootstrap again: npx cdk bootstrap aws://${account}/${region}`,
    };
  } catch (error) {
    return unanswered(name, error, 'cloudformation:DescribeStacks');
  }
}

/** Whether API Gateway may write logs: without it the deploy fails after minutes. */
export async function checkGatewayRole(aws: Aws): Promise<CheckFinding> {
  const name = 'gateway logs';
  try {
    const { cloudwatchRoleArn } = await aws.apiGateway.send(new GetAccountCommand({}));
    if (cloudwatchRoleArn !== undefined && cloudwatchRoleArn !== '') {
      return { name, state: 'ok', seen: `API Gateway writes logs as ${cloudwatchRoleArn}` };
    }
    return {
      name,
      state: 'failed',
      seen: 'API Gateway has no role to write logs with in this account and region',
      advice: 'Give it one, three commands: docs/operations.md, First deploy, step 4.',
    };
  } catch (error) {
    return unanswered(name, error, 'apigateway:GET on /account');
  }
}

/** In these the CDK deletes a stack and makes it anew. */
const FAILED_AT_FIRST: ReadonlySet<string> = new Set(['ROLLBACK_COMPLETE', 'ROLLBACK_FAILED']);

/** Whether another deploy is under way, or left a stack that can't be updated. */
export async function checkStacks(aws: Aws, names: readonly string[]): Promise<CheckFinding> {
  const name = 'stacks';
  const found: { readonly stackName: string; readonly status: string; readonly held: boolean }[] =
    [];
  try {
    for (const stackName of names) {
      const stack = await findStack(aws, stackName);
      const { StackStatus: status = 'of no known status' } = stack ?? {};
      const held = FAILED_AT_FIRST.has(status) && stack?.EnableTerminationProtection === true;
      if (stack !== undefined) found.push({ stackName, status, held });
    }
  } catch (error) {
    return unanswered(name, error, 'cloudformation:DescribeStacks');
  }
  const lines = (some: typeof found) =>
    some
      .map(({ stackName, status, held }) => {
        return `${stackName} is ${status}${held ? ', and protected from termination' : ''}`;
      })
      .join('\n');
  // A review is of a change set that waits, as after --no-execute; a deploy takes it over.
  const busy = found.filter(({ status }) => /(?<!^REVIEW)_IN_PROGRESS$/.test(status));
  const held = found.filter((stack) => stack.held);
  const stuck = found.filter(({ status }) => status.endsWith('_FAILED'));
  if (busy.length > 0) {
    const advice = 'Another deploy is under way: wait for its end.';
    return { name, state: 'failed', seen: lines(busy), advice };
  }
  if (held.length > 0) {
    const commands = freeingCommands(held.map(({ stackName }) => stackName)).trimEnd();
    const advice = `The CDK deletes what failed at first, before it deploys again. Let it:\n${commands}`;
    return { name, state: 'failed', seen: lines(held), advice };
  }
  if (stuck.length > 0) {
    const advice = "CloudFormation's events of the stack say why (docs/symptoms.md).";
    return { name, state: 'warning', seen: lines(stuck), advice };
  }
  const none = 'none of this stage yet: this is its first deploy';
  return { name, state: 'ok', seen: found.length === 0 ? none : lines(found) };
}

function unanswered(name: string, error: unknown, rights: string): CheckFinding {
  return {
    name,
    state: 'warning',
    seen: `not known: ${errorName(error)}`,
    advice: adviceFor(errorName(error), rights),
  };
}
