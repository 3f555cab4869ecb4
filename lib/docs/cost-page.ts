import { CfnResource } from 'aws-cdk-lib';
import { CfnAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { MetricName } from '../../lambda/platform/metrics.ts';
import { GatewayApp } from '../gateway-app.ts';
import type { GatewayMetricName } from '../observability/stage-metrics.ts';
import { parseStageConfig } from '../stage/stage-config.ts';
import { DEFAULT_FRESH_SECONDS } from '../stage/stage-schema.ts';
import { markdownTable } from './markdown-table.ts';

/** When the prices below were read on AWS's pages. */
const NOTED = 'November 2026';
const MONTH_SECONDS = 30 * 86_400;
const MILLION = 1e6;

const PARTNERS = 10;
const TOKENS = (PARTNERS * MONTH_SECONDS) / 3600;
const ANSWER_KB = 20;
const HIT_SECONDS = 0.01;
const WALK_SECONDS = 0.5;
const AUTHORIZER_SECONDS = 0.005;
const LOG_KB = 2;
const LOG_MONTHS = 3;
const LOG_COMPRESSED = 0.15;
/** A renewal takes the lock and commits. */
const WRITES_A_RENEWAL = 2;
/** A container looks when its snapshot runs out, and now and then while another renews. */
const READS_A_PERIOD = 3;

/** What has data in an hour of ordinary use; CloudWatch charges by the hour for those. */
const BUSY_METRICS: readonly MetricName[] = [
  'Latency',
  'SnapshotAge',
  'CacheMisses',
  'StaleAnswers',
  'Renewals',
  'RenewalWaits',
  'UpstreamCalls',
  'UpstreamLatency',
  'TokenRequests',
  'SecretReads',
  'TokensRefused',
];
const BUSY_PARTNER_METRICS: readonly GatewayMetricName[] = ['PartnerRequests', 'PartnerFaults'];

interface Use {
  readonly title: string;
  /** In a month. */
  readonly calls: number;
  readonly containers: number;
}
const USES: readonly Use[] = [
  { title: '1,000 calls', calls: 1000, containers: 1 },
  { title: '1 million', calls: MILLION, containers: 1 },
  { title: '1 billion', calls: 1000 * MILLION, containers: 4 },
];

type Row = readonly [
  what: string,
  /** In US dollars for a unit, us-east-1. */
  price: number,
  unit: string,
  /** In units, for a month. */
  quantity: (use: Use) => number,
  /** Another price beyond so many units. */
  beyond?: readonly [units: number, price: number],
];

/** What a stage has that AWS charges for. */
type Facts = ReturnType<typeof stageFacts>;

/** Makes `docs/cost.md`: what a stage costs in a month, computed from prices and use. */
export function createCostPage(): string {
  const facts = stageFacts();
  const shared = sharedRows(facts);
  const rows = [...shared, ...POOL_ROWS];
  const lines = rows.map((row) => [
    row[0],
    priceText(row),
    ...USES.map((use) => `${amount(row[3](use))}: ${dollars(cost(row, use))}`),
  ]);
  const total = (charged: readonly Row[]) =>
    USES.map((use) => dollars(charged.reduce((sum, row) => sum + cost(row, use), 0)));
  const table = markdownTable(
    ['what', 'price', ...USES.map(({ title }) => title)],
    [...lines, ['**together**', '', ...total(rows).map((sum) => `**${sum}**`)]],
  );
  const provisioned = 0.0000033334 * facts.apiGb * MONTH_SECONDS;
  return `# Cost

Made by \`npm run docs\` from \`lib/docs/cost-page.ts\` and the stacks. Do not edit.

One stage for a month of 30 days, every option at its default, in us-east-1 and US dollars. The list prices were noted in ${NOTED}, without free tiers: check them before you rely on them.

Assumed: ${PARTNERS} partners; ${ANSWER_KB} KB and ${HIT_SECONDS * 1000} ms an answer; while partners call, one page walk of ${WALK_SECONDS * 1000} ms every ${DEFAULT_FRESH_SECONDS} seconds, by one of all containers (${USES.map(({ containers }) => containers).join(', ')}). Partners get a token an hour, which the authorizer sees every ${facts.authorizerTtl} seconds. The secret is read for each token of eGain's, which lasts an hour. A renewal writes ${WRITES_A_RENEWAL} items, and each container reads ${READS_A_PERIOD}. A call writes ${LOG_KB} KB of logs, kept for ${LOG_MONTHS} months at ${LOG_COMPRESSED * 100}% of their size.

Each cell is a quantity and what it costs.

${table}

- With an issuer of your own, without Cognito: ${total(shared).join(', ')}.
- The firewall adds 5.00, 1.00 for each rule, and 0.60 a million requests. Provisioned concurrency adds ${dollars(provisioned)} for each container of ApiFunction.
- ExportAccounts costs 0.025 for 1,000 state transitions.
- \`If-None-Match\` saves data out. The log level \`WARN\` saves part of the logs and keeps the metrics.
`;
}

/** Builds a stage with every option at its default, and counts; nothing is bundled or synthesised. */
function stageFacts() {
  const egain = {
    apiUrl: 'https://api.egain.example/v3',
    tokenUrl: 'https://login.egain.example/token',
    scope: 'a-scope',
  };
  const app = new GatewayApp(parseStageConfig({ egain }), 'dev', {
    context: { 'aws:cdk:bundling-stacks': [] },
  });
  const resources = app.node.findAll().filter((one) => one instanceof CfnResource);
  const count = (type: string) =>
    resources.filter(({ cfnResourceType }) => cfnResourceType === type).length;
  const memoryGb = (name: string) => {
    const found = resources.find(
      (one) => one instanceof CfnFunction && one.node.path.includes(name),
    );
    if (found === undefined) throw new Error(`The stack has no ${name}.`);
    return ((found as CfnFunction).memorySize ?? 128) / 1024;
  };
  return {
    apiGb: memoryGb('ApiFunction'),
    authorizerGb: memoryGb('AuthorizerFunction'),
    /** In seconds: for how long API Gateway keeps what the authorizer said of a token. */
    authorizerTtl:
      resources.find((one) => one instanceof CfnAuthorizer)?.authorizerResultTtlInSeconds ?? 0,
    watchedMetrics: resources
      .filter((one) => one instanceof CfnAlarm)
      .reduce((sum, alarm) => sum + metricsOf(alarm), 0),
    keys: count('AWS::KMS::Key'),
    secrets: count('AWS::SecretsManager::Secret'),
    dashboards: count('AWS::CloudWatch::Dashboard'),
  };
}

/** How many metrics an alarm reads; those that math makes of others cost nothing. */
function metricsOf({ metrics }: CfnAlarm): number {
  if (!Array.isArray(metrics)) return 1;
  return metrics.filter((one) => 'metricStat' in one && one.metricStat !== undefined).length;
}

function sharedRows(facts: Facts): readonly Row[] {
  const decisions = ({ calls }: Use) =>
    Math.min(calls, (PARTNERS * MONTH_SECONDS) / facts.authorizerTtl);
  const gbSeconds = (use: Use) =>
    (use.calls * HIT_SECONDS + renewals(use) * WALK_SECONDS) * facts.apiGb +
    decisions(use) * AUTHORIZER_SECONDS * facts.authorizerGb;
  const metrics = BUSY_METRICS.length + PARTNERS * BUSY_PARTNER_METRICS.length;
  const kept = LOG_MONTHS * LOG_COMPRESSED;
  return [
    ['API Gateway', 3.5, 'million', ({ calls }) => calls / MILLION, [333, 2.8]],
    ['Lambda, requests', 0.2, 'million', (use) => (use.calls + decisions(use)) / MILLION],
    ['Lambda, arm64', 0.0000133334, 'GB-second', gbSeconds],
    ['Logs, written', 0.5, 'GB', logGb],
    ['Logs, kept', 0.03, 'GB', (use) => logGb(use) * kept],
    ['X-Ray', 5, 'million', (use) => (traces(use.calls) + traces(decisions(use))) / MILLION],
    ['Data out', 0.09, 'GB', dataOut, [10_140, 0.085]],
    ['Metrics', 0.3, 'metric', () => metrics],
    ['Alarms', 0.1, 'metric', () => facts.watchedMetrics],
    ['Dashboard', 3, 'dashboard', () => facts.dashboards],
    ['KMS, keys', 1, 'key', () => facts.keys],
    ['KMS, calls', 3, 'million', (use) => 2 * secretReads(use)],
    ['Secret', 0.4, 'secret', () => facts.secrets],
    ['Secret, reads', 5, 'million', secretReads],
    ['Shared table, writes', 0.625, 'million', tableWrites],
    ['Shared table, reads', 0.125, 'million', tableReads],
  ];
}

/** What an issuer of the deployer's makes superfluous. */
const POOL_ROWS: readonly Row[] = [
  ['Cognito, app clients', 6, 'client', () => PARTNERS],
  ['Cognito, tokens', 0.00225, 'token', ({ calls }) => Math.min(calls, TOKENS)],
];

/** While partners call, one page walk a period for all containers. */
function renewals({ calls }: Use): number {
  return Math.min(calls, MONTH_SECONDS / DEFAULT_FRESH_SECONDS);
}

const logGb = ({ calls }: Use) => (calls * LOG_KB) / MILLION;
const dataOut = ({ calls }: Use) => Math.max((calls * ANSWER_KB) / MILLION - 100, 0);
const tableWrites = (use: Use) => (renewals(use) * WRITES_A_RENEWAL) / MILLION;
const tableReads = (use: Use) => (use.containers * renewals(use) * READS_A_PERIOD) / MILLION;

/** In millions. */
function secretReads(use: Use): number {
  return Math.min(renewals(use), MONTH_SECONDS / 3600) / MILLION;
}

/** X-Ray's default rule, for requests that come evenly: one a second, and 5% of the others. */
function traces(requests: number): number {
  return Math.min(requests, MONTH_SECONDS) + 0.05 * Math.max(requests - MONTH_SECONDS, 0);
}

function cost([, price, , quantity, beyond]: Row, use: Use): number {
  const units = quantity(use);
  const [limit, furtherPrice] = beyond ?? [units, 0];
  return Math.min(units, limit) * price + Math.max(units - limit, 0) * furtherPrice;
}

function priceText([, price, unit, , beyond]: Row): string {
  const first = `${decimals(price)} a ${unit}`;
  return beyond === undefined
    ? first
    : `${first}; ${decimals(beyond[1])} after ${amount(beyond[0])}`;
}

function dollars(sum: number): string {
  return sum.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** All of a price's decimals, at least two. */
function decimals(price: number): string {
  return price.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 12 });
}

function amount(quantity: number): string {
  return quantity.toLocaleString('en-US', { maximumFractionDigits: quantity < 1 ? 3 : 2 });
}
