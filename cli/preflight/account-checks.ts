import { GetAccountCommand } from '@aws-sdk/client-api-gateway';
import type { Stack } from '@aws-sdk/client-cloudformation';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import type { Aws } from '../aws/clients.ts';
import { findStack, isHeldAfterFailure } from '../aws/stacks.ts';
import { type Finding, failed, ok, warning } from '../findings.ts';

/** The account and region that the shell's credentials are for. */
export interface Caller {
  readonly account: string;
  readonly region: string;
}

/** Whose credentials the shell has. */
export async function checkIdentity(aws: Aws): Promise<Finding<Caller>> {
  const region = await aws.region().catch(() => undefined);
  if (region === undefined) {
    const advice = 'export AWS_REGION=<region>, or set aws.region in the stage config.';
    return failed('no region is set', advice);
  }
  const { Account: account = '', Arn: arn = '' } = await aws.sts.send(
    new GetCallerIdentityCommand({}),
  );
  return ok(`${arn}, account ${account}, region ${region}`, { value: { account, region } });
}

/** Whether account and region are those that the stage config pins. */
export function checkPlace({ aws }: StageConfig, caller: Caller): Finding {
  const keys = ['account', 'region'] as const;
  const wrong = keys
    .filter((key) => (aws[key] ?? caller[key]) !== caller[key])
    .map((key) => `${key} ${caller[key]} instead of ${aws[key]}`);
  if (wrong.length > 0) {
    return failed(
      `the shell has ${wrong.join(', ')}`,
      'Use the other profile (AWS_PROFILE, AWS_REGION), or change aws in the stage config.',
    );
  }
  if (keys.every((key) => aws[key] !== undefined)) {
    return ok('the account and region that the stage config pins');
  }
  const { account, region } = caller;
  return ok('the stage config does not pin them: the shell decides where the stage goes', {
    notes: [`to pin them: "aws": { "account": "${account}", "region": "${region}" }`],
  });
}

/** Whether the CDK has been bootstrapped here. */
export async function checkBootstrap(
  aws: Aws,
  { account, region }: Caller,
  stackName: string,
): Promise<Finding<never>> {
  const stack = await findStack(aws, stackName);
  const command = `npx cdk bootstrap aws://${account}/${region}`;
  if (stack === undefined) {
    const seen = `the CDK has not been bootstrapped in ${account}, ${region}`;
    return failed(seen, `Once for an account and region: ${command}`);
  }
  const { StackStatus: status = 'not readable', Outputs = [] } = stack;
  if (!/^(?:CREATE|UPDATE|UPDATE_ROLLBACK|IMPORT)_COMPLETE$/.test(status)) {
    return failed(`the stack ${stackName} is ${status}`, `Bootstrap again: ${command}`);
  }
  const version = Outputs.find(({ OutputKey }) => OutputKey === 'BootstrapVersion')?.OutputValue;
  return ok(`the CDK has its ${stackName}${version === undefined ? '' : `, version ${version}`}`);
}

/** Whether API Gateway may write logs: otherwise the deploy fails after minutes. */
export async function checkGatewayRole(aws: Aws): Promise<Finding<never>> {
  const { cloudwatchRoleArn = '' } = await aws.apiGateway.send(new GetAccountCommand({}));
  if (cloudwatchRoleArn !== '') return ok(`API Gateway writes logs as ${cloudwatchRoleArn}`);
  return failed(
    'API Gateway has no role to write logs with in this account and region',
    'Give it one, with three commands: docs/deploying.md, First deploy, step 4.',
  );
}

/** Whether another deploy is running, or left a stack that can't be updated. */
export async function checkStacks(aws: Aws, names: readonly string[]): Promise<Finding<never>> {
  const stacks = await Promise.all(names.map((name) => findStack(aws, name)));
  const found = stacks.filter((stack) => stack !== undefined);
  // In review, a change set waits (as after --no-execute); a deploy takes it over.
  const busy = inState(found, /(?<!^REVIEW)_IN_PROGRESS$/);
  if (busy.length > 0) {
    return failed(linesOf(busy), 'Another deploy is running: wait for its end.');
  }
  if (found.some(isHeldAfterFailure)) {
    return ok(linesOf(found), {
      notes: ['npm run deploy ends the protection of a stack whose first deploy failed.'],
    });
  }
  const stuck = inState(found, /_FAILED$/);
  if (stuck.length > 0) {
    const advice =
      "CloudFormation's events of the stack say why (docs/deploying.md, When a command fails).";
    return warning(linesOf(stuck), advice);
  }
  return ok(linesOf(found) || 'none of this stage yet: this is its first deploy');
}

function inState(stacks: readonly Stack[], pattern: RegExp): Stack[] {
  return stacks.filter(({ StackStatus = '' }) => pattern.test(StackStatus));
}

function linesOf(stacks: readonly Stack[]): string {
  return stacks.map(({ StackName, StackStatus }) => `${StackName} is ${StackStatus}`).join('\n');
}
