import {
  type CfnTemplate,
  type CfnTemplateResource,
  madeBefore,
  scopesOf,
  textsIn,
} from '../template-order.ts';
import type { AccountState, EmulatedResource } from './state.ts';

/** Resources by logical id. */
export type EmulatedResources = Readonly<Record<string, EmulatedResource>>;

/** Why AWS does not make a resource. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

interface Making {
  readonly id: string;
  readonly type: string;
  /** As the template has them. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** With references filled in. */
  readonly values: Readonly<Record<string, unknown>>;
  /**
   * What is there already. What the template lets CloudFormation make at the same time is not: the
   * worst order is the one that is taken.
   */
  readonly there: readonly CfnTemplateResource[];
  /** All that the template has. */
  readonly template: CfnTemplate;
  readonly state: AccountState;
}

/**
 * Makes a template's resources one after the other.
 *
 * @param made filled with those that were made; those of the stack so far are in it already
 * @param fill fills references in
 * @throws Refusal where AWS would not make one
 */
export function makeResources(
  template: CfnTemplate,
  made: Record<string, EmulatedResource>,
  state: AccountState,
  fill: (value: unknown) => unknown,
): void {
  const before = madeBefore(template);
  const { Resources } = template;
  const inOrder = Object.entries(Resources).toSorted(
    ([a], [b]) => (before.get(a)?.size ?? 0) - (before.get(b)?.size ?? 0),
  );
  const old = Object.keys(made);
  for (const [id, { Type: type, Properties: properties = {}, DeletionPolicy: policy }] of inOrder) {
    const values = fill(properties) as Making['values'];
    const known = new Set([...(before.get(id) ?? []), ...old]);
    const there = Object.entries(Resources).flatMap(([one, resource]) =>
      known.has(one) ? [resource] : [],
    );
    const refusal = refusalOf({ id, type, properties, values, there, template, state });
    if (state.refusedType === type) throw new Refusal(`${id}: the test refuses ${type}`);
    if (refusal !== undefined) throw new Refusal(`${id}: ${refusal}`);
    const name = uniqueName(type, values);
    if (name !== undefined && made[id] === undefined && isTaken(state, name)) {
      throw new Refusal(`${id}: ${name} already exists`);
    }
    made[id] = {
      type,
      name,
      policy: policy ?? 'Delete',
      isProtected: values['DeletionProtection'] === 'ACTIVE',
    };
  }
}

/**
 * Takes resources away, the last made first, and keeps what a deletion policy keeps.
 *
 * @param creating whether it is the rollback of a first deploy
 * @returns whether nothing obstructed
 */
export function removeResources(
  resources: EmulatedResources,
  state: AccountState,
  creating: boolean,
): boolean {
  return Object.values(resources)
    .toReversed()
    .every((resource) => {
      if (resource.policy === 'Retain' || (resource.policy !== 'Delete' && !creating)) {
        state.retained.push(resource);
        return true;
      }
      return !resource.isProtected;
    });
}

/** What AWS says to a resource that it does not make; undefined where it makes it. */
function refusalOf(making: Making): string | undefined {
  const { type, values, state } = making;
  if (type === 'AWS::Cognito::UserPoolClient') return unknownScope(making);
  if (type === 'AWS::Scheduler::Schedule' && !isGranted(making, 'lambda:InvokeFunction')) {
    return 'The execution role may not call the target';
  }
  if (type === 'AWS::StepFunctions::StateMachine' && !isGranted(making, 'logs:CreateLogDelivery')) {
    return 'The state machine IAM Role is not authorized to access the Log Destination';
  }
  if (type === 'AWS::Lambda::Function') {
    const { Variables = {} } = (values['Environment'] ?? {}) as { Variables?: object };
    if (Object.entries(Variables).flat().join('').length > 4096) {
      return 'Lambda was unable to configure your environment variables because it exceeded 4KB';
    }
    if ('VpcConfig' in values && !isGranted(making, 'ec2:CreateNetworkInterface')) {
      return 'The execution role does not have permissions to call CreateNetworkInterface on EC2';
    }
  }
  if (type === 'AWS::ApiGateway::Stage' && state.cloudwatchRoleArn === undefined) {
    return 'CloudWatch Logs role ARN must be set in account settings to enable logging';
  }
  return type === 'AWS::ApiGateway::Deployment' ? missingFromDeployment(making) : undefined;
}

function unknownScope({ values, there }: Making): string | undefined {
  const known = new Set(there.flatMap(scopesOf));
  const unknown = textsIn(values['AllowedOAuthScopes']).find((scope) => !known.has(scope));
  return unknown === undefined
    ? undefined
    : `ScopeDoesNotExistException: Invalid scope requested: ${unknown}`;
}

/** Whether a policy that is there already grants the action to the resource's role. */
function isGranted({ properties, there }: Making, action: string): boolean {
  const roles = new Set(textsIn(properties).map((text) => text.replace(/\.Arn\}$/, '}')));
  return there.some(
    ({ Type, Properties = {} }) =>
      Type === 'AWS::IAM::Policy' &&
      textsIn(Properties['Roles']).some((role) => roles.has(role)) &&
      textsIn(Properties['PolicyDocument']).includes(action),
  );
}

/** A deployment is a picture of the API as it is at that moment. */
function missingFromDeployment({ there, template }: Making): string | undefined {
  const wanted = Object.entries(template.Resources).filter(([, { Type }]) =>
    /^AWS::ApiGateway::(?:Method|GatewayResponse|Authorizer)$/.test(Type),
  );
  const missing = wanted.find(([, resource]) => !there.includes(resource));
  return missing === undefined ? undefined : `The deployment would lack ${missing[0]}`;
}

/** The name that nothing else in the account may have. */
function uniqueName(type: string, values: Making['values']): string | undefined {
  const key = {
    'AWS::SSM::Parameter': 'Name',
    'AWS::Logs::LogGroup': 'LogGroupName',
    'AWS::CloudWatch::Alarm': 'AlarmName',
    'AWS::CloudWatch::Dashboard': 'DashboardName',
    'AWS::Cognito::UserPoolDomain': 'Domain',
    'AWS::ApiGateway::ApiKey': 'Value',
    'AWS::ApiGateway::DomainName': 'DomainName',
  }[type];
  const name = key === undefined ? undefined : values[key];
  return name === undefined ? undefined : `${type} ${JSON.stringify(name)}`;
}

function isTaken({ stacks, retained }: AccountState, name: string): boolean {
  const deployed = stacks.flatMap(({ resources = {} }) => Object.values(resources));
  return [...deployed, ...retained].some((resource) => resource.name === name);
}
