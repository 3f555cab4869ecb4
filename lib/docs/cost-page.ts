import type { GatewayMetricName, MetricName } from '../../lambda/platform/metrics.ts';
import { DEFAULT_FRESH_SECONDS } from '../stage/stage-schema.ts';
import { markdownTable } from './markdown-table.ts';
import { type StageFacts, stageFacts } from './stage-facts.ts';

/** When the prices below were read on AWS's pages. */
const NOTED = 'November 2026';
const MONTH_SECONDS = 30 * 86_400;
const MILLION = 1e6;

const PARTNERS = 10;
const ANSWER_KB = 20;
const HIT_SECONDS = 0.01;
const WALK_SECONDS = 0.5;
const AUTHORIZER_SECONDS = 0.005;
const LOG_KB = 2;
const LOG_MONTHS = 3;
const LOG_COMPRESSED = 0.15;
const SECRET_MINUTES = 5;
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

interface Row {
  readonly what: string;
  readonly unit: string;
  /** In US dollars for a unit, us-east-1. */
  readonly price: number;
  /** In units, for a month. */
  readonly quantity: (use: Use) => number;
  /** Another price beyond so many units. */
  readonly beyond?: { readonly units: number; readonly price: number };
}

/** Makes `docs/cost.md`: what a stage costs in a month, computed from prices and use. */
export function createCostPage(): string {
  const facts = stageFacts();
  const shared = sharedRows(facts);
  const pool = poolRows();
  const lines = [...shared, ...pool].map((row) =>
    [row.what, priceText(row)].concat(
      USES.map((use) => `${amount(row.quantity(use))}: ${dollars(cost(row, use))}`),
    ),
  );
  const total = (rows: readonly Row[]) =>
    USES.map((use) => dollars(rows.reduce((sum, row) => sum + cost(row, use), 0)));
  const totals = total([...shared, ...pool]).map((sum) => `**${sum}**`);
  const table = markdownTable(
    ['what', 'price', ...USES.map(({ title }) => title)],
    [...lines, ['**together**', '', ...totals]],
  );
  const provisioned = 0.0000033334 * memory(facts, 'ApiFunction') * MONTH_SECONDS;
  return `# Cost

Made by \`npm run docs\` from \`lib/docs/cost-page.ts\` and the stacks. Do not edit.

One stage for a month of 30 days, every option at its default, in us-east-1 and US dollars. The list prices were noted in ${NOTED}, without free tiers: check them before you rely on them.

Assumed: ${PARTNERS} partners; ${ANSWER_KB} KB and ${HIT_SECONDS * 1000} ms an answer; while partners call, one page walk of ${WALK_SECONDS * 1000} ms every ${DEFAULT_FRESH_SECONDS} seconds, by one of all containers (${USES.map(({ containers }) => containers).join(', ')}). Partners get a token an hour, which the authorizer sees every ${facts.authorizerTtl} seconds. A container reads the secret every ${SECRET_MINUTES} minutes. A renewal writes ${WRITES_A_RENEWAL} items, and each container reads ${READS_A_PERIOD}. A call writes ${LOG_KB} KB of logs, kept for ${LOG_MONTHS} months at ${LOG_COMPRESSED * 100}% of their size.

Each cell is a quantity and what it costs.

${table}

- With an issuer of your own, without Cognito: ${total(shared).join(', ')}.
- The firewall adds 5.00, 1.00 for each rule, and 0.60 a million requests. Provisioned concurrency adds ${dollars(provisioned)} for each container of ApiFunction.
- ExportAccounts costs 0.025 for 1,000 state transitions.
- \`If-None-Match\` saves data out. The log level \`WARN\` saves part of the logs and keeps the metrics.
`;
}

function sharedRows(facts: StageFacts): readonly Row[] {
  const decisions = ({ calls }: Use) =>
    Math.min(calls, (PARTNERS * MONTH_SECONDS) / facts.authorizerTtl);
  const gbSeconds = (use: Use) =>
    (use.calls * HIT_SECONDS + renewals(use) * WALK_SECONDS) * memory(facts, 'ApiFunction') +
    decisions(use) * AUTHORIZER_SECONDS * memory(facts, 'AuthorizerFunction');
  const metrics = BUSY_METRICS.length + PARTNERS * BUSY_PARTNER_METRICS.length;
  return [
    charge('API Gateway', 3.5, 'million', ({ calls }) => calls / MILLION, {
      units: 333,
      price: 2.8,
    }),
    charge('Lambda, requests', 0.2, 'million', (use) => (use.calls + decisions(use)) / MILLION),
    charge('Lambda, arm64', 0.0000133334, 'GB-second', gbSeconds),
    charge('Logs, written', 0.5, 'GB', logGb),
    charge('Logs, kept', 0.03, 'GB', (use) => logGb(use) * LOG_MONTHS * LOG_COMPRESSED),
    charge('X-Ray', 5, 'million', (use) => (traces(use.calls) + traces(decisions(use))) / MILLION),
    charge(
      'Data out',
      0.09,
      'GB',
      ({ calls }) => Math.max((calls * ANSWER_KB) / MILLION - 100, 0),
      {
        units: 10_140,
        price: 0.085,
      },
    ),
    charge('Metrics', 0.3, 'metric', () => metrics),
    charge('Alarms', 0.1, 'metric', () => facts.watchedMetrics),
    charge('Dashboard', 3, 'dashboard', () => facts.dashboards),
    charge('KMS, keys', 1, 'key', () => facts.keys),
    charge('KMS, calls', 3, 'million', (use) => 2 * secretReads(use)),
    charge('Secret', 0.4, 'secret', () => facts.secrets),
    charge('Secret, reads', 5, 'million', secretReads),
    charge('Shared table, writes', 0.625, 'million', (use) => {
      return (renewals(use) * WRITES_A_RENEWAL) / MILLION;
    }),
    charge('Shared table, reads', 0.125, 'million', (use) => {
      return (use.containers * renewals(use) * READS_A_PERIOD) / MILLION;
    }),
  ];
}

function charge(
  what: string,
  price: number,
  unit: string,
  quantity: (use: Use) => number,
  beyond?: Row['beyond'],
): Row {
  return { what, price, unit, quantity, ...(beyond && { beyond }) };
}

/** While partners call, one page walk a period for all containers. */
function renewals({ calls }: Use): number {
  return Math.min(calls, MONTH_SECONDS / DEFAULT_FRESH_SECONDS);
}

function logGb({ calls }: Use): number {
  return (calls * LOG_KB) / MILLION;
}

/** In millions. */
function secretReads(use: Use): number {
  const most = (use.containers * MONTH_SECONDS) / (SECRET_MINUTES * 60);
  return Math.min(renewals(use), most) / MILLION;
}

/** What an issuer of the deployer's makes superfluous. */
function poolRows(): readonly Row[] {
  const tokens = (PARTNERS * MONTH_SECONDS) / 3600;
  return [
    charge('Cognito, app clients', 6, 'client', () => PARTNERS),
    charge('Cognito, tokens', 0.00225, 'token', ({ calls }) => Math.min(calls, tokens)),
  ];
}

function cost({ price, quantity, beyond }: Row, use: Use): number {
  const units = quantity(use);
  const within = Math.min(units, beyond?.units ?? units);
  return within * price + (units - within) * (beyond?.price ?? price);
}

function priceText({ price, unit, beyond }: Row): string {
  const first = `${decimals(price)} a ${unit}`;
  return beyond === undefined
    ? first
    : `${first}; ${decimals(beyond.price)} after ${amount(beyond.units)}`;
}

function memory({ functions }: StageFacts, name: string): number {
  const found = functions.get(name);
  if (found === undefined) throw new Error(`The stack has no ${name}.`);
  return found.memoryGb;
}

/** X-Ray's default rule, for requests that come evenly: one a second, and 5% of the others. */
function traces(requests: number): number {
  return Math.min(requests, MONTH_SECONDS) + 0.05 * Math.max(requests - MONTH_SECONDS, 0);
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
