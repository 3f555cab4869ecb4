import { readFileSync } from 'node:fs';
import { CfnOutput } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { ServiceEnvironment, TelemetryEnvironment } from '../../lambda/platform/config.ts';
import { metricsNamespace } from '../../lambda/platform/metrics.ts';
import { removalPolicy, type StageProps, StageStack } from '../common/stage-stack.ts';
import type { CredentialsStack } from '../credentials/credentials-stack.ts';
import { EgainCredentials } from '../credentials/egain-credentials.ts';
import { AccountsFunction } from './accounts-function.ts';
import { PartnerApi } from './partner-api.ts';
import { addUsagePlans } from './partners-stack.ts';
import { partnerGroups, partnersTable } from './partners-table.ts';
import { grantAnnouncing, RefreshSchedule } from './refresh-schedule.ts';
import { SharedTable } from './shared-table.ts';

export interface AccountsStackProps extends StageProps {
  /** Undefined where secret and issuer exist already. */
  readonly credentials: CredentialsStack | undefined;
}

const OPENAPI = new URL('../../docs/openapi.json', import.meta.url);

/** What is redeployed daily: the functions, the partners' API, and what each partner needs. */
export class AccountsStack extends StageStack {
  readonly apiFunction: AccountsFunction<'api'>;
  readonly taskFunction: AccountsFunction<'task'>;
  readonly authorizerFunction: AccountsFunction<'authorizer'>;
  readonly api: RestApi;
  /** The API's access log. */
  readonly accessLogs: LogGroup;

  constructor(scope: Construct, id: string, props: AccountsStackProps) {
    super(scope, id, props, { description: "eGain accounts: the functions and the partners' API" });
    const { config, stage, credentials } = props;
    const stageProps = { config, stage };
    const { issuer, partnerClients } = credentials ?? {};
    const egain =
      credentials?.egain ??
      new EgainCredentials(this, 'EgainCredentials', {
        ...config.credentials,
        removalPolicy: removalPolicy(config),
      });
    const table = new SharedTable(this, 'SharedTable');
    const telemetry: TelemetryEnvironment = {
      LOG_LEVEL: config.functions.logLevel,
      METRICS_NAMESPACE: metricsNamespace(stage),
    };
    const service: TelemetryEnvironment & ServiceEnvironment = {
      ...telemetry,
      CREDENTIALS_SECRET_ARN: egain.secretArn,
      EGAIN_API_URL: config.egain.apiUrl,
      EGAIN_TOKEN_URL: config.egain.tokenUrl,
      EGAIN_SCOPE: config.egain.scope,
      EGAIN_CLIENT_AUTHENTICATION: config.egain.clientAuthentication,
      EGAIN_CALLS_PER_MINUTE: config.egain.callsPerMinute?.toString(),
      CACHE_FRESH_SECONDS: config.cache.freshSeconds.toString(),
      CACHE_STALE_SECONDS: config.cache.staleSeconds.toString(),
      CACHE_REFRESH_SECONDS: config.cache.refreshSeconds?.toString(),
      SHARED_TABLE_NAME: table.tableName,
    };
    this.apiFunction = new AccountsFunction(this, 'ApiFunction', {
      ...stageProps,
      entry: 'api',
      description: 'Answers the partners',
      memorySize: 1536,
      environment: {
        ...service,
        CORS_ORIGINS: config.api.corsOrigins.join(' ') || undefined,
        PUBLIC_TOKEN_URL: issuer?.tokenUrl,
        PUBLIC_ISSUER: config.auth.issuer,
        PUBLIC_CONTACT_URL: config.api.contactUrl,
      },
      files: { 'openapi.json': readFileSync(OPENAPI, 'utf8') },
    });
    this.taskFunction = new AccountsFunction(this, 'TaskFunction', {
      ...stageProps,
      entry: 'task',
      description: 'Answers state machines',
      memorySize: 1536,
      environment: service,
    });
    const readers: AccountsFunction[] = [this.apiFunction, this.taskFunction];
    const { refreshSeconds } = config.cache;
    if (refreshSeconds !== undefined) {
      const refreshFunction = new AccountsFunction(this, 'RefreshFunction', {
        ...stageProps,
        entry: 'refresh',
        description: 'Renews the snapshot before anybody asks for it',
        memorySize: 1536,
        environment: {
          ...service,
          ANNOUNCED_STAGE: config.events.accountsChanged ? stage : undefined,
        },
      });
      readers.push(refreshFunction);
      const handler = refreshFunction.target;
      if (config.events.accountsChanged) grantAnnouncing(refreshFunction, stage);
      new RefreshSchedule(this, 'RefreshSchedule', { handler, refreshSeconds });
    }
    for (const reader of readers) {
      egain.grantRead(reader);
      table.grantUse(reader);
    }
    this.authorizerFunction = new AccountsFunction(this, 'AuthorizerFunction', {
      ...stageProps,
      entry: 'authorizer',
      description: 'Decides which partner gets in',
      memorySize: 512,
      environment: {
        ...telemetry,
        AUTH_ISSUER: issuer?.issuerUrl ?? config.auth.issuer,
        AUTH_AUDIENCE: config.auth.audience,
        AUTH_JWKS_URI: issuer ? `${issuer.issuerUrl}/.well-known/jwks.json` : config.auth.jwksUri,
        AUTH_CLIENT_CLAIM: config.auth.clientClaim,
        AUTH_COGNITO_CLIENTS: partnerClients?.idsJson,
        AUTH_COGNITO_CLIENTS_SECRET_ARN: partnerClients?.directory?.secretArn,
      },
      files: { 'partners.json': partnersTable(config, stage) },
    });
    if (partnerClients?.directory !== undefined) {
      this.authorizerFunction.grantPrincipal.addToPrincipalPolicy(
        new PolicyStatement({
          actions: ['secretsmanager:GetSecretValue'],
          resources: [partnerClients.directory.secretArn],
        }),
      );
    }

    const { api, url, accessLogs } = new PartnerApi(this, 'PartnerApi', {
      config,
      handler: this.apiFunction.target,
      authorizer: this.authorizerFunction.target,
    });
    this.api = api;
    this.accessLogs = accessLogs;
    const [group] = partnerGroups(config);
    if (group !== undefined) addUsagePlans(this, { stage, group, api });

    this.output('ApiUrl', url, "The partners' API");
    this.output('CredentialsSecretArn', egain.secretArn, "Where eGain's client id and secret go");
    if (issuer === undefined) return;
    this.output('TokenUrl', issuer.tokenUrl, 'Where partners get their tokens');
    const poolId = issuer.userPool.userPoolId;
    this.output('UserPoolId', poolId, "The pool that has the partners' app clients");
  }

  private output(name: string, value: string, description: string): void {
    new CfnOutput(this, name, { value, description });
  }
}
