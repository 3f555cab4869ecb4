import { GetAccountCommand } from '@aws-sdk/client-api-gateway';
import type { Stack } from '@aws-sdk/client-cloudformation';
import { GetRoleCommand } from '@aws-sdk/client-iam';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { type Aws, type Caller, callerOf, errorName, NO_REGION } from '../aws/clients.ts';
import { findStack, isHeldAfterFailure } from '../aws/stacks.ts';
import { type Finding, failed, ok, warning } from '../findings.ts';

/** Whose credentials the shell has. */
export async function checkIdentity(aws: Aws): Promise<Finding<Caller>> {
  const caller = await callerOf(aws);
  if (caller === undefined) return failed('no region is set', NO_REGION);
  const { arn, account, region } = caller;
  return ok(`${arn}, account ${account}, region ${region}`, { value: caller });
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

/** What the CDK's templates ask of their bootstrap. */
const LEAST_BOOTSTRAP = 6;
const DEFAULT_QUALIFIER = 'hnb659fds';

/**
 * Whether the CDK has been bootstrapped here, as the CDK itself finds out: whoever bootstrapped, and
 * by which stack.
 *
 * @see https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
 */
export async function checkBootstrap(
  aws: Aws,
  { account, region }: Caller,
  stage: string,
  qualifier = DEFAULT_QUALIFIER,
): Promise<Finding<never>> {
  const Name = `/cdk-bootstrap/${qualifier}/version`;
  const own = qualifier === DEFAULT_QUALIFIER ? '' : ` --qualifier ${qualifier}`;
  const command = `npx cdk bootstrap -c stage=${stage}${own}`;
  const version = await aws.ssm.send(new GetParameterCommand({ Name })).then(
    ({ Parameter }) => Number(Parameter?.Value),
    (error: unknown) => {
      if (errorName(error) !== 'ParameterNotFound') throw error;
      return undefined;
    },
  );
  if (version === undefined) {
    const seen = `the CDK has not been bootstrapped in ${account}, ${region}: there is no ${Name}`;
    return failed(seen, `Once for an account and region: ${command}`);
  }
  return version >= LEAST_BOOTSTRAP
    ? ok(`the CDK has its bootstrap, version ${version}`)
    : failed(`the CDK's bootstrap is too old: version ${version}`, `Renew it: ${command}`);
}

/** Whether API Gateway may write logs: otherwise the deploy fails after minutes. */
export async function checkGatewayRole(aws: Aws): Promise<Finding<never>> {
  const { cloudwatchRoleArn = '' } = await aws.apiGateway.send(new GetAccountCommand({}));
  const how = 'with three commands: docs/deploying.md, First deploy, step 4.';
  if (cloudwatchRoleArn === '') {
    const seen = 'API Gateway has no role to write logs with in this account and region';
    return failed(seen, `Give it one, ${how}`);
  }
  // API Gateway goes on naming a role that was deleted.
  const RoleName = cloudwatchRoleArn.replace(/^.*\//, '');
  const isThere = await aws.iam.send(new GetRoleCommand({ RoleName })).then(
    () => true,
    (error: unknown) => {
      if (!errorName(error).startsWith('NoSuchEntity')) throw error;
      return false;
    },
  );
  return isThere
    ? ok(`API Gateway writes logs as ${cloudwatchRoleArn}`)
    : failed(`API Gateway writes logs as ${cloudwatchRoleArn}, which is gone`, `Make it, ${how}`);
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
