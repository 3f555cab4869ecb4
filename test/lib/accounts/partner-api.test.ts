import { Match, type Template } from 'aws-cdk-lib/assertions';
import { ResponseType } from 'aws-cdk-lib/aws-apigateway';
import { describe, expect, it } from 'vitest';
import { FAULTS } from '../../../lambda/faults.ts';
import { EXPOSED_HEADERS } from '../../../lambda/http/response.ts';
import {
  FULL_STAGE,
  PLAIN_STAGE,
  propertiesById,
  propertiesOfOnly,
  synthesised,
} from '../../support/stage.ts';

interface GatewayResponse {
  readonly ResponseType: string;
  readonly StatusCode: string;
  readonly ResponseParameters: Readonly<Record<string, string>>;
  readonly ResponseTemplates: Readonly<Record<string, string>>;
}

const { accounts: plain } = synthesised(PLAIN_STAGE);
const { accounts: full } = synthesised(FULL_STAGE);

/** The accounts stack of a stage with these options of the API. */
const templateOf = (api: object): Template => synthesised({ ...PLAIN_STAGE, api }).accounts;

const gatewayResponses = (template: Template) =>
  Object.values(propertiesById<GatewayResponse>(template, 'AWS::ApiGateway::GatewayResponse'));

const methodsOf = (template: Template) =>
  Object.values(propertiesById(template, 'AWS::ApiGateway::Method'));

describe("the partners' API", () => {
  it('has three routes for GET and HEAD on stage v1, and lets nobody but a partner into two of them', () => {
    const methods = methodsOf(plain);

    expect(
      methods.map((method) =>
        ['HttpMethod', 'AuthorizationType', 'ApiKeyRequired'].map((key) => method[key]).join(' '),
      ),
    ).toEqual([
      'GET CUSTOM true',
      'HEAD CUSTOM true',
      'GET CUSTOM true',
      'HEAD CUSTOM true',
      'GET NONE false',
      'HEAD NONE false',
    ]);
    const parts = Object.values(propertiesById(plain, 'AWS::ApiGateway::Resource'));
    expect(parts.map((part) => part['PathPart'])).toEqual(['accounts', '{id}', 'openapi.json']);
    plain.hasResourceProperties('AWS::ApiGateway::Stage', { StageName: 'v1' });
  });

  it("takes the usage plan's key from the authorizer, keeps its answer for 60 seconds, refuses TLS below 1.2, and compresses", () => {
    plain.hasResourceProperties('AWS::ApiGateway::RestApi', {
      Name: 'egain-accounts-test',
      ApiKeySourceType: 'AUTHORIZER',
      MinimumCompressionSize: 1024,
      SecurityPolicy: 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09',
      EndpointConfiguration: { Types: ['REGIONAL'] },
      DisableExecuteApiEndpoint: false,
    });
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
    ['Basic aa.bb.cc', false],
    ['Bearer aa.bb.cc dd', false],
  ])('calls the authorizer for %j: %s', (header, called) => {
    const { IdentityValidationExpression } = propertiesOfOnly(plain, 'AWS::ApiGateway::Authorizer');

    expect(new RegExp(String(IdentityValidationExpression)).test(header)).toBe(called);
  });

  it('is throttled, its public document to a fortieth; logs errors without data, traces nothing, and leaves the account alone', () => {
    const logged = { LoggingLevel: 'ERROR', DataTraceEnabled: false, MetricsEnabled: true };
    const settings = (ResourcePath: string, HttpMethod: string, rate: number, burst: number) =>
      Match.objectLike({
        ...logged,
        ResourcePath,
        HttpMethod,
        ThrottlingRateLimit: rate,
        ThrottlingBurstLimit: burst,
      });

    full.hasResourceProperties('AWS::ApiGateway::Stage', {
      TracingEnabled: false,
      MethodSettings: Match.arrayWith([
        settings('/*', '*', 50, 80),
        settings('/~1openapi.json', 'GET', 1.25, 2),
        settings('/~1openapi.json', 'HEAD', 1.25, 2),
      ]),
    });
    full.resourceCountIs('AWS::ApiGateway::Account', 0);
  });

  it('tells of each request who asked for what and how it went, and nothing personal', () => {
    const { AccessLogSetting } = propertiesOfOnly(plain, 'AWS::ApiGateway::Stage') as {
      AccessLogSetting: { Format: string };
    };

    const fields = JSON.parse(AccessLogSetting.Format) as Record<string, string>;
    expect(fields).toMatchObject({
      partner: '$context.authorizer.partner',
      status: '$context.status',
    });
    expect(Object.values(fields).join(' ')).not.toMatch(/identity|\$context\.path|requestOverride/);
  });

  it('ends its execution logs, which API Gateway would keep for ever', () => {
    plain.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: {
        'Fn::Join': ['', ['API-Gateway-Execution-Logs_', Match.anyValue(), '/v1']],
      },
      RetentionInDays: 90,
    });
  });

  it('may invoke the function from its stage, and not by the test button of the console', () => {
    const permissions = JSON.stringify(plain.findResources('AWS::Lambda::Permission'));

    expect(permissions).toContain('/GET/accounts');
    expect(permissions).not.toContain('test-invoke-stage');
  });

  it("is reached under its stage's name, without a slash at the end, by one output", () => {
    expect(JSON.stringify(plain.findOutputs('ApiUrl'))).toMatch(
      /"\/",\{"Ref":"PartnerApiRestApiDeploymentStagev1\w+"\}\]\]\}/,
    );
    expect(Object.keys(plain.findOutputs('*')).join()).not.toMatch(/Endpoint/);
  });
});

describe('the gateway responses', () => {
  const kindsByCode = {
    '400-901': 'BAD_REQUEST_BODY BAD_REQUEST_PARAMETERS DEFAULT_4XX',
    '401-901': 'UNAUTHORIZED EXPIRED_TOKEN INVALID_SIGNATURE',
    '403-901': 'ACCESS_DENIED INVALID_API_KEY',
    '403-903': 'WAF_FILTERED',
    '404-901': 'MISSING_AUTHENTICATION_TOKEN RESOURCE_NOT_FOUND',
    '413-901': 'REQUEST_TOO_LARGE',
    '415-901': 'UNSUPPORTED_MEDIA_TYPE',
    '429-901': 'THROTTLED',
    '429-902': 'QUOTA_EXCEEDED',
    '500-901':
      'INTEGRATION_FAILURE API_CONFIGURATION_ERROR AUTHORIZER_CONFIGURATION_ERROR ' +
      'AUTHORIZER_FAILURE DEFAULT_5XX',
    '504-901': 'INTEGRATION_TIMEOUT',
  };
  const codes: Readonly<Record<string, string>> = Object.fromEntries(
    Object.entries(kindsByCode).flatMap(([code, kinds]) =>
      kinds.split(' ').map((kind) => [kind, code]),
    ),
  );
  const waits: Readonly<Record<string, string>> = { THROTTLED: "'1'", QUOTA_EXCEEDED: "'3600'" };
  const tooLarge = 'The request is larger than the platform allows. Shorten the query.';

  it('cover every kind that API Gateway can make', () => {
    const kinds = Object.values(ResponseType).flatMap((value) =>
      value instanceof ResponseType ? [value.responseType] : [],
    );

    expect(Object.keys(codes).toSorted()).toEqual(kinds.toSorted());
    expect(gatewayResponses(plain)).toHaveLength(kinds.length);
  });

  it.each(gatewayResponses(plain).map((response) => [response.ResponseType, response] as const))(
    '%s has its code and status, the envelope and its headers',
    (type, { ResponseParameters, ResponseTemplates, StatusCode }) => {
      const fault = Object.values(FAULTS).find(({ code }) => code === codes[type]);
      const header = (name: string) => ResponseParameters[`gatewayresponse.header.${name}`];

      expect(JSON.parse(ResponseTemplates['application/json'] ?? '')).toEqual({
        code: codes[type],
        developerMessage: type === 'REQUEST_TOO_LARGE' ? tooLarge : fault?.developerMessage,
      });
      expect(StatusCode).toBe(String(fault?.status));
      expect(header('X-Correlation-Id')).toBe('context.requestId');
      expect(header('Cache-Control')).toBe("'no-store'");
      expect(header('Content-Type')).toBe("'application/json'");
      expect(header('WWW-Authenticate')).toBe(
        StatusCode === '401' ? `'Bearer realm="accounts"'` : undefined,
      );
      expect(header('Retry-After')).toBe(waits[type]);
      expect(header('Access-Control-Allow-Origin')).toBeUndefined();
    },
  );
});

const mutualTlsOf = (domain: object) =>
  propertiesOfOnly(templateOf({ domain }), 'AWS::ApiGateway::DomainName')[
    'MutualTlsAuthentication'
  ];

describe("the API's options", () => {
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

  it('take the name of the trust store as it is written, and need none', () => {
    const { mutualTls: _, ...domain } = FULL_STAGE.api.domain;
    const truststoreUri = 's3://truststores/a b#c?d=e/../f%20ä.pem';

    expect(mutualTlsOf(domain)).toBeUndefined();
    expect(mutualTlsOf({ ...domain, mutualTls: { truststoreUri } })).toEqual({
      TruststoreUri: truststoreUri,
    });
  });

  it('answer preflights of the named origins alone, and tell what a browser may send and read', () => {
    const preflights = methodsOf(full).filter((method) => method['HttpMethod'] === 'OPTIONS');
    const access = 'method.response.header.Access-Control';

    expect(preflights).toHaveLength(3);
    for (const preflight of preflights) {
      expect(preflight).toMatchObject({
        AuthorizationType: 'NONE',
        ApiKeyRequired: false,
        Integration: {
          IntegrationResponses: [
            {
              ResponseParameters: {
                [`${access}-Allow-Origin`]: "'https://app.example.com'",
                [`${access}-Allow-Methods`]: "'GET,HEAD'",
                [`${access}-Allow-Headers`]:
                  "'Authorization,If-None-Match,X-Correlation-Id,X-egain-error-message'",
                [`${access}-Expose-Headers`]: `'${EXPOSED_HEADERS.join(',')}'`,
                [`${access}-Max-Age`]: "'3600'",
              },
            },
          ],
        },
      });
    }
    for (const response of gatewayResponses(full)) {
      expect(response.ResponseParameters).toMatchObject({
        'gatewayresponse.header.Access-Control-Allow-Origin': "'https://app.example.com'",
        'gatewayresponse.header.Access-Control-Expose-Headers':
          "'X-Correlation-Id,Retry-After,WWW-Authenticate'",
        'gatewayresponse.header.Vary': "'Origin'",
      });
    }
  });

  it('name the first origin in gateway responses where there are several', () => {
    const corsOrigins = ['https://a.example.com', 'https://b.example.com'];
    const template = templateOf({ corsOrigins });

    for (const { ResponseParameters } of gatewayResponses(template)) {
      expect(ResponseParameters).toMatchObject({
        'gatewayresponse.header.Access-Control-Allow-Origin': "'https://a.example.com'",
      });
    }
    expect(JSON.stringify(methodsOf(template))).toContain('https://b.example.com');
  });
});

interface Visible {
  readonly VisibilityConfig: object;
}
interface Rule extends Visible {
  readonly Statement: {
    readonly ManagedRuleGroupStatement?: {
      readonly Name: string;
      readonly RuleActionOverrides: readonly { Name: string; ActionToUse: object }[];
    };
  };
}

describe('the firewall', () => {
  const acl = propertiesOfOnly(full, 'AWS::WAFv2::WebACL') as unknown as Visible & {
    readonly Rules: readonly Rule[];
  };
  const [aclId] = Object.keys(full.findResources('AWS::WAFv2::WebACL'));

  it('stands before the stage, and lets in what no rule blocks', () => {
    expect(acl).toMatchObject({ Scope: 'REGIONAL', DefaultAction: { Allow: {} } });
    full.hasResourceProperties('AWS::WAFv2::WebACLAssociation', {
      ResourceArn: { 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp('::/restapis/$')])] },
      WebACLArn: { 'Fn::GetAtt': [aclId, 'Arn'] },
    });
  });

  it("blocks an address that sends too much in 5 minutes, then what AWS's groups block", () => {
    const [rate, ...groups] = acl.Rules;

    expect(rate).toMatchObject({
      Name: 'RateByIp',
      Action: { Block: {} },
      Statement: {
        RateBasedStatement: { AggregateKeyType: 'IP', Limit: 2000, EvaluationWindowSec: 300 },
      },
    });
    expect(groups).toMatchObject(
      ['CommonRuleSet', 'KnownBadInputsRuleSet', 'AmazonIpReputationList'].map((name) => ({
        OverrideAction: { None: {} },
        Statement: { ManagedRuleGroupStatement: { Name: `AWSManagedRules${name}` } },
      })),
    );
  });

  it('blocks nothing that the contract allows: long queries, any text, no User-Agent', () => {
    const kinds = [
      'EC2MetaDataSSRF',
      'GenericLFI',
      'GenericRFI',
      'CrossSiteScripting',
      'RestrictedExtensions',
    ];
    const [, ...groups] = acl.Rules;
    const [common = [], ...others] = groups.map(
      ({ Statement }) => Statement.ManagedRuleGroupStatement?.RuleActionOverrides,
    );
    const names = common.map(({ Name }) => Name);

    expect(names).toEqual(
      expect.arrayContaining([
        'NoUserAgent_HEADER',
        'SizeRestrictions_QUERYSTRING',
        'SizeRestrictions_URIPATH',
      ]),
    );
    for (const kind of kinds) {
      expect(names).toEqual(expect.arrayContaining([`${kind}_QUERYARGUMENTS`, `${kind}_URIPATH`]));
    }
    for (const { ActionToUse } of common) expect(ActionToUse).toEqual({ Count: {} });
    expect(others).toEqual([[], []]);
  });

  it('counts what each rule blocks, and keeps no samples, which would hold tokens', () => {
    const all = [acl, ...acl.Rules].map((one) => one.VisibilityConfig);

    for (const config of all) {
      expect(config).toMatchObject({
        CloudWatchMetricsEnabled: true,
        SampledRequestsEnabled: false,
      });
    }
    expect(new Set(all.map((config) => JSON.stringify(config))).size).toBe(all.length);
  });

  it('logs to its own group, by an ARN that WAF takes, and no token and no query', () => {
    full.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: {
        'Fn::Join': ['', ['aws-waf-logs-egain-accounts-', { 'Fn::GetAtt': [aclId, 'Id'] }]],
      },
    });
    const arn = [
      expect.stringMatching(/^arn:aws:logs:.*:log-group:$/),
      { Ref: expect.stringMatching(/^PartnerApiFirewallLogs/) },
    ];
    expect(propertiesOfOnly(full, 'AWS::WAFv2::LoggingConfiguration')).toMatchObject({
      LogDestinationConfigs: [{ 'Fn::Join': ['', arn] }],
      RedactedFields: [{ SingleHeader: { Name: 'authorization' } }, { QueryString: {} }],
    });
  });
});
