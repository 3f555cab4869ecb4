import { readFileSync } from 'node:fs';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { CredentialsStack } from '../credentials/credentials-stack.ts';
import { EgainCredentials } from '../credentials/egain-credentials.ts';
import type { PartnerIssuer } from '../credentials/partner-issuer.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import { AccountsFunction } from './accounts-function.ts';
import { PartnerApi } from './partner-api.ts';
import { addPlans } from './partners-stack.ts';
import { partnerGroups, partnersTable } from './partners-table.ts';
import { RefreshSchedule } from './refresh-schedule.ts';
import { SharedTable } from './shared-table.ts';

export interface AccountsStackProps extends StackProps {
  readonly config: StageConfig;
  readonly stage: string;
  /** Undefined where secret and issuer exist already. */
  readonly credentials: CredentialsStack | undefined;
}

const OPENAPI = new URL('../../docs/openapi.json', import.meta.url);

/** What is redeployed daily: the functions, the partners' API, and what each partner needs. */
export class AccountsStack extends Stack {
  readonly apiFunction: AccountsFunction;
  readonly taskFunction: AccountsFunction;
  readonly authorizerFunction: AccountsFunction;
  /** Renews the snapshot by a schedule; undefined where requests do. */
  readonly refreshFunction: AccountsFunction | undefined;
  readonly api: RestApi;
  /** The API's base with the stage, without a slash at the end. */
  readonly apiUrl: string;
  /** The API's access log; its lines are `ACCESS_LOG_FORMAT`'s. */
  readonly accessLogs: LogGroup;

  constructor(scope: Construct, id: string, props: AccountsStackProps) {
    super(scope, id, props);
    const { config, stage } = props;
    const egain =
      props.credentials?.egain ?? new EgainCredentials(this, 'EgainCredentials', config);
    const issuer = props.credentials?.issuer;
    const table = config.cache.shared ? new SharedTable(this, 'SharedTable') : undefined;
    const environment = serviceEnvironment(config, egain.secretArn, table?.tableName);
    this.apiFunction = new AccountsFunction(this, 'ApiFunction', {
      config,
      stage,
      entry: 'api',
      description: 'Answers the partners',
      // A second less than API Gateway waits, so that the answer is the function's own.
      timeout: Duration.seconds(28),
      memorySize: 1024,
      environment: {
        ...environment,
        ...corsEnvironment(config),
        ...given({
          PUBLIC_TOKEN_URL: issuer?.tokenUrl,
          PUBLIC_ISSUER: config.auth.issuer,
          PUBLIC_CONTACT_URL: config.api.contactUrl,
        }),
      },
      files: { 'openapi.json': readFileSync(OPENAPI, 'utf8') },
    });
    this.taskFunction = new AccountsFunction(this, 'TaskFunction', {
      config,
      stage,
      entry: 'task',
      description: 'Answers state machines',
      timeout: Duration.seconds(60),
      memorySize: 1024,
      environment,
    });
    const { refreshSeconds } = config.cache;
    if (refreshSeconds !== undefined) {
      this.refreshFunction = new AccountsFunction(this, 'RefreshFunction', {
        config,
        stage,
        entry: 'refresh',
        description: 'Renews the snapshot before anybody asks for it',
        timeout: Duration.minutes(15),
        memorySize: 1024,
        environment,
      });
      new RefreshSchedule(this, 'RefreshSchedule', {
        handler: this.refreshFunction,
        refreshSeconds,
      });
    }
    for (const reader of [this.apiFunction, this.taskFunction, this.refreshFunction]) {
      if (reader === undefined) continue;
      egain.grantRead(reader);
      table?.grantUse(reader);
    }
    this.authorizerFunction = new AccountsFunction(this, 'AuthorizerFunction', {
      config,
      stage,
      entry: 'authorizer',
      description: 'Decides which partner gets in',
      timeout: Duration.seconds(10),
      memorySize: 512,
      environment: issuerEnvironment(config, issuer),
      files: { 'partners.json': partnersTable(config, stage) },
    });

    const { api, url, accessLogs } = new PartnerApi(this, 'PartnerApi', {
      config,
      handler: this.apiFunction.target,
      authorizer: this.authorizerFunction.target,
    });
    this.api = api;
    this.apiUrl = url;
    this.accessLogs = accessLogs;
    const [group] = partnerGroups(config);
    if (group !== undefined) {
      addPlans(this, { stage, config, group, api });
    }
    const clients = props.credentials?.partnerClients;
    if (clients?.idsJson !== undefined) {
      this.authorizerFunction.addEnvironment('AUTH_COGNITO_CLIENTS', clients.idsJson);
    }
    if (clients?.directory !== undefined) {
      const { secretArn } = clients.directory;
      this.authorizerFunction.addEnvironment('AUTH_COGNITO_CLIENTS_SECRET_ARN', secretArn);
      this.authorizerFunction.addToRolePolicy(
        new PolicyStatement({
          actions: ['secretsmanager:GetSecretValue'],
          resources: [secretArn],
        }),
      );
    }
    new CfnOutput(this, 'ApiUrl', { value: url, description: "The partners' API" });
    new CfnOutput(this, 'CredentialsSecretArn', {
      value: egain.secretArn,
      description: "Where eGain's client id and secret go",
    });
    if (issuer !== undefined) {
      new CfnOutput(this, 'TokenUrl', {
        value: issuer.tokenUrl,
        description: 'Where partners get their tokens',
      });
      new CfnOutput(this, 'UserPoolId', {
        value: issuer.userPool.userPoolId,
        description: "The pool that has the partners' app clients",
      });
    }
  }
}

function serviceEnvironment(
  config: StageConfig,
  secretArn: string,
  sharedTableName: string | undefined,
): Record<string, string> {
  const { egain, cache } = config;
  return {
    CREDENTIALS_SECRET_ARN: secretArn,
    EGAIN_API_URL: egain.apiUrl,
    EGAIN_TOKEN_URL: egain.tokenUrl,
    EGAIN_SCOPE: egain.scope,
    EGAIN_CLIENT_AUTHENTICATION: egain.clientAuthentication,
    CACHE_FRESH_SECONDS: String(cache.freshSeconds),
    CACHE_STALE_SECONDS: String(cache.staleSeconds),
    ...given({
      SHARED_TABLE_NAME: sharedTableName,
      CACHE_REFRESH_SECONDS: cache.refreshSeconds,
      EGAIN_CALLS_PER_MINUTE: egain.callsPerMinute,
    }),
  };
}

/** The variables that have a value, as text. */
function given(
  variables: Readonly<Record<string, string | number | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  );
}

function corsEnvironment({ api }: StageConfig): Record<string, string> {
  return api.corsOrigins.length === 0 ? {} : { CORS_ORIGINS: api.corsOrigins.join(' ') };
}

function issuerEnvironment(
  { auth }: StageConfig,
  issuer: PartnerIssuer | undefined,
): Record<string, string> {
  if (issuer !== undefined) {
    return given({
      AUTH_ISSUER: issuer.issuerUrl,
      AUTH_JWKS_URI: `${issuer.issuerUrl}/.well-known/jwks.json`,
      AUTH_CLIENT_CLAIM: auth.clientClaim,
    });
  }
  return given({
    AUTH_ISSUER: auth.issuer,
    AUTH_AUDIENCE: auth.audience,
    AUTH_JWKS_URI: auth.jwksUri,
    AUTH_CLIENT_CLAIM: auth.clientClaim,
  });
}
