import { describe, expect, it } from 'vitest';
import { FULL_STAGE, PLAIN_STAGE, synthesised } from '../support/stage.ts';
import type { CfnTemplate } from '../support/template-order.ts';

/** What has data, or what people hold (an id, a secret, a URL), by the properties that replace it. */
const STATEFUL: Readonly<Record<string, readonly string[]>> = {
  'AWS::KMS::Key': ['KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'],
  'AWS::SecretsManager::Secret': ['Name'],
  'AWS::Cognito::UserPool': ['AliasAttributes', 'UsernameAttributes', 'UsernameConfiguration'],
  'AWS::Cognito::UserPoolClient': ['UserPoolId', 'GenerateSecret'],
  'AWS::Cognito::UserPoolDomain': ['UserPoolId', 'Domain'],
  'AWS::Cognito::UserPoolResourceServer': ['UserPoolId', 'Identifier'],
  'AWS::DynamoDB::Table': ['TableName', 'KeySchema', 'AttributeDefinitions'],
  'AWS::S3::Bucket': ['BucketName', 'ObjectLockEnabled'],
  'AWS::Logs::LogGroup': ['LogGroupName'],
  'AWS::SNS::Topic': ['TopicName', 'FifoTopic'],
  'AWS::SSM::Parameter': ['Name', 'Type'],
  'AWS::StepFunctions::StateMachine': ['StateMachineName', 'StateMachineType'],
  'AWS::ApiGateway::RestApi': [],
  'AWS::ApiGateway::Stage': ['RestApiId', 'StageName'],
  'AWS::ApiGateway::ApiKey': ['Name', 'Value', 'CustomerId', 'GenerateDistinctId'],
  'AWS::ApiGateway::UsagePlanKey': ['KeyId', 'KeyType', 'UsagePlanId'],
  'AWS::Lambda::Function': ['FunctionName', 'PackageType'],
};

/** What would be replaced, by logical id. */
function statefulOf(config: object): Map<string, string> {
  const resources = synthesised(config).assembly.stacks.flatMap(({ template }) =>
    Object.entries((template as CfnTemplate).Resources),
  );
  return new Map(
    resources.flatMap(([id, { Type, Properties = {}, DeletionPolicy }]) => {
      const keys = STATEFUL[Type];
      const fixed = keys?.map((key) => Properties[key]);
      return keys === undefined ? [] : [[id, JSON.stringify([Type, fixed, DeletionPolicy])]];
    }),
  );
}

const { acme, ...others } = PLAIN_STAGE.partners;
const partners = (changed: object) => ({ partners: { ...PLAIN_STAGE.partners, ...changed } });
const owned = { acme: { ...acme, clientId: 'acme-client' } };
const POOL = /^Partner(?:Issuer|Clients|secondone)/;

describe('what has data or is known to others is never replaced', () => {
  const before = statefulOf(PLAIN_STAGE);

  it.each<[change: string, config: object, gone: RegExp | undefined]>([
    ['a new partner', partners({ third: { scopes: ['accounts/read'] } }), undefined],
    ['a removed partner', { partners: others }, /^Partner(?:acme|ClientsClientacme)/],
    ['scopes', partners({ acme: { scopes: ['accounts/read'] } }), undefined],
    ['a throttle', partners({ acme: { ...acme, throttle: { rate: 1, burst: 1 } } }), undefined],
    ['a quota', partners({ acme: { ...acme, quota: { limit: 7, period: 'DAY' } } }), undefined],
    ['the freshness', { cache: { freshSeconds: 60, staleSeconds: 900 } }, undefined],
    ['a schedule', { cache: FULL_STAGE.cache }, undefined],
    ['a budget', { egain: { ...PLAIN_STAGE.egain, callsPerMinute: 60 } }, undefined],
    ['an e-mail address', { alarms: { email: 'ops@example.com' } }, undefined],
    ['functions', { functions: FULL_STAGE.functions }, undefined],
    ['tags', { aws: { tags: { 'cost-centre': '4711' } } }, undefined],
    ['a firewall', { api: { firewall: FULL_STAGE.api.firewall } }, undefined],
    ['an issuer of its own', { auth: FULL_STAGE.auth, partners: owned }, POOL],
  ])('by %s', (_, config, gone = /^$/) => {
    const after = statefulOf({ ...PLAIN_STAGE, ...config });

    const lost = [...before.keys()].filter((id) => !after.has(id));
    expect(lost.filter((id) => !gone.test(id))).toEqual([]);
    for (const [id, fixed] of after) expect([id, before.get(id) ?? fixed]).toEqual([id, fixed]);
  });

  it("by an issuer of its own: the stack's pool outlives it", () => {
    expect(before.get('PartnerIssuerUserPoolD834F8D0')).toContain('RetainExceptOnCreate');
  });
});
