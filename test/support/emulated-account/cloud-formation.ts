import type { CfnTemplate } from '../template-order.ts';
import { makeResources, Refusal, removeResources } from './stack-resources.ts';
import {
  type AccountState,
  type AwsAnswer,
  type EmulatedResource,
  type EmulatedStack,
  xmlError,
  xmlResult,
} from './state.ts';

/** The parts of a template that are read here. */
interface Template extends CfnTemplate {
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: unknown; readonly Description?: string }>
  >;
}

interface ChangeSet {
  readonly stackName: string;
  readonly template: Template;
}

/** By the names of stack and change set. */
const CHANGE_SETS = new WeakMap<AccountState, Map<string, ChangeSet>>();

/**
 * Deploys: an executed change set makes the resources of its template as far as AWS would refuse
 * them, and gives its stack the outputs, the outputs of other stacks filled in.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
 */
export function answerCloudFormation(asked: URLSearchParams, state: AccountState): AwsAnswer {
  const action = asked.get('Action') ?? '';
  const name = asked.get('ChangeSetName') ?? '';
  const stackName = stackNameIn(asked);
  const changeSets = CHANGE_SETS.get(state) ?? new Map<string, ChangeSet>();
  CHANGE_SETS.set(state, changeSets);
  const key = `${stackName}/${name}`;
  const changeSet = changeSets.get(key);
  switch (action) {
    case 'DescribeStacks':
      return describeStacks(asked.get('StackName') ?? '', stackName, state);
    case 'CreateChangeSet': {
      const template = templateAt(asked.get('TemplateURL') ?? '', state);
      if (template === undefined) return xmlError('ValidationError', 'no such template');
      changeSets.set(key, { stackName, template });
      if (!state.stacks.some((one) => one.name === stackName)) {
        put(state, { name: stackName, status: 'REVIEW_IN_PROGRESS', outputs: {} });
      }
      return xmlResult(action, `<Id>${name}</Id><StackId>${stackId(stackName, state)}</StackId>`);
    }
    case 'DescribeChangeSet':
      if (changeSet === undefined) return xmlError('ChangeSetNotFound', 'there is none');
      return xmlResult(action, changesOf(name, changeSet, state));
    case 'ExecuteChangeSet':
      if (changeSet === undefined) return xmlError('ChangeSetNotFound', 'there is none');
      deployTemplate(changeSet.stackName, changeSet.template, state);
      return xmlResult(action, '');
    case 'DeleteChangeSet':
      changeSets.delete(key);
      return xmlResult(action, '');
    case 'DeleteStack':
      return deleteStack(stackName, state);
    case 'UpdateTerminationProtection':
      protect(state, stackName, asked.get('EnableTerminationProtection') === 'true');
      return xmlResult(action, '');
    case 'GetTemplate':
      // The CDK asks what was deployed before: nothing.
      return xmlResult(action, '<TemplateBody>{}</TemplateBody>');
    case 'DescribeStackEvents':
      return xmlResult(action, eventsOf(stackName, state));
    default:
      throw new Error(`the emulated CloudFormation does not know ${action}`);
  }
}

function changesOf(name: string, { stackName, template }: ChangeSet, state: AccountState): string {
  const changes = Object.keys(template.Resources ?? {}).map(
    (id) =>
      `<member><Type>Resource</Type><ResourceChange><Action>Add</Action><LogicalResourceId>${id}</LogicalResourceId></ResourceChange></member>`,
  );
  return (
    `<ChangeSetId>${name}</ChangeSetId><ChangeSetName>${name}</ChangeSetName><StackId>${stackId(stackName, state)}</StackId><StackName>${stackName}</StackName>` +
    '<Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus>' +
    `<Changes>${changes.join('')}</Changes>`
  );
}

/** The CDK puts templates into the bootstrap bucket and names them by URL. */
function templateAt(url: string, { objects }: AccountState): Template | undefined {
  const file = /\/([0-9a-f]{64}\.json)$/.exec(url)?.[1] ?? 'none';
  const text = [...objects].find(([key]) => key.endsWith(file))?.[1];
  return text === undefined ? undefined : (JSON.parse(text) as Template);
}

/** Makes or updates a stack. */
export function deployTemplate(name: string, template: Template, state: AccountState): void {
  const old = state.stacks.find((one) => one.name === name);
  const isNew = old === undefined || old.status === 'REVIEW_IN_PROGRESS';
  const made: Record<string, EmulatedResource> = { ...old?.resources };
  try {
    makeResources(template, made, state, (value) => valueOf(value, state));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { outputs = {}, resources } = old ?? {};
    const isRolledBack = !isNew || removeResources(made, state, true);
    const status = `${isNew ? '' : 'UPDATE_'}ROLLBACK_${isRolledBack ? 'COMPLETE' : 'FAILED'}`;
    put(state, { name, status, outputs, reason: error.message, ...(resources && { resources }) });
    return;
  }
  const outputs = Object.entries(template.Outputs ?? {});
  put(state, {
    name,
    status: isNew ? 'CREATE_COMPLETE' : 'UPDATE_COMPLETE',
    resources: made,
    outputs: Object.fromEntries(
      outputs.map(([key, { Value }]) => [key, String(valueOf(Value, state))]),
    ),
    descriptions: Object.fromEntries(
      outputs.flatMap(([key, { Description }]) =>
        Description === undefined ? [] : [[key, Description]],
      ),
    ),
  });
}

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html */
function deleteStack(name: string, state: AccountState): AwsAnswer {
  const stack = state.stacks.find((one) => one.name === name);
  if (stack?.isProtected === true) {
    const message = `Stack [${name}] cannot be deleted while TerminationProtection is enabled`;
    return xmlError('ValidationError', message);
  }
  removeResources(stack?.resources ?? {}, state, false);
  state.stacks = state.stacks.filter((one) => one !== stack);
  return xmlResult('DeleteStack', '');
}

function protect(state: AccountState, name: string, isProtected: boolean): void {
  state.stacks = state.stacks.map((one) => (one.name === name ? { ...one, isProtected } : one));
}

function put(state: AccountState, stack: EmulatedStack): void {
  const before = state.stacks.find(({ name }) => name === stack.name);
  const others = state.stacks.filter((one) => one !== before);
  state.stacks = [...others, { ...stack, isProtected: before?.isProtected === true }];
}

/** A template's value, the intrinsic functions that outputs use resolved. */
function valueOf(value: unknown, state: AccountState): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => valueOf(item, state));
  const [[name, argument] = ['', undefined], ...more] = Object.entries(value);
  if (more.length === 0) {
    if (name === 'Ref') return referred(String(argument), state);
    if (name === 'Fn::GetAtt')
      return `${(argument as readonly string[]).join('.')}-of-this-account`;
    if (name === 'Fn::Join') {
      const [separator, parts] = argument as readonly [string, unknown];
      const resolved = valueOf(parts, state);
      return Array.isArray(resolved) ? resolved.join(separator) : resolved;
    }
    if (name === 'Fn::GetStackOutput') return published(argument, state);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, valueOf(inner, state)]),
  );
}

function referred(name: string, { account, region }: AccountState): string {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::Region': region,
    'AWS::AccountId': account,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
  };
  return pseudo[name] ?? `${name}-of-this-account`;
}

/** @throws Error where no such stack is deployed, or it has no such output */
function published(argument: unknown, state: AccountState): string {
  const { StackName, OutputName } = argument as {
    readonly StackName: string;
    readonly OutputName: string;
  };
  const value = state.stacks.find(({ name }) => name === StackName)?.outputs[OutputName];
  if (value === undefined) throw new Error(`${StackName} does not publish ${OutputName}`);
  return value;
}

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html */
function describeStacks(nameOrArn: string, name: string, state: AccountState): AwsAnswer {
  if (state.denied === 'DescribeStacks') return xmlError('AccessDenied', 'not authorized');
  const stack = state.stacks.find((one) => one.name === name);
  if (stack === undefined) {
    return xmlError('ValidationError', `Stack with id ${nameOrArn} does not exist`);
  }
  const outputs = Object.entries(stack.outputs).map(([key, value]) => {
    const description = stack.descriptions?.[key];
    const described = description === undefined ? '' : `<Description>${description}</Description>`;
    return `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue>${described}</member>`;
  });
  const member =
    `<StackId>${stackId(name, state)}</StackId><StackName>${name}</StackName><StackStatus>${stack.status}</StackStatus>` +
    `<StackStatusReason>${stack.reason ?? ''}</StackStatusReason>` +
    `<EnableTerminationProtection>${stack.isProtected === true}</EnableTerminationProtection>` +
    `<CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>${outputs.join('')}</Outputs>`;
  return xmlResult('DescribeStacks', `<Stacks><member>${member}</member></Stacks>`);
}

/** The one event that says why a deploy failed. */
function eventsOf(name: string, state: AccountState): string {
  const { reason } = state.stacks.find((one) => one.name === name) ?? {};
  if (reason === undefined) return '<StackEvents></StackEvents>';
  const [id, ...why] = reason.split(': ');
  return (
    `<StackEvents><member><EventId>${id}</EventId><StackId>${stackId(name, state)}</StackId><StackName>${name}</StackName>` +
    `<LogicalResourceId>${id}</LogicalResourceId><ResourceStatus>CREATE_FAILED</ResourceStatus>` +
    `<ResourceStatusReason>${why.join(': ')}</ResourceStatusReason><Timestamp>2099-01-01T00:00:00Z</Timestamp></member></StackEvents>`
  );
}

/** A stack's ARN. */
function stackId(name: string, { account, region }: AccountState): string {
  return `arn:aws:cloudformation:${region}:${account}:stack/${name}/00000000-0000-0000-0000-000000000000`;
}

/** The name of the stack that is asked about, by its name or its ARN. */
function stackNameIn(asked: URLSearchParams): string {
  return (asked.get('StackName') ?? '').replace(/^arn:.*:stack\/([^/]+)\/.*$/, '$1');
}
