import { describe, expect, it } from 'vitest';
import { LONGEST_MS } from '../../../lambda/platform/deadline.ts';
import { METRICS } from '../../../lambda/platform/metrics.ts';
import { GATEWAY_METRICS } from '../../../lib/observability/stage-metrics.ts';
import { PLAIN_STAGE, propertiesOfOnly, synthesised } from '../../support/stage.ts';

interface Widget {
  readonly type: string;
  readonly width: number;
  readonly properties: {
    readonly title?: string;
    readonly alarms?: readonly string[];
    /** Namespace, name, dimensions and options in a row; an expression's are options alone. */
    readonly metrics?: readonly (readonly unknown[])[];
    readonly annotations?: { readonly horizontal: readonly object[] };
    readonly yAxis?: Readonly<Record<'left' | 'right', { readonly min?: number }>>;
  };
}

const { observability } = synthesised({ ...PLAIN_STAGE, cache: { freshSeconds: 45 } });

/** The dashboard's page, with names in place of what CloudFormation fills in. */
function dashboard(): { readonly start: string; readonly widgets: readonly Widget[] } {
  const { DashboardBody: body } = propertiesOfOnly(observability, 'AWS::CloudWatch::Dashboard') as {
    DashboardBody: { 'Fn::Join': [string, readonly unknown[]] };
  };
  const parts = body['Fn::Join'][1].map((part) =>
    typeof part === 'string'
      ? part
      : (/(?:Api|Task|Authorizer)Function/.exec(JSON.stringify(part))?.[0] ?? 'filled-in'),
  );
  return JSON.parse(parts.join('')) as ReturnType<typeof dashboard>;
}

const { start, widgets } = dashboard();

const graph = (title: string) =>
  widgets.find(({ properties }) => properties.title === title)?.properties;

/** The options at the end of a metric's row. */
const optionsOf = (row: readonly unknown[]) =>
  row.at(-1) as Readonly<Record<string, string | boolean | undefined>>;

/**
 * A line of a graph as text: `right` where it has that axis, or the id where it is hidden; the
 * metric with its dimensions, or the expression; the statistic but for `Sum`; a label of its own.
 */
function lineOf(row: readonly unknown[]): string {
  const { expression, stat, label, yAxis, visible, id } = optionsOf(row);
  const [name, ...dimensions] = row.slice(1, -1).filter((word) => typeof word === 'string');
  return [
    ...(visible === false ? [`${id}:`] : []),
    ...(yAxis === 'right' ? ['right'] : []),
    ...(typeof expression === 'string' ? [expression] : [name, ...dimensions]),
    ...(stat === undefined || stat === 'Sum' ? [] : [stat]),
    ...(label === undefined || label === name ? [] : [`"${label}"`]),
  ].join(' ');
}

const faults = (service: string) =>
  `SEARCH('{"EgainAccounts/test",service,code} MetricName="Faults" service="${service}"', 'Sum', 300)`;
const byPartner = (name: string) =>
  `SEARCH('{"EgainAccounts/test",partner} MetricName="${name}"', 'Sum', 300)`;

const GRAPHS: Readonly<Record<string, readonly string[]>> = {
  Requests: [
    'Latency service api SampleCount "Requests"',
    'right 100 * faults / requests "500 and above, %"',
    'faults: ServerFaults service api',
  ],
  'Errors by code': [faults('api'), 'right GatewayFaults "the gateway\'s own 5xx"'],
  'Latency, ms': ['Latency service api p50 "p50"', 'Latency service api p99 "p99"'],
  'Requests by partner': [byPartner('PartnerRequests')],
  'Failed requests by partner': [byPartner('PartnerFaults')],
  'Throttled or over quota, by partner': [byPartner('PartnerThrottles')],
  Authorizer: ['TokensRefused service authorizer', 'AuthorizerFailures service authorizer'],
  'Age of the snapshot, s': ['SnapshotAge service api Maximum'],
  'Stale answers': ['StaleAnswers service api'],
  'Answers from a fresh snapshot': [
    '100 * (answers - FILL(misses, 0) - FILL(stale, 0)) / answers "From memory, %"',
    'answers: SnapshotAge service api SampleCount',
    'misses: CacheMisses service api',
    'stale: StaleAnswers service api',
  ],
  'Renewed for all containers': [
    'Renewals service api',
    'LocksLost service api',
    'RenewalWaits service api',
    'right ScheduledRenewals service refresh',
  ],
  'Not asked, and not shared': [
    'RememberedFailures service api',
    'CallsDeferred service api',
    'SharedTableFailures service api',
  ],
  'Calls of eGain': [
    'UpstreamCalls service api "UpstreamCalls, api"',
    'UpstreamCalls service task "UpstreamCalls, task"',
    'right DuplicateAccounts service api "accounts met twice"',
    'right MalformedFields service api "fields left out"',
  ],
  'Latency of eGain, ms': [
    'UpstreamLatency service api p50 "p50"',
    'UpstreamLatency service api p99 "p99"',
  ],
  'Token renewals and reads of the secret': [
    'TokenRequests service api "TokenRequests, api"',
    'TokenRequests service task "TokenRequests, task"',
    'SecretReads service api "SecretReads, api"',
    'SecretReads service task "SecretReads, task"',
  ],
  'Runs of the task': ['Latency service task SampleCount "Runs"', `right ${faults('task')}`],
  'Runs of ExportAccounts': ['Started', 'Succeeded', 'Failed', 'TimedOut'].map(
    (end) => `Executions${end} StateMachineArn filled-in`,
  ),
  'Containers at a time': [
    'ConcurrentExecutions FunctionName ApiFunction Maximum',
    'ConcurrentExecutions FunctionName TaskFunction Maximum',
    'ConcurrentExecutions FunctionName AuthorizerFunction Maximum',
    'right Throttles FunctionName ApiFunction "throttled"',
    'right Throttles FunctionName TaskFunction "throttled"',
    'right Throttles FunctionName AuthorizerFunction "throttled"',
  ],
};

describe('the dashboard', () => {
  const graphs = widgets.filter(({ type }) => type === 'metric');

  it('has its own name in each region, for names are unique in the whole account', () => {
    expect(propertiesOfOnly(observability, 'AWS::CloudWatch::Dashboard')).toMatchObject({
      DashboardName: { 'Fn::Join': ['', ['egain-accounts-test-', { Ref: 'AWS::Region' }]] },
    });
  });

  it('begins with the alarms, shows the last 12 hours, and ends with where to read on', () => {
    expect(start).toBe('-PT12H');
    expect(widgets[0]).toMatchObject({ type: 'alarm', width: 24, properties: { title: 'Alarms' } });
    expect(widgets[0]?.properties.alarms).toHaveLength(
      Object.keys(observability.findResources('AWS::CloudWatch::Alarm')).length,
    );
    expect(widgets.at(-1)).toMatchObject({
      type: 'text',
      width: 24,
      properties: { markdown: expect.stringContaining('`docs/operations.md`') },
    });
  });

  it('has these graphs, which show every metric that the product writes', () => {
    const text = Object.values(GRAPHS).flat().join('\n');

    expect(graphs.map(({ properties }) => properties.title)).toEqual(Object.keys(GRAPHS));
    const written = Object.keys({ ...METRICS, ...GATEWAY_METRICS });
    expect(written.filter((name) => !text.includes(name))).toEqual([]);
  });

  it.each(Object.entries(GRAPHS))('shows in %s: %j', (title, lines) => {
    expect((graph(title)?.metrics ?? []).map(lineOf)).toEqual(lines);
  });

  it.each([
    ['Age of the snapshot, s', 45, 'fresh', 'left'],
    ['Age of the snapshot, s', 345, 'alarm', 'left'],
    ['Latency, ms', 0.8 * LONGEST_MS, 'alarm', 'left'],
    ['Latency, ms', LONGEST_MS, 'deadline', 'left'],
    ['Requests', 5, 'alarm', 'right'],
  ])('draws a line into %s at %d: %s', (title, value, label, yAxis) => {
    expect(graph(title)?.annotations?.horizontal).toContainEqual({ value, label, yAxis });
  });

  it('begins every graph at 0, three in a row', () => {
    for (const { width, properties } of graphs) {
      expect(width).toBe(8);
      expect(properties.yAxis).toMatchObject({ left: { min: 0 }, right: { min: 0 } });
    }
  });
});
