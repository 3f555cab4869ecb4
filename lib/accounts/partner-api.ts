import { CfnOutput, Duration, Size, Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { EXPOSED_HEADERS } from '../../lambda/http/response.ts';
import { acknowledge } from '../common/acknowledge.ts';
import { StageLogGroup } from '../common/stage-stack.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import { TIME_OUTS } from './accounts-function.ts';
import { Firewall } from './firewall.ts';
import { addGatewayResponses } from './gateway-responses.ts';

type Domain = NonNullable<StageConfig['api']['domain']>;

export interface PartnerApiProps {
  readonly config: StageConfig;
  /** Answers the routes. */
  readonly handler: IFunction;
  /** Decides who gets in, and on which usage plan. */
  readonly authorizer: IFunction;
}

const STAGE = 'v1';
const VERBS = ['GET', 'HEAD'] as const;
/** Compression hardly shrinks a smaller answer. */
const COMPRESSED_FROM = Size.kibibytes(1);
/** Anybody may ask for the public document, so it gets only this part of the API's throttle. */
const PUBLIC_SHARE = 40;
/** A bearer token in a JWT's form; anything else is a 401 without a call of the authorizer. */
const BEARER_JWT = '^[Bb][Ee][Aa][Rr][Ee][Rr] +[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$';

/**
 * One line of the API's access log: who asked for what kind of thing, and the result. The path's
 * parameters, the query, the token and the caller's address stay out of it.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
 */
const ACCESS_LOG_LINE = {
  requestId: '$context.requestId',
  time: '$context.requestTimeEpoch',
  partner: '$context.authorizer.partner',
  method: '$context.httpMethod',
  route: '$context.resourcePath',
  status: '$context.status',
  gatewayError: '$context.error.responseType',
  authorizerStatus: '$context.authorizer.status',
  firewall: '$context.waf.status',
  functionStatus: '$context.integration.status',
  milliseconds: '$context.responseLatency',
  functionMilliseconds: '$context.integration.latency',
  authorizerMilliseconds: '$context.authorizer.latency',
  bytes: '$context.responseLength',
};

/**
 * The partners' REST API on stage `v1`: GET and HEAD of `/accounts` and `/accounts/{id}` behind the
 * authorizer, and of `/openapi.json` for anybody.
 *
 * API Gateway writes logs only where the account has a CloudWatch role (API Gateway, Settings), once
 * for each account and region. This stack does not make it: deleting the stack would take it away
 * from every other API.
 */
export class PartnerApi extends Construct {
  readonly api: apigateway.RestApi;
  /** The API's base with the stage, without a slash at the end. */
  readonly url: string;
  readonly accessLogs: StageLogGroup;

  constructor(scope: Construct, id: string, { config, handler, authorizer }: PartnerApiProps) {
    super(scope, id);
    const { domain, corsOrigins, firewall } = config.api;
    this.accessLogs = new StageLogGroup(this, 'AccessLogs', config);
    this.api = this.restApi(config);
    this.url =
      domain === undefined ? this.api.url.replace(/\/$/, '') : `https://${domain.name}/${STAGE}`;
    const resources = this.addRoutes(handler, authorizer);
    if (corsOrigins.length > 0) {
      for (const resource of resources) addPreflight(resource, corsOrigins);
    }
    addGatewayResponses(this.api, corsOrigins);
    if (domain !== undefined) this.addDomain(domain);
    if (firewall === undefined) return;
    const { requestsPerIp } = firewall;
    new Firewall(this, 'Firewall', { config, requestsPerIp, apiStage: this.api.deploymentStage });
  }

  private restApi(config: StageConfig): apigateway.RestApi {
    const { throttle, domain, firewall } = config.api;
    const logged: apigateway.MethodDeploymentOptions = {
      metricsEnabled: true,
      // Only errors and no data, so that no request's content gets into the log.
      loggingLevel: apigateway.MethodLoggingLevel.ERROR,
      dataTraceEnabled: false,
    };
    const publicDocument: apigateway.MethodDeploymentOptions = {
      ...logged,
      throttlingRateLimit: throttle.rate / PUBLIC_SHARE,
      throttlingBurstLimit: Math.ceil(throttle.burst / PUBLIC_SHARE),
    };
    const api = new apigateway.RestApi(this, 'RestApi', {
      restApiName: Stack.of(this).stackName,
      description: "Filtered summaries of eGain's accounts, for partners",
      endpointTypes: [apigateway.EndpointType.REGIONAL],
      apiKeySourceType: apigateway.ApiKeySourceType.AUTHORIZER,
      cloudWatchRole: false,
      minCompressionSize: COMPRESSED_FROM,
      disableExecuteApiEndpoint: domain !== undefined,
      deployOptions: {
        stageName: STAGE,
        ...logged,
        // The gateway's trace segment would hold the query string and the caller's address.
        tracingEnabled: false,
        throttlingRateLimit: throttle.rate,
        throttlingBurstLimit: throttle.burst,
        accessLogDestination: new apigateway.LogGroupLogDestination(this.accessLogs),
        accessLogFormat: apigateway.AccessLogFormat.custom(JSON.stringify(ACCESS_LOG_LINE)),
        methodOptions: Object.fromEntries(
          VERBS.map((verb) => [`/openapi.json/${verb}`, publicDocument]),
        ),
      },
    });
    // TLS 1.2 with forward secrecy, or 1.3. The CDK's own construct has no property for it yet.
    const resource = api.node.defaultChild as apigateway.CfnRestApi;
    resource.securityPolicy = apigateway.SecurityPolicy.TLS13_1_2_PFS_PQ_2025_09;
    resource.endpointAccessMode = apigateway.EndpointAccessMode.BASIC;
    // API Gateway would make this group by itself, and keep it for ever.
    const executionLogs = `API-Gateway-Execution-Logs_${api.restApiId}/${STAGE}`;
    api.deploymentStage.node.addDependency(
      new StageLogGroup(this, 'ExecutionLogs', config, executionLogs),
    );
    acknowledge(api, {
      'AwsSolutions-APIG2':
        'The function checks every parameter, and names all faults of a request at once in the ' +
        "envelope; the gateway's validator would name one, and only a missing one.",
    });
    acknowledge(api.deploymentStage, STAGE_REASONS);
    if (firewall === undefined) acknowledge(api.deploymentStage, WITHOUT_FIREWALL);
    // The stack has its own output; this one would mislead where the API has its own host name.
    api.node.tryRemoveChild('Endpoint');
    return api;
  }

  private addRoutes(handler: IFunction, authorizer: IFunction): apigateway.Resource[] {
    const integration = new apigateway.LambdaIntegration(handler, {
      allowTestInvoke: false,
      timeout: TIME_OUTS.integration,
    });
    const guarded: apigateway.MethodOptions = {
      // Requests count against the partner's usage plan by the key that the authorizer names.
      apiKeyRequired: true,
      authorizer: new apigateway.TokenAuthorizer(this, 'Authorizer', {
        handler: authorizer,
        identitySource: apigateway.IdentitySource.header('Authorization'),
        validationRegex: BEARER_JWT,
        // A token that has expired, or a partner that was removed, gets in for at most this long.
        resultsCacheTtl: Duration.seconds(60),
      }),
    };
    const accounts = this.api.root.addResource('accounts');
    const account = accounts.addResource('{id}');
    const openapi = this.api.root.addResource('openapi.json');
    for (const verb of VERBS) {
      for (const resource of [accounts, account]) {
        acknowledge(resource.addMethod(verb, integration, guarded), {
          'AwsSolutions-COG4':
            "A Lambda authorizer guards it: it accepts any OIDC issuer's tokens, Cognito's too, " +
            "and names the partner's usage plan.",
        });
      }
      const publicDocument = openapi.addMethod(verb, integration, {
        authorizationType: apigateway.AuthorizationType.NONE,
        apiKeyRequired: false,
      });
      acknowledge(
        publicDocument,
        withoutToken('The contract is public, holds no data and has a throttle of its own.'),
      );
    }
    return [accounts, account, openapi];
  }

  private addDomain({ name, certificateArn, mutualTls }: Domain): void {
    const { domainNameAliasDomainName } = this.api.addDomainName('Domain', {
      domainName: name,
      basePath: STAGE,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      // API Gateway refuses the newer policies together with mutual TLS.
      securityPolicy: apigateway.SecurityPolicy.TLS_1_2,
      ...(mutualTls === undefined ? {} : { mtls: this.mutualTls(mutualTls) }),
    });
    new CfnOutput(Stack.of(this), 'DomainTarget', {
      value: domainNameAliasDomainName,
      description: `Where ${name} points to, by a CNAME or an alias record`,
    });
  }

  private mutualTls({
    truststoreUri,
    truststoreVersion,
  }: NonNullable<Domain['mutualTls']>): apigateway.MTLSConfig {
    // `new URL` would read a space, #, ? or .. in the key as something else.
    const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(truststoreUri) ?? [];
    return {
      bucket: Bucket.fromBucketName(this, 'Truststore', bucket),
      key,
      ...(truststoreVersion === undefined ? {} : { version: truststoreVersion }),
    };
  }
}

function addPreflight(resource: apigateway.Resource, origins: readonly string[]): void {
  const preflight = resource.addCorsPreflight({
    allowOrigins: [...origins],
    allowMethods: [...VERBS],
    allowHeaders: ['Authorization', 'If-None-Match', 'X-Correlation-Id', 'X-egain-error-message'],
    exposeHeaders: [...EXPOSED_HEADERS],
    maxAge: Duration.hours(1),
  });
  acknowledge(
    preflight,
    withoutToken('Browsers send a preflight without a token; it answers by itself, without data.'),
  );
}

const withoutToken = (reason: string) => ({
  'AwsSolutions-APIG4': reason,
  'AwsSolutions-COG4': reason,
});

const STAGE_REASONS = {
  'NIST.800.53.R5-APIGWCacheEnabledAndEncrypted':
    'What a caller gets depends on its scopes and account rule, so the gateway must not cache it. ' +
    'The functions keep what they need in memory.',
  'Serverless-APIGWXrayEnabled':
    "The gateway's trace segment holds the query string and the caller's address, which are " +
    "nobody's business. The functions are traced.",
  'NIST.800.53.R5-APIGWSSLEnabled':
    'There is no HTTP backend to show a certificate to: the gateway invokes a function, by IAM.',
};

const FIREWALL_IS_OPTIONAL =
  'The deployer chooses whether it is worth its cost: api.firewall in the stage config.';
const WITHOUT_FIREWALL = {
  'AwsSolutions-APIG3': FIREWALL_IS_OPTIONAL,
  'NIST.800.53.R5-APIGWAssociatedWithWAF': FIREWALL_IS_OPTIONAL,
};
