import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { appOf, FULL_STAGE, KEY_ARN, LEAST, PLAIN_STAGE, SECRET_ARN } from '../../support/stage.ts';
import { usageKeysOf } from '../../support/usage-keys.ts';

type Json = Record<string, unknown>;
interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
}

const plain = Template.fromStack(appOf(PLAIN_STAGE).accounts);
const full = Template.fromStack(appOf(FULL_STAGE).accounts);

const FUNCTIONS = ['ApiFunction', 'TaskFunction', 'AuthorizerFunction'] as const;

/** The properties of the only resource of a type whose logical id is the construct's id and a hash. */
function propertiesOf(template: Template, type: string, id: string): Json {
  const form = new RegExp(`^${id}[0-9A-F]{8}$`);
  const found = Object.entries(template.findResources(type)).filter(([name]) => form.test(name));
  expect(found).toHaveLength(1);
  return found[0]?.[1]['Properties'] as Json;
}

function environmentOf(template: Template, id: string): Json {
  const { Environment } = propertiesOf(template, 'AWS::Lambda::Function', id);
  return (Environment as { Variables: Json }).Variables;
}

function statementsOf(template: Template, id: string): Statement[] {
  const policy = propertiesOf(template, 'AWS::IAM::Policy', `${id}RoleDefaultPolicy`);
  return (policy['PolicyDocument'] as { Statement: Statement[] }).Statement;
}

describe('the functions', () => {
  it.each(FUNCTIONS)('%s runs on Node.js 24 and arm64, traced, with its own log group', (id) => {
    expect(propertiesOf(plain, 'AWS::Lambda::Function', id)).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: { LogGroup: { Ref: expect.stringMatching(`^${id}Logs`) } },
    });
    expect(propertiesOf(plain, 'AWS::Logs::LogGroup', `${id}Logs`)).toMatchObject({
      RetentionInDays: 90,
    });
  });

  it('are joined by one on a schedule only where the stage config gives one', () => {
    plain.resourceCountIs('AWS::Scheduler::Schedule', 0);
    plain.resourceCountIs('AWS::Lambda::Function', 3);
    full.resourceCountIs('AWS::Scheduler::Schedule', 1);
    full.resourceCountIs('AWS::Lambda::Function', 4);
  });

  it('are told where eGain and the secret are, and no secret', () => {
    for (const id of ['ApiFunction', 'TaskFunction', 'RefreshFunction']) {
      expect(environmentOf(full, id)).toMatchObject({
        CREDENTIALS_SECRET_ARN: SECRET_ARN,
        EGAIN_API_URL: LEAST.egain.apiUrl,
        EGAIN_TOKEN_URL: LEAST.egain.tokenUrl,
        EGAIN_SCOPE: LEAST.egain.scope,
        EGAIN_CLIENT_AUTHENTICATION: 'basic',
        CACHE_FRESH_SECONDS: '30',
        CACHE_STALE_SECONDS: '300',
        CACHE_REFRESH_SECONDS: '60',
        EGAIN_CALLS_PER_MINUTE: '120',
        SHARED_TABLE_NAME: { Ref: expect.stringMatching('^SharedTable') },
        LOG_LEVEL: 'DEBUG',
        METRICS_NAMESPACE: 'EgainAccounts/test',
      });
    }
    for (const unset of ['CORS_ORIGINS', 'CACHE_REFRESH_SECONDS', 'EGAIN_CALLS_PER_MINUTE']) {
      expect(environmentOf(plain, 'ApiFunction')).not.toHaveProperty(unset);
    }
  });

  it('are told what partners may know, ApiFunction alone', () => {
    expect(environmentOf(full, 'ApiFunction')).toMatchObject({
      CORS_ORIGINS: 'https://app.example.com',
      PUBLIC_ISSUER: 'https://issuer.example.com',
      PUBLIC_CONTACT_URL: 'https://help.example.com/accounts',
    });
    expect(environmentOf(plain, 'ApiFunction')).toHaveProperty('PUBLIC_TOKEN_URL');
    expect(Object.keys(environmentOf(full, 'TaskFunction')).join()).not.toMatch('PUBLIC');
  });

  it("get the issuer of the stage config, or the stack's own user pool", () => {
    expect(environmentOf(full, 'AuthorizerFunction')).toMatchObject({
      AUTH_ISSUER: 'https://issuer.example.com',
      AUTH_AUDIENCE: 'egain-accounts',
      AUTH_JWKS_URI: 'https://issuer.example.com/keys',
      AUTH_CLIENT_CLAIM: 'appid',
    });
    expect(environmentOf(full, 'AuthorizerFunction')).not.toHaveProperty('AUTH_COGNITO_CLIENTS');
    const own = environmentOf(plain, 'AuthorizerFunction');
    expect(own).not.toHaveProperty('AUTH_AUDIENCE');
    expect(JSON.stringify(own['AUTH_JWKS_URI'])).toContain('/.well-known/jwks.json');
    expect(JSON.stringify(own['AUTH_COGNITO_CLIENTS'])).toMatch(/acme.*second-one/s);
  });

  it('look up where the keys are, when the stage config names the issuer alone', () => {
    const { jwksUri: _, ...auth } = FULL_STAGE.auth;
    const template = Template.fromStack(appOf({ ...FULL_STAGE, auth }).accounts);

    expect(environmentOf(template, 'AuthorizerFunction')).toMatchObject({
      AUTH_ISSUER: auth.issuer,
      AUTH_AUDIENCE: auth.audience,
    });
    expect(environmentOf(template, 'AuthorizerFunction')).not.toHaveProperty('AUTH_JWKS_URI');
  });

  it.each(['ApiFunction', 'TaskFunction', 'RefreshFunction'])(
    '%s may read that secret by that key, no more',
    (id) => {
      const suffixed = [SECRET_ARN, `${SECRET_ARN}-??????`];
      const [logs, traces, ...granted] = statementsOf(full, id);

      expect(logs).toMatchObject({
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: { 'Fn::GetAtt': [expect.stringMatching(`^${id}Logs`), 'Arn'] },
      });
      expect(traces?.Action).toEqual(['xray:PutTelemetryRecords', 'xray:PutTraceSegments']);
      expect(granted.slice(0, 2)).toEqual([
        { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: suffixed },
        expect.objectContaining({
          Action: 'kms:Decrypt',
          Resource: KEY_ARN,
          Condition: expect.objectContaining({
            ArnLike: { 'kms:EncryptionContext:SecretARN': suffixed },
          }),
        }),
      ]);
      expect(granted.slice(2)).toEqual([
        expect.objectContaining({
          Action: ['BatchGetItem', 'GetItem', 'PutItem'].map((verb) => `dynamodb:${verb}`),
          Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['v1#*'] } },
        }),
        expect.objectContaining({
          Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'],
          Condition: {
            StringEquals: {
              'kms:ViaService': expect.anything(),
            },
          },
        }),
      ]);
    },
  );

  it('AuthorizerFunction may write its log and traces alone', () => {
    expect(statementsOf(full, 'AuthorizerFunction').map(({ Action }) => Action)).toEqual([
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
    ]);
  });

  it('have no managed policy', () => {
    for (const role of Object.values(plain.findResources('AWS::IAM::Role'))) {
      expect(role['Properties']).not.toHaveProperty('ManagedPolicyArns');
    }
  });

  it.each(['egain/prod', 'egain-secret'])(
    'may read a secret whose ARN lacks its last six characters: %s',
    (name) => {
      const secretArn = `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}`;
      const template = Template.fromStack(appOf({ ...LEAST, credentials: { secretArn } }).accounts);

      const [, , secret, table] = statementsOf(template, 'ApiFunction');

      expect(secret).toMatchObject({ Resource: [secretArn, `${secretArn}-??????`] });
      expect(table?.Action).toContain('dynamodb:GetItem');
    },
  );

  it('have the memory that they were measured with, and little young garbage in it', () => {
    const memory = [...FUNCTIONS, 'RefreshFunction'].map((id) => [
      id,
      propertiesOf(full, 'AWS::Lambda::Function', id)['MemorySize'],
      environmentOf(full, id)['NODE_OPTIONS'],
    ]);

    expect(memory).toEqual([
      ['ApiFunction', 1024, '--max-semi-space-size=8'],
      ['TaskFunction', 1024, '--max-semi-space-size=8'],
      ['AuthorizerFunction', 512, '--max-semi-space-size=8'],
      ['RefreshFunction', 1024, '--max-semi-space-size=8'],
    ]);
  });

  it('have no concurrency of their own unless the stage config gives it', () => {
    for (const id of FUNCTIONS) {
      expect(propertiesOf(plain, 'AWS::Lambda::Function', id)).not.toHaveProperty(
        'ReservedConcurrentExecutions',
      );
    }
    plain.resourceCountIs('AWS::Lambda::Alias', 0);
    expect(
      FUNCTIONS.map(
        (id) => propertiesOf(full, 'AWS::Lambda::Function', id)['ReservedConcurrentExecutions'],
      ),
    ).toEqual([20, 5, 20]);
    full.resourceCountIs('AWS::Lambda::Alias', 2);
    full.hasResourceProperties('AWS::Lambda::Alias', {
      FunctionName: { Ref: Match.stringLikeRegexp('^ApiFunction') },
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 2 },
    });
  });
});

describe('the partners', () => {
  it('each have a throttle and a quota of their own', () => {
    plain.resourceCountIs('AWS::ApiGateway::UsagePlan', 2);
    plain.hasResourceProperties('AWS::ApiGateway::UsagePlan', {
      UsagePlanName: Match.stringLikeRegexp('^egain-accounts-[a-z]+-[a-z]+$'),
      Throttle: { RateLimit: 10, BurstLimit: 20 },
      Quota: { Limit: 100_000, Period: 'DAY' },
    });
    plain.hasResourceProperties('AWS::ApiGateway::UsagePlan', {
      Throttle: { RateLimit: 2.5, BurstLimit: 5 },
      Quota: { Limit: 1000, Period: 'WEEK' },
    });
    plain.resourceCountIs('AWS::ApiGateway::UsagePlanKey', 2);
    const [api] = Object.keys(plain.findResources('AWS::ApiGateway::RestApi'));
    const [stage] = Object.keys(plain.findResources('AWS::ApiGateway::Stage'));
    plain.allResourcesProperties('AWS::ApiGateway::UsagePlan', {
      ApiStages: [{ ApiId: { Ref: api }, Stage: { Ref: stage } }],
    });
  });

  it('have keys that differ by partner and stage, as API Gateway wants them', () => {
    const otherStage = Template.fromStack(appOf(PLAIN_STAGE, 'other').accounts);

    const keys = [...usageKeysOf(plain), ...usageKeysOf(otherStage)];

    expect(new Set(keys).size).toBe(4);
    for (const key of keys) expect(key).toMatch(/^[a-z0-9]{40}-\$\{AWS::AccountId\}$/);
  });
});

describe('the outputs', () => {
  it('name the URLs, the secret and the pool', () => {
    const names = Object.keys(plain.toJSON()['Outputs'] as Json);

    expect(names).toEqual(
      expect.arrayContaining(['ApiUrl', 'CredentialsSecretArn', 'TokenUrl', 'UserPoolId']),
    );
    expect(full.toJSON()['Outputs']).not.toHaveProperty('TokenUrl');
    full.hasOutput('ApiUrl', { Value: 'https://accounts.example.com/v1' });
    full.hasOutput('DomainTarget', {
      Value: { 'Fn::GetAtt': [Match.stringLikeRegexp('Domain'), 'RegionalDomainName'] },
    });
    expect(names).not.toContain('DomainTarget');
  });
});
