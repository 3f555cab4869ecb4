import { CfnOutput, Duration, Size, Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { EXPOSED_HEADERS } from '../../lambda/http/response.ts';
import { acknowledge } from '../common/acknowledge.ts';
import { type LogKeeping, StageLogGroup } from '../common/log-group.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import { ACCESS_LOG_FORMAT } from './access-log.ts';
import { Firewall } from './firewall.ts';
import { addGatewayResponses } from './gateway-responses.ts';
import { TIME_OUTS } from './time-outs.ts';

type ApiOptions = StageConfig['api'];

export interface PartnerApiProps {
  readonly options: ApiOptions;
  readonly logs: LogKeeping;
  /** Answers the routes. */
  readonly handler: IFunction;
  /** Decides who gets in, and on which usage plan. */
  readonly authorizer: IFunction;
}

const STAGE = 'v1';
const VERBS = ['GET', 'HEAD'] as const;
/** Smaller answers are hardly smaller when they are compressed. */
const COMPRESSED_FROM = Size.kibibytes(1);
/** The public document gets this part of the API's throttle. */
const PUBLIC_SHARE = 40;
/** A bearer token of a JWT's form; anything else is a 401 without a call of the authorizer. */
const BEARER_JWT = '^[Bb][Ee][Aa][Rr][Ee][Rr] +[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$';

/**
 * The partners' REST API: GET and HEAD of `/accounts` and `/accounts/{id}` behind the authorizer,
 * and of `/openapi.json` for anybody, on stage `v1`.
 *
 * API Gateway writes logs only where the account has a CloudWatch role set (API Gateway, Settings),
 * once for each account and region. It is not made here, since deleting the stack would take it
 * away from every other API.
 */
export class PartnerApi extends Construct {
  readonly api: apigateway.RestApi;
  /** The API's base with the stage, without a slash at the end. */
  readonly url: string;
  /** Its lines are `ACCESS_LOG_FORMAT`'s. */
  readonly accessLogs: StageLogGroup;

  constructor(scope: Construct, id: string, props: PartnerApiProps) {
    super(scope, id);
    const { logs } = props;
    const { domain, corsOrigins, firewall } = props.options;
    this.accessLogs = new StageLogGroup(this, 'AccessLogs', logs);
    this.api = this.restApi(props.options, logs);
    this.url =
      domain === undefined ? this.api.url.replace(/\/$/, '') : `https://${domain.name}/${STAGE}`;

    const integration = new apigateway.LambdaIntegration(props.handler, {
      allowTestInvoke: false,
      timeout: TIME_OUTS.integration,
    });
    const guarded: apigateway.MethodOptions = {
      // Requests count against the partner's usage plan by the key that the authorizer names.
      apiKeyRequired: true,
      authorizer: new apigateway.TokenAuthorizer(this, 'Authorizer', {
        handler: props.authorizer,
        identitySource: apigateway.IdentitySource.header('Authorization'),
        validationRegex: BEARER_JWT,
        // A token that has expired or been withdrawn gets in for at most that long.
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
            "A Lambda authorizer guards it: it takes any OIDC issuer's tokens, Cognito's too, and " +
            "names the partner's usage plan.",
        });
      }
      const publicDocument = openapi.addMethod(verb, integration, {
        authorizationType: apigateway.AuthorizationType.NONE,
        apiKeyRequired: false,
      });
      const reason = 'The contract is public, holds no data and has a throttle of its own.';
      acknowledge(publicDocument, { 'AwsSolutions-APIG4': reason, 'AwsSolutions-COG4': reason });
    }
    if (corsOrigins.length > 0) {
      for (const resource of [accounts, account, openapi]) addPreflight(resource, corsOrigins);
    }
    addGatewayResponses(this.api, corsOrigins);
    if (domain !== undefined) this.addDomain(domain);
    if (firewall !== undefined) {
      const { requestsPerIp } = firewall;
      new Firewall(this, 'Firewall', { logs, requestsPerIp, stage: this.api.deploymentStage });
    }
  }

  private restApi(
    { throttle: { rate, burst }, domain, firewall }: ApiOptions,
    logs: LogKeeping,
  ): apigateway.RestApi {
    const logged: apigateway.MethodDeploymentOptions = {
      metricsEnabled: true,
      // Errors alone and no data, so that no request's content gets there.
      loggingLevel: apigateway.MethodLoggingLevel.ERROR,
      dataTraceEnabled: false,
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
        // A segment of the gateway's would hold the query string and the caller's address.
        tracingEnabled: false,
        throttlingRateLimit: rate,
        throttlingBurstLimit: burst,
        accessLogDestination: new apigateway.LogGroupLogDestination(this.accessLogs),
        accessLogFormat: ACCESS_LOG_FORMAT,
        // Anybody may ask for it, so it may not use up what is there for the partners.
        methodOptions: Object.fromEntries(
          VERBS.map((verb) => [
            `/openapi.json/${verb}`,
            {
              ...logged,
              throttlingRateLimit: rate / PUBLIC_SHARE,
              throttlingBurstLimit: Math.ceil(burst / PUBLIC_SHARE),
            },
          ]),
        ),
      },
    });
    // TLS 1.2 with forward secrecy, or 1.3. The CDK's own construct has no property for it yet.
    const resource = api.node.defaultChild as apigateway.CfnRestApi;
    resource.securityPolicy = apigateway.SecurityPolicy.TLS13_1_2_PFS_PQ_2025_09;
    resource.endpointAccessMode = apigateway.EndpointAccessMode.BASIC;
    // API Gateway would make this group by itself, and keep it for ever.
    const executionLogs = new StageLogGroup(this, 'ExecutionLogs', {
      ...logs,
      logGroupName: `API-Gateway-Execution-Logs_${api.restApiId}/${STAGE}`,
    });
    api.deploymentStage.node.addDependency(executionLogs);
    acknowledge(api, {
      'AwsSolutions-APIG2':
        'The function checks every parameter, and names all faults of a request at once in the ' +
        "envelope; the gateway's validator would name one, of the missing ones alone.",
    });
    acknowledge(api.deploymentStage, {
      'NIST.800.53.R5-APIGWCacheEnabledAndEncrypted':
        'What a caller gets depends on its scopes and account rule, so the gateway may not cache ' +
        'it. The functions keep what they need in memory.',
      'Serverless-APIGWXrayEnabled':
        "A segment of the gateway's holds the query string and the caller's address, which are " +
        "nobody's business. The functions are traced.",
      'NIST.800.53.R5-APIGWSSLEnabled':
        'There is no HTTP backend to show a certificate to: the gateway invokes a function, by IAM.',
    });
    if (firewall === undefined) acknowledge(api.deploymentStage, WITHOUT_FIREWALL);
    // The stack's own output says it; with a domain of your own this one would mislead.
    api.node.tryRemoveChild('Endpoint');
    return api;
  }

  private addDomain(domain: NonNullable<ApiOptions['domain']>): void {
    const certificate = Certificate.fromCertificateArn(this, 'Certificate', domain.certificateArn);
    const { mutualTls } = domain;
    const { domainNameAliasDomainName } = this.api.addDomainName('Domain', {
      domainName: domain.name,
      basePath: STAGE,
      certificate,
      // The newer policies are refused together with mutual TLS.
      securityPolicy: apigateway.SecurityPolicy.TLS_1_2,
      ...(mutualTls === undefined ? {} : { mtls: this.mutualTls(mutualTls) }),
    });
    new CfnOutput(Stack.of(this), 'DomainTarget', {
      value: domainNameAliasDomainName,
      description: `Where ${domain.name} points to, by a CNAME or an alias record`,
    });
  }

  private mutualTls(options: {
    readonly truststoreUri: string;
    readonly truststoreVersion?: string | undefined;
  }): apigateway.MTLSConfig {
    // Not by `new URL`, which would read a space, #, ? or .. in the key as something else.
    const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(options.truststoreUri) ?? [];
    return {
      bucket: Bucket.fromBucketName(this, 'Truststore', bucket),
      key,
      ...(options.truststoreVersion === undefined ? {} : { version: options.truststoreVersion }),
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
  const reason = 'Browsers send a preflight without a token; it answers by itself, without data.';
  acknowledge(preflight, { 'AwsSolutions-APIG4': reason, 'AwsSolutions-COG4': reason });
}

const WITHOUT_FIREWALL = {
  'AwsSolutions-APIG3': 'A choice of the deployer by its cost: api.firewall in the stage config.',
  'NIST.800.53.R5-APIGWAssociatedWithWAF':
    'A choice of the deployer by its cost: api.firewall in the stage config.',
};
