import { readFileSync } from 'node:fs';
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { metricsNamespace } from '../../lambda/platform/metrics.ts';
import { logKeeping } from '../common/log-group.ts';
import { removalPolicy } from '../common/removal-policy.ts';
import type { CredentialsStack } from '../credentials/credentials-stack.ts';
import { EgainCredentials } from '../credentials/egain-credentials.ts';
import type { StageConfig } from '../stage/stage-config.ts';
import { AccountsFunction } from './accounts-function.ts';
import { authorizerEnvironment, publicEnvironment, serviceEnvironment } from './environment.ts';
import { PartnerApi } from './partner-api.ts';
import { addPlans } from './partners-stack.ts';
import { partnerGroups, partnersTable } from './partners-table.ts';
import { RefreshSchedule } from './refresh-schedule.ts';
import { SharedTable } from './shared-table.ts';
import { TIME_OUTS } from './time-outs.ts';

export interface AccountsStackProps extends StackProps {
  readonly config: StageConfig;
  readonly stage: string;
  /** Undefined where secret and issuer exist already. */
  readonly credentials: CredentialsStack | undefined;
}

const OPENAPI = new URL('../../docs/openapi.json', import.meta.url);

/** What is redeployed daily: the functions, the partners' API, and what each partner needs. */
export class AccountsStack extends Stack {
  readonly apiFunction: AccountsFunction<'api'>;
  readonly taskFunction: AccountsFunction<'task'>;
  readonly authorizerFunction: AccountsFunction<'authorizer'>;
  readonly api: RestApi;
  /** The API's access log; its lines are `ACCESS_LOG_FORMAT`'s. */
  readonly accessLogs: LogGroup;

  constructor(scope: Construct, id: string, props: AccountsStackProps) {
    super(scope, id, props);
    const { config, stage, credentials } = props;
    const issuer = credentials?.issuer;
    const clients = credentials?.partnerClients;
    const egain =
      credentials?.egain ??
      new EgainCredentials(this, 'EgainCredentials', {
        ...config.credentials,
        removalPolicy: removalPolicy(config),
      });
    const table = new SharedTable(this, 'SharedTable');
    const logs = logKeeping(config);
    const telemetry = {
      LOG_LEVEL: config.functions.logLevel,
      METRICS_NAMESPACE: metricsNamespace(stage),
    };
    const service = {
      ...telemetry,
      ...serviceEnvironment(config, egain.secretArn, table.tableName),
    };
    this.apiFunction = new AccountsFunction(this, 'ApiFunction', {
      ...config.functions.concurrency.api,
      entry: 'api',
      description: 'Answers the partners',
      timeout: TIME_OUTS.api,
      memorySize: 1024,
      environment: { ...service, ...publicEnvironment(config, issuer) },
      logs,
      files: { 'openapi.json': readFileSync(OPENAPI, 'utf8') },
    });
    this.taskFunction = new AccountsFunction(this, 'TaskFunction', {
      ...config.functions.concurrency.task,
      entry: 'task',
      description: 'Answers state machines',
      timeout: TIME_OUTS.task,
      memorySize: 1024,
      environment: service,
      logs,
    });
    const readers: AccountsFunction[] = [this.apiFunction, this.taskFunction];
    const { refreshSeconds } = config.cache;
    if (refreshSeconds !== undefined) {
      // The schedule calls one at a time, so there is no concurrency to set aside for it.
      const refreshFunction = new AccountsFunction(this, 'RefreshFunction', {
        entry: 'refresh',
        description: 'Renews the snapshot before anybody asks for it',
        timeout: TIME_OUTS.refresh,
        memorySize: 1024,
        environment: service,
        logs,
      });
      readers.push(refreshFunction);
      new RefreshSchedule(this, 'RefreshSchedule', {
        handler: refreshFunction.target,
        refreshSeconds,
      });
    }
    for (const reader of readers) {
      egain.grantRead(reader);
      table.grantUse(reader);
    }
    this.authorizerFunction = new AccountsFunction(this, 'AuthorizerFunction', {
      ...config.functions.concurrency.authorizer,
      entry: 'authorizer',
      description: 'Decides which partner gets in',
      timeout: TIME_OUTS.authorizer,
      memorySize: 512,
      environment: { ...telemetry, ...authorizerEnvironment(config, { issuer, clients }) },
      logs,
      files: { 'partners.json': partnersTable(config, stage) },
    });
    if (clients?.directory !== undefined) {
      this.authorizerFunction.grantPrincipal.addToPrincipalPolicy(
        new PolicyStatement({
          actions: ['secretsmanager:GetSecretValue'],
          resources: [clients.directory.secretArn],
        }),
      );
    }

    const { api, url, accessLogs } = new PartnerApi(this, 'PartnerApi', {
      options: config.api,
      logs,
      handler: this.apiFunction.target,
      authorizer: this.authorizerFunction.target,
    });
    this.api = api;
    this.accessLogs = accessLogs;
    const [group] = partnerGroups(config);
    if (group !== undefined) addPlans(this, { stage, config, group, api });

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
