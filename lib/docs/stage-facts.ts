import { CfnResource } from 'aws-cdk-lib';
import { CfnAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { GatewayApp } from '../gateway-app.ts';
import { parseStageConfig } from '../stage/stage-config.ts';

/** The least that a stage config needs. */
export const EXAMPLE_STAGE = {
  egain: {
    apiUrl: 'https://api.egain.example/v3',
    tokenUrl: 'https://login.egain.example/token',
    scope: 'a-scope',
  },
};

/** What the documents say of a deployed stage, read from its constructs. */
export interface StageFacts {
  /** What each alarm means, by the anchor of its section in the runbook. */
  readonly alarms: ReadonlyMap<string, string>;
  /** Metrics that the alarms watch; AWS charges by these. */
  readonly watchedMetrics: number;
  readonly keys: number;
  readonly secrets: number;
  readonly dashboards: number;
  /** In seconds: for how long API Gateway keeps what the authorizer said of a token. */
  readonly authorizerTtl: number;
  /** By the function's construct id. */
  readonly functions: ReadonlyMap<string, { readonly memoryGb: number; readonly seconds: number }>;
}

/**
 * Builds a stage with every option at its default, but for what is given, and reads it. Nothing is
 * bundled or synthesised.
 *
 * @param cache the stage config's key of that name
 */
export function stageFacts(cache: object = {}): StageFacts {
  const app = new GatewayApp(parseStageConfig({ ...EXAMPLE_STAGE, cache }), 'dev', {
    context: { 'aws:cdk:bundling-stacks': [] },
  });
  const constructs = app.node.findAll();
  const alarms = constructs.filter((one) => one instanceof CfnAlarm);
  const count = (type: string) =>
    constructs.filter((one) => one instanceof CfnResource && one.cfnResourceType === type).length;
  const authorizer = constructs.find((one) => one instanceof CfnAuthorizer);
  const functions = constructs.filter((one) => one instanceof CfnFunction);
  return {
    alarms: new Map(alarms.toReversed().map(meaning)),
    watchedMetrics: alarms.reduce((sum, alarm) => sum + metricsOf(alarm), 0),
    keys: count('AWS::KMS::Key'),
    secrets: count('AWS::SecretsManager::Secret'),
    dashboards: count('AWS::CloudWatch::Dashboard'),
    authorizerTtl: authorizer?.authorizerResultTtlInSeconds ?? 0,
    functions: new Map(
      functions.map(({ node, memorySize = 128, timeout = 3 }) => [
        node.scopes.at(-3)?.node.id ?? '',
        { memoryGb: memorySize / 1024, seconds: timeout },
      ]),
    ),
  };
}

/** The section of the runbook that an alarm's description names, and what the alarm means. */
function meaning({ alarmDescription = '' }: CfnAlarm): readonly [section: string, means: string] {
  const [means = '', link = ''] = alarmDescription.split(' What to do: ');
  // Alarms upon a code come once for each function.
  return [link.split('#')[1] ?? '', means.replace(/, seen by the \w+ function\.\)/, ')')];
}

/** How many metrics an alarm reads; those that math makes of others cost nothing. */
function metricsOf({ metrics }: CfnAlarm): number {
  if (!Array.isArray(metrics)) return 1;
  return metrics.filter((one) => 'metricStat' in one && one.metricStat !== undefined).length;
}
