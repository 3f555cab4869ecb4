import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { ANSWER_MS, LONGEST_MS } from '../../../lambda/platform/deadline.ts';
import {
  FULL_STAGE,
  type Json,
  KEY_ARN,
  LEAST,
  PLAIN_STAGE,
  propertiesById,
  propertiesOf,
  propertiesOfOnly,
  SECRET_ARN,
  synthesised,
} from '../../support/stage.ts';
import { usageKeysOf } from '../../support/usage-keys.ts';

const { accounts: plain } = synthesised(PLAIN_STAGE);
const { accounts: full } = synthesised(FULL_STAGE);

const ALWAYS = ['ApiFunction', 'TaskFunction', 'AuthorizerFunction'] as const;
const READERS = ['ApiFunction', 'TaskFunction', 'RefreshFunction'] as const;

const functionOf = (template: Template, id: string): Json =>
  propertiesOf(template, 'AWS::Lambda::Function', id);

function environmentOf(template: Template, id: string): Json {
  return (functionOf(template, id)['Environment'] as { Variables: Json }).Variables;
}

/** Constructs and names in place of what CloudFormation fills in. */
const named = (value: unknown): string =>
  JSON.stringify(value)
    .replaceAll(
      /\{"Fn::GetStackOutput":.*?"PublishOutput[RF]\w*?(Egain\w+?)[0-9A-F]{8}\w+"\}\}/g,
      '$1',
    )
    .replaceAll(/\{"Fn::GetAtt":\["(\w+?)[0-9A-F]{8}","Arn"\]\}/g, '$1')
    .replaceAll(/\{"Fn::Join":\["",\["(\w+)\.[^\]]*"AWS::URLSuffix"\}\]\]\}/g, '$1.<region>')
    .replaceAll('"', '');

/** What a function or a schedule may do, a line for each statement, but for what a VPC takes. */
function grantsOf(template: Template, id: string): string[] {
  const policy = propertiesOf(template, 'AWS::IAM::Policy', `${id}RoleDefaultPolicy`);
  const { Statement } = policy['PolicyDocument'] as { Statement: Json[] };
  const allowed = Statement.filter(({ Effect }) => Effect === 'Allow');
  return allowed.map(({ Action, Resource, Condition }) =>
    [
      [Action]
        .flat()
        .join(' ')
        .replaceAll(/ec2:\w+ /g, ''),
      'on',
      named(Resource),
      ...(Condition ? [named(Condition)] : []),
    ].join(' '),
  );
}

const reserved = (template: Template) =>
  ALWAYS.map((id) => functionOf(template, id)['ReservedConcurrentExecutions']);

describe('the functions', () => {
  it.each([
    ['ApiFunction', 1536, 27],
    ['TaskFunction', 1536, 60],
    ['AuthorizerFunction', 512, 10],
    ['RefreshFunction', 1536, 900],
  ])('%s runs on Node.js 24 and arm64, with memory and time of its own', (id, mib, seconds) => {
    expect(functionOf(full, id)).toMatchObject({
      Description: expect.any(String),
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: mib,
      Timeout: seconds,
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: {
        LogFormat: 'JSON',
        SystemLogLevel: 'WARN',
        LogGroup: { Ref: expect.stringMatching(`^${id}Logs`) },
      },
    });
    expect(environmentOf(full, id)['NODE_OPTIONS']).toBe('--max-semi-space-size=8');
    expect(propertiesOf(full, 'AWS::Logs::LogGroup', `${id}Logs`)).toMatchObject({
      RetentionInDays: 30,
    });
  });

  it('have their concurrency and warm containers from the stage config alone', () => {
    expect(reserved(plain)).toEqual([undefined, undefined, undefined]);
    plain.resourceCountIs('AWS::Lambda::Alias', 0);
    expect(reserved(full)).toEqual([20, 5, 20]);
    full.resourceCountIs('AWS::Lambda::Alias', 2);
    full.hasResourceProperties('AWS::Lambda::Alias', {
      Name: 'live',
      FunctionName: { Ref: Match.stringLikeRegexp('^ApiFunction') },
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 2 },
    });
  });

  it.each(READERS)('%s knows where eGain, the secret and the table are', (id) => {
    expect(environmentOf(full, id)).toMatchObject({
      CREDENTIALS_SECRET_ARN: SECRET_ARN,
      EGAIN_API_URL: LEAST.egain.apiUrl,
      EGAIN_TOKEN_URL: LEAST.egain.tokenUrl,
      EGAIN_SCOPE: LEAST.egain.scope,
      EGAIN_CLIENT_AUTHENTICATION: 'basic',
      EGAIN_CALLS_PER_MINUTE: '120',
      CACHE_FRESH_SECONDS: '30',
      CACHE_STALE_SECONDS: '300',
      CACHE_REFRESH_SECONDS: '60',
      SHARED_TABLE_NAME: { Ref: expect.stringMatching('^SharedTable') },
      LOG_LEVEL: 'DEBUG',
      METRICS_NAMESPACE: 'EgainAccounts/test',
    });
  });

  it('have no variable where the stage config says nothing', () => {
    const names = Object.keys(environmentOf(plain, 'ApiFunction'));

    expect(names.join()).not.toMatch(/CACHE_REFRESH|CORS|PUBLIC_ISSUER|PUBLIC_CONTACT/);
  });

  it('tell partners about the deployment through ApiFunction alone', () => {
    const corsOrigins = ['https://a.example.com', 'https://b.example.com'];
    const { accounts: cors } = synthesised({ ...PLAIN_STAGE, api: { corsOrigins } });

    expect(environmentOf(full, 'ApiFunction')).toMatchObject({
      CORS_ORIGINS: 'https://app.example.com',
      PUBLIC_ISSUER: 'https://issuer.example.com',
      PUBLIC_CONTACT_URL: 'https://help.example.com/accounts',
    });
    expect(environmentOf(cors, 'ApiFunction')['CORS_ORIGINS']).toBe(
      'https://a.example.com https://b.example.com',
    );
    expect(environmentOf(plain, 'ApiFunction')).toHaveProperty('PUBLIC_TOKEN_URL');
    expect(Object.keys(environmentOf(full, 'TaskFunction')).join()).not.toMatch('PUBLIC');
  });

  it("accept the tokens of the deployer's issuer, or of the stack's own user pool", () => {
    expect(environmentOf(full, 'AuthorizerFunction')).toEqual({
      AUTH_ISSUER: 'https://issuer.example.com',
      AUTH_AUDIENCE: 'egain-accounts',
      AUTH_JWKS_URI: 'https://issuer.example.com/keys',
      AUTH_CLIENT_CLAIM: 'appid',
      LOG_LEVEL: 'DEBUG',
      METRICS_NAMESPACE: 'EgainAccounts/test',
      NODE_OPTIONS: expect.anything(),
    });
    const own = environmentOf(plain, 'AuthorizerFunction');
    expect(own).not.toHaveProperty('AUTH_AUDIENCE');
    expect(JSON.stringify(own['AUTH_ISSUER'])).toContain('ProviderURL');
    expect(JSON.stringify(own['AUTH_JWKS_URI'])).toContain('/.well-known/jwks.json');
    expect(JSON.stringify(own['AUTH_COGNITO_CLIENTS'])).toMatch(/acme.*second-one/s);
  });
});

const logsAndTraces = (id: string) => [
  `logs:CreateLogStream logs:PutLogEvents on ${id}Logs`,
  'xray:PutTelemetryRecords xray:PutTraceSegments on *',
];
const USE_OF_TABLE = [
  'dynamodb:BatchGetItem dynamodb:GetItem dynamodb:PutItem on SharedTable ' +
    '{ForAllValues:StringLike:{dynamodb:LeadingKeys:[v2#*]}}',
  'kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey on SharedTableKey ' +
    '{StringEquals:{kms:ViaService:dynamodb.<region>}}',
];

const decrypt = (key: string, secret: string) =>
  `kms:Decrypt on ${key} {StringEquals:{kms:ViaService:secretsmanager.<region>},` +
  `ArnLike:{kms:EncryptionContext:SecretARN:${secret}}}`;

describe('what a function may do', () => {
  const suffixed = `[${SECRET_ARN},${SECRET_ARN}-??????]`;

  it.each(READERS)('%s reads the secret by its key, and uses the table by its key', (id) => {
    const grants = grantsOf(full, id).filter((grant) => !grant.startsWith('events:'));

    expect(grants).toEqual([
      ...logsAndTraces(id),
      `secretsmanager:GetSecretValue on ${suffixed}`,
      decrypt(KEY_ARN, suffixed),
      ...USE_OF_TABLE,
    ]);
  });

  it('reads the new secret of the stack, and uses its key for nothing else', () => {
    expect(grantsOf(plain, 'TaskFunction').slice(2, 4)).toEqual([
      'secretsmanager:GetSecretValue on EgainCredentialsSecret',
      decrypt('EgainCredentialsKey', '[EgainCredentialsSecret]'),
    ]);
  });

  it('reads a secret under the key of Secrets Manager itself without a key', () => {
    const { accounts } = synthesised({ ...LEAST, credentials: { secretArn: SECRET_ARN } });

    expect(grantsOf(accounts, 'ApiFunction').slice(2)).toEqual([
      `secretsmanager:GetSecretValue on ${suffixed}`,
      ...USE_OF_TABLE,
    ]);
  });

  it('is its log and its traces alone, for AuthorizerFunction', () => {
    expect(grantsOf(full, 'AuthorizerFunction')).toEqual(logsAndTraces('AuthorizerFunction'));
  });
});

describe('the announcement of changes', () => {
  it('is RefreshFunction, by the one event of its stage on the default bus', () => {
    const grant = grantsOf(full, 'RefreshFunction').find((each) => each.startsWith('events:'));

    expect(grant).toBe(
      'events:PutEvents on arn:aws:events:eu-west-1:123456789012:event-bus/default ' +
        '{StringEquals:{events:source:egain-accounts.test,events:detail-type:Accounts Changed}}',
    );
    expect(environmentOf(full, 'RefreshFunction')['ANNOUNCED_STAGE']).toBe('test');
    for (const id of ['ApiFunction', 'TaskFunction']) {
      expect(JSON.stringify([grantsOf(full, id), environmentOf(full, id)])).not.toMatch(
        /events:|ANNOUNCED/,
      );
    }
  });

  it('leaves no trace in the templates where it is not asked for', () => {
    const { events: _, ...without } = FULL_STAGE;
    const off = synthesised({ ...FULL_STAGE, events: { accountsChanged: false } });

    expect(synthesised(without).accounts.toJSON()).toEqual(off.accounts.toJSON());
    expect(JSON.stringify(off.accounts.toJSON())).not.toMatch(/events:|ANNOUNCED|Accounts Changed/);
  });
});

describe('the shared table', () => {
  it('has the key and the expiry that the containers write, and its own encryption key', () => {
    expect(propertiesOfOnly(plain, 'AWS::DynamoDB::Table')).toMatchObject({
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      BillingMode: 'PAY_PER_REQUEST',
      SSESpecification: {
        SSEEnabled: true,
        SSEType: 'KMS',
        KMSMasterKeyId: { 'Fn::GetAtt': [expect.stringMatching(/^SharedTableKey/), 'Arn'] },
      },
    });
  });

  it('is deleted with its stack, and its key too, even where the stage retains its state', () => {
    plain.hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Delete' });
    plain.hasResource('AWS::KMS::Key', {
      DeletionPolicy: 'Delete',
      Properties: { PendingWindowInDays: 7 },
    });
  });
});

describe('the schedule', () => {
  it('is there only where the stage config has cache.refreshSeconds', () => {
    plain.resourceCountIs('AWS::Scheduler::Schedule', 0);
    plain.resourceCountIs('AWS::Lambda::Function', 3);
  });

  it.each([
    [119, 'rate(1 minute)'],
    [43_200, 'rate(720 minutes)'],
  ])('renews in time for %i s: %s', (refreshSeconds, expression) => {
    const cache = { ...FULL_STAGE.cache, refreshSeconds, staleSeconds: 86_400 };
    const stage = { ...FULL_STAGE, cache };

    expect(propertiesOfOnly(synthesised(stage).accounts, 'AWS::Scheduler::Schedule')).toMatchObject(
      { ScheduleExpression: expression, FlexibleTimeWindow: { Mode: 'OFF' } },
    );
  });

  it('calls RefreshFunction alone, as the scheduler alone, and never repeats a failed call', () => {
    const refresh = { 'Fn::GetAtt': [expect.stringMatching('^RefreshFunction'), 'Arn'] };

    expect(propertiesOfOnly(full, 'AWS::Scheduler::Schedule')).toMatchObject({
      Target: {
        Arn: refresh,
        RoleArn: { 'Fn::GetAtt': [expect.stringMatching('^RefreshScheduleRole'), 'Arn'] },
        RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
      },
    });
    const role = propertiesOf(full, 'AWS::IAM::Role', 'RefreshScheduleRole');
    expect(role['AssumeRolePolicyDocument']).toMatchObject({
      Statement: [
        {
          Principal: { Service: 'scheduler.amazonaws.com' },
          Condition: {
            StringEquals: {
              'aws:SourceAccount': '123456789012',
              'aws:SourceArn': 'arn:aws:scheduler:eu-west-1:123456789012:schedule-group/default',
            },
          },
        },
      ],
    });
    expect(grantsOf(full, 'RefreshSchedule')).toEqual(['lambda:InvokeFunction on RefreshFunction']);
  });
});

it('a function gives up before the gateway does, and after the longest deadline', () => {
  const integrations = Object.values(propertiesById(full, 'AWS::ApiGateway::Method'))
    .map((method) => method['Integration'] as { Type: string; TimeoutInMillis: number })
    .filter(({ Type }) => Type !== 'MOCK')
    .map(({ TimeoutInMillis }) => TimeoutInMillis);
  const apiMs = 1000 * Number(functionOf(full, 'ApiFunction')['Timeout']);

  expect(integrations).toEqual(Array.from({ length: 6 }, () => 28_000));
  expect(apiMs).toBeLessThan(28_000);
  expect(apiMs).toBeGreaterThanOrEqual(LONGEST_MS + ANSWER_MS);
});

describe('the partners', () => {
  it('each have their own throttle and quota at the API', () => {
    const [api] = Object.keys(plain.findResources('AWS::ApiGateway::RestApi'));
    const [stage] = Object.keys(plain.findResources('AWS::ApiGateway::Stage'));
    const ApiStages = [{ ApiId: { Ref: api }, Stage: { Ref: stage }, Throttle: {} }];

    expect(Object.values(propertiesById(plain, 'AWS::ApiGateway::UsagePlan'))).toMatchObject([
      {
        UsagePlanName: 'egain-accounts-test-acme',
        ApiStages,
        Throttle: { RateLimit: 10, BurstLimit: 20 },
        Quota: { Limit: 100_000, Period: 'DAY' },
      },
      {
        UsagePlanName: 'egain-accounts-test-second-one',
        ApiStages,
        Throttle: { RateLimit: 2.5, BurstLimit: 5 },
        Quota: { Limit: 1000, Period: 'WEEK' },
      },
    ]);
    plain.resourceCountIs('AWS::ApiGateway::UsagePlanKey', 2);
  });

  it('have keys of a form that API Gateway accepts', () => {
    for (const key of usageKeysOf(plain))
      expect(key).toMatch(/^[a-z0-9]{40}-\$\{AWS::AccountId\}$/);
  });
});

/** The token URL's output of a stage in a region, as JSON. */
function tokenUrl(region?: string): string {
  const aws = region === undefined ? {} : { region };
  return JSON.stringify(synthesised({ ...LEAST, aws }).accounts.findOutputs('TokenUrl'));
}

describe('the outputs', () => {
  it('name the URLs, the secret and the pool', () => {
    const names = Object.keys(plain.toJSON()['Outputs'] as Json);

    expect(names).toEqual(
      expect.arrayContaining(['ApiUrl', 'CredentialsSecretArn', 'TokenUrl', 'UserPoolId']),
    );
    expect(names).not.toContain('DomainTarget');
    expect(full.toJSON()['Outputs']).not.toHaveProperty('TokenUrl');
    full.hasOutput('ApiUrl', { Value: 'https://accounts.example.com/v1' });
    full.hasOutput('DomainTarget', {
      Value: { 'Fn::GetAtt': [Match.stringLikeRegexp('Domain'), 'RegionalDomainName'] },
    });
  });

  it('name the FIPS token URL in GovCloud, where no other answers, and only there', () => {
    expect(tokenUrl('us-gov-west-1')).toContain('.auth-fips.');
    expect(tokenUrl('us-east-1')).not.toContain('.auth-fips.');
    expect(tokenUrl()).toMatch(/https:\/\/.*\.auth\..*\.amazoncognito\.com\/oauth2\/token/s);
  });
});
