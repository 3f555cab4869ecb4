import { GetAccountCommand } from '@aws-sdk/client-api-gateway';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { StageConfig } from '../../lib/stage/stage-config.ts';
import { type Aws, adviceFor, errorName } from '../aws/clients.ts';
import { findStack } from '../aws/stacks.ts';
import { type Checked, type Finding, failed, ok, warning } from '../findings.ts';

/** The account and region that the shell's credentials are for. */
export interface Caller {
  readonly account: string;
  readonly region: string;
}

/** Whose credentials the shell has. */
export async function checkIdentity(aws: Aws): Promise<Checked<Caller>> {
  const region = await aws.region().catch(() => undefined);
  if (region === undefined) {
    const advice = 'export AWS_REGION=<region>, or set aws.region in the stage config.';
    return { finding: failed('no region is set', advice) };
  }
  const { Account: account = '', Arn: arn = '' } = await aws.sts.send(
    new GetCallerIdentityCommand({}),
  );
  const finding = ok(`${arn}, account ${account}, region ${region}`);
  return { finding, value: { account, region } };
}

/** Whether account and region are those that the stage config pins. */
export function checkPlace({ aws }: StageConfig, { account, region }: Caller): Finding {
  const wrong = [
    ...(aws.account === undefined || aws.account === account
      ? []
      : [`account ${account} instead of ${aws.account}`]),
    ...(aws.region === undefined || aws.region === region
      ? []
      : [`region ${region} instead of ${aws.region}`]),
  ];
  if (wrong.length > 0) {
    return failed(
      `the shell has ${wrong.join(', ')}`,
      'Use the other profile (AWS_PROFILE, AWS_REGION), or change aws in the stage config.',
    );
  }
  if (aws.account !== undefined && aws.region !== undefined) {
    return ok('the account and region that the stage config pins');
  }
  return ok('the stage config does not pin them: the shell decides where the stage goes', {
    notes: [`to pin them: "aws": { "account": "${account}", "region": "${region}" }`],
  });
}

/** Whether the CDK has been bootstrapped here. */
export async function checkBootstrap(
  aws: Aws,
  { account, region }: Caller,
  stackName: string,
): Promise<Checked<never>> {
  const stack = await findStack(aws, stackName);
  const command = `npx cdk bootstrap aws://${account}/${region}`;
  if (stack === undefined) {
    const seen = `the CDK has not been bootstrapped in ${account}, ${region}`;
    return { finding: failed(seen, `Once for an account and region: ${command}`) };
  }
  const { StackStatus: status = 'not readable', Outputs = [] } = stack;
  if (!/^(?:CREATE|UPDATE|UPDATE_ROLLBACK|IMPORT)_COMPLETE$/.test(status)) {
    const seen = `the stack ${stackName} is ${status}`;
    return { finding: failed(seen, `Bootstrap again: ${command}`) };
  }
  const version = Outputs.find(({ OutputKey }) => OutputKey === 'BootstrapVersion')?.OutputValue;
  const which = version === undefined ? '' : `, version ${version}`;
  return { finding: ok(`the CDK has its ${stackName}${which}`) };
}

/** Whether API Gateway may write logs: otherwise the deploy fails after minutes. */
export async function checkGatewayRole(aws: Aws): Promise<Checked<never>> {
  const { cloudwatchRoleArn = '' } = await aws.apiGateway.send(new GetAccountCommand({}));
  if (cloudwatchRoleArn !== '') {
    return { finding: ok(`API Gateway writes logs as ${cloudwatchRoleArn}`) };
  }
  const seen = 'API Gateway has no role to write logs with in this account and region';
  const advice = 'Give it one, with three commands: docs/deploying.md, First deploy, step 4.';
  return { finding: failed(seen, advice) };
}

interface FoundStack {
  readonly stackName: string;
  readonly status: string;
  readonly isProtected: boolean;
}

/** Whether another deploy is running, or left a stack that can't be updated. */
export async function checkStacks(aws: Aws, names: readonly string[]): Promise<Checked<never>> {
  const found: FoundStack[] = [];
  for (const stackName of names) {
    const stack = await findStack(aws, stackName);
    if (stack === undefined) continue;
    const { StackStatus: status = 'of no known status' } = stack;
    found.push({ stackName, status, isProtected: stack.EnableTerminationProtection === true });
  }
  return { finding: judgedStacks(found) };
}

function judgedStacks(found: readonly FoundStack[]): Finding {
  // In review, a change set waits (as after --no-execute); a deploy takes it over.
  const busy = found.filter(({ status }) => /(?<!^REVIEW)_IN_PROGRESS$/.test(status));
  if (busy.length > 0) {
    return failed(linesOf(busy), 'Another deploy is running: wait for its end.');
  }
  const held = found.filter(
    ({ status, isProtected }) => /^ROLLBACK_(?:COMPLETE|FAILED)$/.test(status) && isProtected,
  );
  if (held.length > 0) {
    const commands = held.map(
      ({ stackName }) =>
        '  aws cloudformation update-termination-protection --no-enable-termination-protection ' +
        `--stack-name ${stackName}`,
    );
    const seen = linesOf(held).replaceAll(/$/gm, ', and protected from termination');
    const why = 'The CDK has to delete a stack whose first deploy failed. Allow it:';
    return failed(seen, [why, ...commands].join('\n'));
  }
  const stuck = found.filter(({ status }) => status.endsWith('_FAILED'));
  if (stuck.length > 0) {
    const advice =
      "CloudFormation's events of the stack say why (docs/deploying.md, When a command fails).";
    return warning(linesOf(stuck), advice);
  }
  const none = 'none of this stage yet: this is its first deploy';
  return ok(found.length === 0 ? none : linesOf(found));
}

function linesOf(stacks: readonly FoundStack[]): string {
  return stacks.map(({ stackName, status }) => `${stackName} is ${status}`).join('\n');
}

/** Makes a finding of an error of AWS; `rights` are the actions that the caller needs. */
export function notAnswered(rights: string): (error: unknown) => Finding {
  return (error) => warning(`not known: ${errorName(error)}`, adviceFor(errorName(error), rights));
}

/** What the identity check found where AWS refused to answer it. */
export function notIdentified(error: unknown): Finding {
  const name = errorName(error);
  const advice = adviceFor(name, 'sts:GetCallerIdentity');
  return failed(`AWS does not say who this is: ${name}`, advice);
}
