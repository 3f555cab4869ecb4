import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { ResponseType } from 'aws-cdk-lib/aws-apigateway';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { beforeAll, describe, expect, it } from 'vitest';
import { FAULTS } from '../../../lambda/faults.ts';
import { EXPOSED_HEADERS } from '../../../lambda/http/response.ts';
import { GATEWAY_FAULTS } from '../../../lib/accounts/gateway-responses.ts';
import { PartnerApi } from '../../../lib/accounts/partner-api.ts';
import { parseStageConfig } from '../../../lib/stage/stage-config.ts';
import { appOf, FULL_STAGE, PLAIN_STAGE, propertiesOfOnly } from '../../support/stage.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

interface GatewayResponse {
  readonly ResponseType: string;
  readonly StatusCode: string;
  readonly ResponseParameters: Readonly<Record<string, string>>;
  readonly ResponseTemplates: Readonly<Record<string, string>>;
}

const FUNCTION_ARN = 'arn:aws:lambda:eu-west-1:123456789012:function';

function gatewayResponses(template: Template): GatewayResponse[] {
  return Object.values(template.findResources('AWS::ApiGateway::GatewayResponse')).map(
    (resource) => resource['Properties'] as GatewayResponse,
  );
}

/** The API alone, with these options of the stage config. */
function templateOf(api: object): Template {
  const { api: options } = parseStageConfig({ ...PLAIN_STAGE, api });
  const stack = new Stack(new App({ outdir: temporaryFolder() }), 'Stack');
  new PartnerApi(stack, 'PartnerApi', {
    options,
    logs: { retention: RetentionDays.ONE_WEEK, removalPolicy: RemovalPolicy.DESTROY },
    handler: LambdaFunction.fromFunctionArn(stack, 'Handler', `${FUNCTION_ARN}:api`),
    authorizer: LambdaFunction.fromFunctionArn(stack, 'Authorizer', `${FUNCTION_ARN}:authorizer`),
  });
  return Template.fromStack(stack);
}

const plain = templateOf({});
const full = templateOf(FULL_STAGE.api);

function methodsOf(template: Template): Record<string, unknown>[] {
  return Object.values(template.findResources('AWS::ApiGateway::Method')).map(
    (resource) => resource['Properties'] as Record<string, unknown>,
  );
}

/** The access log's fields, and what stands in each. */
function accessLogLine(template: Template): Record<string, string> {
  const { AccessLogSetting } = propertiesOfOnly(template, 'AWS::ApiGateway::Stage') as {
    AccessLogSetting: { Format: string };
  };
  return JSON.parse(AccessLogSetting.Format) as Record<string, string>;
}

describe("the partners' API", () => {
  it('has three routes for GET and HEAD on stage v1, and lets nobody but a partner into two of them', () => {
    const methods = methodsOf(plain);

    expect(
      methods.map((method) => [
        method['HttpMethod'],
        method['AuthorizationType'],
        method['ApiKeyRequired'],
      ]),
    ).toEqual([
      ['GET', 'CUSTOM', true],
      ['HEAD', 'CUSTOM', true],
      ['GET', 'CUSTOM', true],
      ['HEAD', 'CUSTOM', true],
      ['GET', 'NONE', false],
      ['HEAD', 'NONE', false],
    ]);
    for (const part of ['accounts', '{id}', 'openapi.json']) {
      plain.hasResourceProperties('AWS::ApiGateway::Resource', { PathPart: part });
    }
    plain.hasResourceProperties('AWS::ApiGateway::Stage', { StageName: 'v1' });
  });

  it("takes the usage plan's key from the authorizer, and keeps an answer of it for 60 seconds", () => {
    plain.hasResourceProperties('AWS::ApiGateway::RestApi', { ApiKeySourceType: 'AUTHORIZER' });
    plain.hasResourceProperties('AWS::ApiGateway::Authorizer', {
      Type: 'TOKEN',
      IdentitySource: 'method.request.header.Authorization',
      AuthorizerResultTtlInSeconds: 60,
    });
  });

  it.each([
    ['Bearer aa.bb.cc', true],
    ['bearer a-_A.b.c', true],
    ['Bearer aa.bb', false],
    ['Bearer  ', false],
    ['Basic aa.bb.cc', false],
    ['Bearer aa.bb.cc dd', false],
    ['', false],
  ])('calls the authorizer for %j: %s', (header, called) => {
    const authorizer = propertiesOfOnly(plain, 'AWS::ApiGateway::Authorizer');

    const expression = new RegExp(String(authorizer['IdentityValidationExpression']));

    expect(expression.test(header)).toBe(called);
  });

  it('refuses TLS below 1.2', () => {
    plain.hasResourceProperties('AWS::ApiGateway::RestApi', {
      SecurityPolicy: 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09',
      EndpointConfiguration: { Types: ['REGIONAL'] },
      DisableExecuteApiEndpoint: false,
    });
  });

  it('is throttled, compresses, logs errors without data, traces nothing, and leaves the account alone', () => {
    plain.hasResourceProperties('AWS::ApiGateway::RestApi', { MinimumCompressionSize: 1024 });
    plain.hasResourceProperties('AWS::ApiGateway::Stage', {
      TracingEnabled: false,
      MethodSettings: Match.arrayWith([
        Match.objectLike({
          ResourcePath: '/*',
          HttpMethod: '*',
          LoggingLevel: 'ERROR',
          DataTraceEnabled: false,
          ThrottlingRateLimit: 200,
          ThrottlingBurstLimit: 400,
        }),
        Match.objectLike({
          ResourcePath: '/~1openapi.json',
          HttpMethod: 'GET',
          LoggingLevel: 'ERROR',
          DataTraceEnabled: false,
          ThrottlingRateLimit: 5,
          ThrottlingBurstLimit: 10,
        }),
      ]),
    });
    plain.resourceCountIs('AWS::ApiGateway::Account', 0);
  });

  it("writes an access log as JSON, of the gateway's own variables and nothing personal", () => {
    const line = accessLogLine(plain);

    expect(line).toMatchObject({ requestId: '$context.requestId', route: '$context.resourcePath' });
    for (const value of Object.values(line)) {
      expect(value).toMatch(/^\$context\./);
      expect(value).not.toMatch(/identity|path$|claims|queryString|header/);
    }
  });

  it.each([
    ['when it came', '$context.requestTimeEpoch'],
    ['which partner asked', '$context.authorizer.partner'],
    ['what it asked for', '$context.httpMethod'],
    ['what it got', '$context.status'],
    ['how much of it', '$context.responseLength'],
    ['whether the authorizer failed', '$context.authorizer.status'],
    ['whether the firewall let it in', '$context.waf.status'],
    ['whether the function failed', '$context.integration.status'],
    ['whether the gateway answered by itself', '$context.error.responseType'],
    ['how long all took', '$context.responseLatency'],
    ['how long the authorizer took', '$context.authorizer.latency'],
    ['how long the function took', '$context.integration.latency'],
  ])('tells of each request %s: %s', (_, variable) => {
    expect(Object.values(accessLogLine(plain))).toContain(variable);
  });

  it("counts each route in API Gateway's own metrics", () => {
    plain.hasResourceProperties('AWS::ApiGateway::Stage', {
      MethodSettings: Match.arrayWith([
        Match.objectLike({ ResourcePath: '/*', MetricsEnabled: true }),
        Match.objectLike({
          ResourcePath: '/~1openapi.json',
          HttpMethod: 'HEAD',
          MetricsEnabled: true,
        }),
      ]),
    });
  });

  it('has no output of its own, which would mislead where it has a host name', () => {
    expect(templateOf({}).toJSON()).not.toHaveProperty('Outputs');
  });

  it('closes its own logs, which API Gateway would keep for ever', () => {
    plain.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: {
        'Fn::Join': ['', ['API-Gateway-Execution-Logs_', Match.anyValue(), '/v1']],
      },
      RetentionInDays: 7,
    });
  });
});

describe('the API of a stage', () => {
  let deployed: Template;
  beforeAll(() => {
    deployed = Template.fromStack(appOf(PLAIN_STAGE).accounts);
  });

  it("is told from other stages' by its name, in the console and in API Gateway's own metrics", () => {
    deployed.hasResourceProperties('AWS::ApiGateway::RestApi', { Name: 'egain-accounts-test' });
  });

  it('may be invoked by its stage, and not by the test button of the console', () => {
    const permissions = JSON.stringify(deployed.findResources('AWS::Lambda::Permission'));

    expect(permissions).toContain('/GET/accounts');
    expect(permissions).not.toContain('test-invoke-stage');
  });

  it("is reached under its stage's name, without a slash at the end", () => {
    const [stage] = Object.keys(deployed.findResources('AWS::ApiGateway::Stage'));
    const { Value } = deployed.findOutputs('ApiUrl')['ApiUrl'] as {
      Value: { 'Fn::Join': [string, unknown[]] };
    };

    expect(Value['Fn::Join'][1].slice(-2)).toEqual(['/', { Ref: stage }]);
  });
});

describe('the gateway responses', () => {
  const known = Object.values(ResponseType)
    .filter((value): value is ResponseType => value instanceof ResponseType)
    .map(({ responseType }) => responseType);

  it('cover every kind that API Gateway can make', () => {
    expect(known.length).toBeGreaterThanOrEqual(21);
    expect(
      gatewayResponses(plain)
        .map((response) => response.ResponseType)
        .toSorted(),
    ).toEqual(known.toSorted());
  });

  it.each(gatewayResponses(plain).map((response) => [response.ResponseType, response] as const))(
    '%s has the envelope, its headers and the status of its code',
    (type, response) => {
      const body = JSON.parse(response.ResponseTemplates['application/json'] ?? '') as {
        code: string;
      };
      const row = Object.values(FAULTS).find(({ code }) => code === body.code);
      const { status, developerMessage } = row ?? {};
      const header = (name: string) =>
        response.ResponseParameters[`gatewayresponse.header.${name}`];

      const messages: Record<string, string> = {
        REQUEST_TOO_LARGE: 'The request is larger than the platform allows. Shorten the query.',
      };
      const waits: Record<string, string> = { THROTTLED: "'1'", QUOTA_EXCEEDED: "'3600'" };

      expect(body).toEqual({
        code: body.code,
        developerMessage: messages[type] ?? developerMessage,
      });
      expect(response.StatusCode).toBe(String(status));
      expect(header('X-Correlation-Id')).toBe('context.requestId');
      expect(header('Cache-Control')).toBe("'no-store'");
      expect(header('Content-Type')).toBe("'application/json'");
      expect(header('WWW-Authenticate')).toBe(
        status === 401 ? `'Bearer realm="accounts"'` : undefined,
      );
      expect(header('Retry-After')).toBe(waits[type]);
      expect(header('Access-Control-Allow-Origin')).toBeUndefined();
      expect(type in ResponseType).toBe(true);
    },
  );

  it('have the codes that the contract gives them', () => {
    const codes = Object.fromEntries(
      [...GATEWAY_FAULTS].map(([type, fault]) => [type.responseType, FAULTS[fault].code]),
    );

    expect(codes).toMatchObject({
      UNAUTHORIZED: '401-901',
      EXPIRED_TOKEN: '401-901',
      INVALID_SIGNATURE: '401-901',
      ACCESS_DENIED: '403-901',
      INVALID_API_KEY: '403-901',
      MISSING_AUTHENTICATION_TOKEN: '404-901',
      RESOURCE_NOT_FOUND: '404-901',
      THROTTLED: '429-901',
      QUOTA_EXCEEDED: '429-902',
      BAD_REQUEST_BODY: '400-901',
      DEFAULT_4XX: '400-901',
      REQUEST_TOO_LARGE: '413-901',
      UNSUPPORTED_MEDIA_TYPE: '415-901',
      WAF_FILTERED: '403-903',
      INTEGRATION_TIMEOUT: '504-901',
      INTEGRATION_FAILURE: '500-901',
      AUTHORIZER_FAILURE: '500-901',
      DEFAULT_5XX: '500-901',
    });
  });
});

describe("the API's options", () => {
  it('are off by default', () => {
    for (const type of ['AWS::ApiGateway::DomainName', 'AWS::WAFv2::WebACL']) {
      plain.resourceCountIs(type, 0);
    }
    expect(methodsOf(plain).filter((method) => method['HttpMethod'] === 'OPTIONS')).toEqual([]);
  });

  it('serve a host name of your own under the same path, and close the default one', () => {
    full.hasResourceProperties('AWS::ApiGateway::DomainName', {
      DomainName: 'accounts.example.com',
      SecurityPolicy: 'TLS_1_2',
      MutualTlsAuthentication: {
        TruststoreUri: 's3://truststores/partners/ca.pem',
        TruststoreVersion: '7',
      },
    });
    full.hasResourceProperties('AWS::ApiGateway::BasePathMapping', { BasePath: 'v1' });
    full.hasResourceProperties('AWS::ApiGateway::RestApi', { DisableExecuteApiEndpoint: true });
  });

  it.each(['a b.pem', 'a#b.pem', 'a?b=c.pem', 'a/../b.pem', 'a%20b.pem', 'ä.pem'])(
    'take the trust store s3://truststores/%s as it is written',
    (key) => {
      const { domain } = FULL_STAGE.api;
      const truststoreUri = `s3://truststores/${key}`;

      templateOf({ domain: { ...domain, mutualTls: { truststoreUri } } }).hasResourceProperties(
        'AWS::ApiGateway::DomainName',
        { MutualTlsAuthentication: { TruststoreUri: truststoreUri } },
      );
    },
  );

  it('serve it without mutual TLS, and a trust store without a version', () => {
    const { domain } = FULL_STAGE.api;
    const { mutualTls, ...plainDomain } = domain;
    const { truststoreUri } = mutualTls;

    templateOf({ domain: plainDomain }).hasResourceProperties('AWS::ApiGateway::DomainName', {
      MutualTlsAuthentication: Match.absent(),
    });
    templateOf({
      domain: { ...plainDomain, mutualTls: { truststoreUri } },
    }).hasResourceProperties('AWS::ApiGateway::DomainName', {
      MutualTlsAuthentication: { TruststoreUri: truststoreUri, TruststoreVersion: Match.absent() },
    });
  });

  it('put a firewall before the stage, whose log holds no token and no query', () => {
    full.hasResourceProperties('AWS::WAFv2::WebACL', {
      Scope: 'REGIONAL',
      Rules: Match.arrayWith([
        Match.objectLike({ Statement: { RateBasedStatement: Match.objectLike({ Limit: 2000 }) } }),
        Match.objectLike({ Name: 'AWSManagedRulesCommonRuleSet' }),
      ]),
    });
    full.resourceCountIs('AWS::WAFv2::WebACLAssociation', 1);
    full.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: {
        'Fn::Join': [
          '',
          ['aws-waf-logs-egain-accounts-', { 'Fn::GetAtt': [firewallOf(full), 'Id'] }],
        ],
      },
    });
    full.hasResourceProperties('AWS::WAFv2::LoggingConfiguration', {
      RedactedFields: [{ SingleHeader: { Name: 'authorization' } }, { QueryString: {} }],
    });
  });

  it('let the firewall block nothing that the contract takes: long queries, any text, no agent', () => {
    const { Rules } = propertiesOfOnly(full, 'AWS::WAFv2::WebACL') as {
      Rules: {
        Name: string;
        Statement: { ManagedRuleGroupStatement?: { RuleActionOverrides?: RuleOverride[] } };
      }[];
    };
    const common = Rules.find(({ Name }) => Name === 'AWSManagedRulesCommonRuleSet');
    const { RuleActionOverrides: overrides = [] } =
      common?.Statement.ManagedRuleGroupStatement ?? {};
    const counted = overrides.filter(({ ActionToUse }) => 'Count' in ActionToUse);

    expect(counted).toHaveLength(overrides.length);
    for (const kind of ['EC2MetaDataSSRF', 'GenericLFI', 'GenericRFI', 'CrossSiteScripting']) {
      expect(counted.map(({ Name }) => Name)).toContain(`${kind}_QUERYARGUMENTS`);
      expect(counted.map(({ Name }) => Name)).toContain(`${kind}_URIPATH`);
    }
    expect(counted.map(({ Name }) => Name)).toEqual(
      expect.arrayContaining([
        'SizeRestrictions_QUERYSTRING',
        'SizeRestrictions_URIPATH',
        'RestrictedExtensions_QUERYARGUMENTS',
        'RestrictedExtensions_URIPATH',
        'NoUserAgent_HEADER',
      ]),
    );
  });

  it('answer preflights of the named origins alone', () => {
    const preflights = methodsOf(full).filter((method) => method['HttpMethod'] === 'OPTIONS');

    expect(preflights).toHaveLength(3);
    for (const preflight of preflights) {
      expect(preflight).toMatchObject({ AuthorizationType: 'NONE', ApiKeyRequired: false });
      expect(JSON.stringify(preflight)).toContain("'https://app.example.com'");
    }
    for (const response of gatewayResponses(full)) {
      expect(response.ResponseParameters).toMatchObject({
        'gatewayresponse.header.Access-Control-Allow-Origin': "'https://app.example.com'",
        'gatewayresponse.header.Vary': "'Origin'",
      });
    }
  });

  it('tell a browser what it may send and read, for an hour', () => {
    const template = templateOf({ corsOrigins: ['https://app.example.com'] });
    const preflight = methodsOf(template).find((method) => method['HttpMethod'] === 'OPTIONS');
    const integration = preflight?.['Integration'] as
      | { IntegrationResponses: [{ ResponseParameters: Record<string, string> }] }
      | undefined;
    const headers = integration?.IntegrationResponses[0].ResponseParameters;
    const header = (name: string) =>
      headers?.[`method.response.header.Access-Control-${name}`]?.replaceAll("'", '').split(',');

    expect(header('Allow-Methods')).toEqual(['GET', 'HEAD']);
    expect(header('Allow-Headers')).toEqual([
      'Authorization',
      'If-None-Match',
      'X-Correlation-Id',
      'X-egain-error-message',
    ]);
    expect(header('Expose-Headers')).toEqual([...EXPOSED_HEADERS]);
    expect(header('Max-Age')).toEqual(['3600']);
  });

  it('let a browser read of an error what to do about it', () => {
    for (const { ResponseParameters } of gatewayResponses(full)) {
      expect(ResponseParameters).toMatchObject({
        'gatewayresponse.header.Access-Control-Expose-Headers':
          "'X-Correlation-Id,Retry-After,WWW-Authenticate'",
      });
    }
  });

  it('name no origin in gateway responses where there are several to choose from', () => {
    const corsOrigins = ['https://a.example.com', 'https://b.example.com'];
    const template = templateOf({ corsOrigins });

    expect(JSON.stringify(gatewayResponses(template))).not.toContain('example.com');
    expect(JSON.stringify(methodsOf(template))).toContain('https://b.example.com');
  });

  it('throttle all callers together, and the public document to a fortieth of that', () => {
    full.hasResourceProperties('AWS::ApiGateway::Stage', {
      MethodSettings: Match.arrayWith([
        Match.objectLike({ ThrottlingRateLimit: 50, ThrottlingBurstLimit: 80 }),
        Match.objectLike({ ThrottlingRateLimit: 1.25, ThrottlingBurstLimit: 2 }),
      ]),
    });
  });
});

interface RuleOverride {
  readonly Name: string;
  readonly ActionToUse: object;
}

/** The logical id of the template's only web ACL. */
function firewallOf(template: Template): string {
  const [id = ''] = Object.keys(template.findResources('AWS::WAFv2::WebACL'));
  return id;
}
