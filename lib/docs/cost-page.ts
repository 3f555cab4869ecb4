import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetricName } from '../../lambda/platform/metrics.ts';
import { GatewayApp } from '../gateway-app.ts';
import type { GatewayMetricName } from '../observability/stage-metrics.ts';
import { loadStageConfig } from '../stage/stage-config.ts';
import { DEFAULT_FRESH_SECONDS } from '../stage/stage-schema.ts';
import { markdownTable } from './markdown-table.ts';
import { dollars, MONTH_SECONDS, NOTED, PRICES } from './prices.ts';

const MILLION = 1e6;

/** The stage whose templates are counted. */
const STAGE = 'dev';
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
  const rows = [...shared, ...poolRows(facts)];
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
  return `# Cost

Made by \`npm run docs\` from \`lib/docs/cost-page.ts\` and the templates of stage \`${STAGE}\`. Do not edit.

Stage \`${STAGE}\` with its ${facts.partners} partners for a month of 30 days, in us-east-1 and US dollars. The list prices were noted in ${NOTED}, without free tiers: check them before you rely on them. What an option adds is in [Options](options.md).

Assumed: ${ANSWER_KB} KB and ${HIT_SECONDS * 1000} ms an answer; while partners call, one page walk of ${WALK_SECONDS * 1000} ms every ${DEFAULT_FRESH_SECONDS} seconds, by one of all containers (${USES.map(({ containers }) => containers).join(', ')}). Partners get a token an hour, which the authorizer sees every ${facts.authorizerTtl} seconds. The secret is read for each token of eGain's, which lasts an hour. A renewal writes ${WRITES_A_RENEWAL} items, and each container reads ${READS_A_PERIOD}. A call writes ${LOG_KB} KB of logs, kept for ${LOG_MONTHS} months at ${LOG_COMPRESSED * 100}% of their size.

Each cell is a quantity and what it costs, in whole cents.

${table}

- With an issuer of your own, without Cognito: ${total(shared).join(', ')}.
- Each further partner adds ${dollars(PRICES.client + BUSY_PARTNER_METRICS.length * PRICES.metric)} with the stack's own pool, and its tokens.
- ExportAccounts costs 0.025 for 1,000 state transitions.
- \`If-None-Match\` saves data out. The log level \`WARN\` saves part of the logs and keeps the metrics.
`;
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** The resources of all templates of the stage, by logical id; nothing is bundled. */
function stageResources(): (readonly [id: string, resource: Resource])[] {
  const outdir = mkdtempSync(join(tmpdir(), 'cost-page-'));
  try {
    const context = { 'aws:cdk:bundling-stacks': [] };
    const app = new GatewayApp(loadStageConfig(STAGE), STAGE, { outdir, context });
    return app.synth().stacks.flatMap(({ template }) => {
      return Object.entries((template as { Resources: Record<string, Resource> }).Resources);
    });
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** Counts in the templates. */
function stageFacts() {
  const resources = stageResources();
  const all = (type: string) => resources.filter(([, { Type }]) => Type === type);
  const count = (type: string) => all(type).length;
  const memoryGb = (name: string) => {
    const found = all('AWS::Lambda::Function').find(([id]) => id.startsWith(name));
    return Number(found?.[1].Properties?.['MemorySize']) / 1024;
  };
  const [authorizer] = all('AWS::ApiGateway::Authorizer');
  return {
    partners: count('AWS::ApiGateway::UsagePlan'),
    clients: count('AWS::Cognito::UserPoolClient'),
    apiGb: memoryGb('ApiFunction'),
    authorizerGb: memoryGb('AuthorizerFunction'),
    /** In seconds: for how long API Gateway keeps what the authorizer said of a token. */
    authorizerTtl: Number(authorizer?.[1].Properties?.['AuthorizerResultTtlInSeconds']),
    watchedMetrics: all('AWS::CloudWatch::Alarm').reduce((sum, one) => sum + metricsOf(one[1]), 0),
    keys: count('AWS::KMS::Key'),
    secrets: count('AWS::SecretsManager::Secret'),
    dashboards: count('AWS::CloudWatch::Dashboard'),
  };
}

/** How many metrics an alarm reads; those that math makes of others cost nothing. */
function metricsOf({ Properties = {} }: Resource): number {
  const metrics = Properties['Metrics'] as readonly object[] | undefined;
  return metrics?.filter((one) => 'MetricStat' in one).length ?? 1;
}

function sharedRows(facts: Facts): readonly Row[] {
  const decisions = ({ calls }: Use) =>
    Math.min(calls, (facts.partners * MONTH_SECONDS) / facts.authorizerTtl);
  const gbSeconds = (use: Use) =>
    (use.calls * HIT_SECONDS + renewals(use) * WALK_SECONDS) * facts.apiGb +
    decisions(use) * AUTHORIZER_SECONDS * facts.authorizerGb;
  const metrics = BUSY_METRICS.length + facts.partners * BUSY_PARTNER_METRICS.length;
  const kept = LOG_MONTHS * LOG_COMPRESSED;
  return [
    ['API Gateway', 3.5, 'million', ({ calls }) => calls / MILLION, [333, 2.8]],
    ['Lambda, requests', 0.2, 'million', (use) => (use.calls + decisions(use)) / MILLION],
    ['Lambda, arm64', PRICES.gbSecond, 'GB-second', gbSeconds],
    ['Logs, written', PRICES.logWritten, 'GB', logGb],
    ['Logs, kept', PRICES.logKept, 'GB', (use) => logGb(use) * kept],
    ['X-Ray', 5, 'million', (use) => (traces(use.calls) + traces(decisions(use))) / MILLION],
    ['Data out', 0.09, 'GB', dataOut, [10_140, 0.085]],
    ['Metrics', PRICES.metric, 'metric', () => metrics],
    ['Alarms', 0.1, 'metric', () => facts.watchedMetrics],
    ['Dashboard', 3, 'dashboard', () => facts.dashboards],
    ['KMS, keys', PRICES.key, 'key', () => facts.keys],
    ['KMS, calls', 3, 'million', (use) => 2 * secretReads(use)],
    ['Secret', PRICES.secret, 'secret', () => facts.secrets],
    ['Secret, reads', 5, 'million', secretReads],
    ['Shared table, writes', PRICES.tableWrites, 'million', tableWrites],
    ['Shared table, reads', 0.125, 'million', tableReads],
  ];
}

/** What an issuer of the deployer's makes superfluous. */
function poolRows({ clients }: Facts): readonly Row[] {
  const tokens = (clients * MONTH_SECONDS) / 3600;
  return [
    ['Cognito, app clients', PRICES.client, 'client', () => clients],
    ['Cognito, tokens', 0.00225, 'token', ({ calls }) => Math.min(calls, tokens)],
  ];
}

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

/** In dollars, rounded to a cent, so that the column adds up. */
function cost([, price, , quantity, beyond]: Row, use: Use): number {
  const units = quantity(use);
  const [limit, furtherPrice] = beyond ?? [units, 0];
  const exact = Math.min(units, limit) * price + Math.max(units - limit, 0) * furtherPrice;
  return Math.round(exact * 100) / 100;
}

function priceText([, price, unit, , beyond]: Row): string {
  const first = `${decimals(price)} a ${unit}`;
  return beyond === undefined
    ? first
    : `${first}; ${decimals(beyond[1])} after ${amount(beyond[0])}`;
}

/** All of a price's decimals, at least two. */
function decimals(price: number): string {
  return price.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 12 });
}

function amount(quantity: number): string {
  return quantity.toLocaleString('en-US', { maximumFractionDigits: quantity < 1 ? 3 : 2 });
}
