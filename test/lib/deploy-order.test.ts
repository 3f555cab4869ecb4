import { describe, expect, it } from 'vitest';
import { synthesised } from '../support/stage.ts';
import { STAGES } from '../support/stages.ts';
import {
  type CfnTemplate,
  type CfnTemplateResource,
  madeBefore,
  scopesOf,
  textsIn,
} from '../support/template-order.ts';

/** The names by which others may mean a resource without a reference that CloudFormation sees. */
function namesOf(resource: CfnTemplateResource): string[] {
  const { Type, Properties = {} } = resource;
  // An alias has its name within its function alone.
  if (Type === 'AWS::Lambda::Alias') return [];
  const kind = Type.replace(/^.*::/, '');
  const keys = ['Name', 'Domain', kind, `${kind}Name`];
  return [...scopesOf(resource), ...keys.flatMap((key) => textsIn(Properties[key]))];
}

const belongsTo = (resource: CfnTemplateResource, key: string, owner: string) =>
  textsIn(resource.Properties?.[key]).includes(owner);

/** What a resource needs without naming it, by its type. */
function needsOf(
  { Type, Properties = {} }: CfnTemplateResource,
  { Resources }: CfnTemplate,
): string[] {
  const roles = textsIn(Properties).filter((text) => /^\$\{\w*Role\w*\.Arn\}$/.test(text));
  const api = textsIn(Properties['RestApiId'])[0] ?? 'none';
  return Object.entries(Resources).flatMap(([id, other]) => {
    const isPolicy =
      other.Type === 'AWS::IAM::Policy' &&
      roles.some((role) => belongsTo(other, 'Roles', role.replace('.Arn', '')));
    const isDeployed =
      Type === 'AWS::ApiGateway::Deployment' &&
      /::(?:Method|Resource|Authorizer|GatewayResponse)$/.test(other.Type) &&
      belongsTo(other, 'RestApiId', api);
    const isLog =
      Type === 'AWS::ApiGateway::Stage' &&
      belongsTo(other, 'LogGroupName', `API-Gateway-Execution-Logs_${api}/v1`);
    return isPolicy || isDeployed || isLog ? [id] : [];
  });
}

/** `A before B`: A needs B, and the template lets CloudFormation make A first. */
function leftToChance(template: CfnTemplate): string[] {
  const before = madeBefore(template);
  const resources = Object.entries(template.Resources);
  const names = resources.flatMap(([id, resource]) =>
    namesOf(resource).map((name) => [id, name] as const),
  );
  return resources.flatMap(([id, resource]) => {
    const texts = textsIn(resource.Properties);
    const named = names
      .filter(([, name]) => texts.some((text) => text === name || text.endsWith(`:${name}`)))
      .map(([owner]) => owner);
    return [...named, ...needsOf(resource, template)]
      .filter((other) => other !== id && !before.get(id)?.has(other))
      .map((other) => `${id} before ${other}`);
  });
}

describe('CloudFormation makes what a resource needs before it', () => {
  it.each(Object.entries(STAGES))('in a stage with %s', (_, config) => {
    const { stacks } = synthesised(config).assembly;

    expect(stacks.flatMap(({ template }) => leftToChance(template as CfnTemplate))).toEqual([]);
  });

  it.each<[what: string, resources: CfnTemplate['Resources']]>([
    [
      'a scope',
      {
        one: { Type: 'AWS::Cognito::UserPoolClient', Properties: { AllowedOAuthScopes: ['a/b'] } },
        other: {
          Type: 'AWS::Cognito::UserPoolResourceServer',
          Properties: { Identifier: 'a', Scopes: [{ ScopeName: 'b' }] },
        },
      },
    ],
    [
      'an ARN that is built',
      {
        one: {
          Type: 'AWS::IAM::Policy',
          Properties: {
            Resource: { 'Fn::Join': ['', ['arn:aws:logs:', { Ref: 'AWS::Region' }, ':group']] },
          },
        },
        other: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: 'group' } },
      },
    ],
    [
      "a role's policy",
      {
        one: {
          Type: 'AWS::Scheduler::Schedule',
          Properties: { Target: { RoleArn: { 'Fn::GetAtt': ['aRole', 'Arn'] } } },
        },
        aRole: { Type: 'AWS::IAM::Role' },
        other: { Type: 'AWS::IAM::Policy', Properties: { Roles: [{ Ref: 'aRole' }] } },
      },
    ],
    [
      'a method',
      {
        one: { Type: 'AWS::ApiGateway::Deployment', Properties: { RestApiId: { Ref: 'api' } } },
        api: { Type: 'AWS::ApiGateway::RestApi' },
        other: { Type: 'AWS::ApiGateway::Method', Properties: { RestApiId: { Ref: 'api' } } },
      },
    ],
  ])('and the walk would notice %s', (_, Resources) => {
    expect(leftToChance({ Resources })).toEqual(['one before other']);

    const { one } = Resources;
    const forced = { ...Resources, one: { ...(one as CfnTemplateResource), DependsOn: 'other' } };
    expect(leftToChance({ Resources: forced })).toEqual([]);
  });
});
