import { describe, expect, it } from 'vitest';
import { LONGEST_MS } from '../../../lambda/platform/deadline.ts';
import { GATEWAY_METRICS, METRICS } from '../../../lambda/platform/metrics.ts';
import { PLAIN_STAGE, propertiesOfOnly, synthesised } from '../../support/stage.ts';

interface Line {
  readonly value: number;
  readonly label: string;
  readonly yAxis: 'left' | 'right';
}

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly alarms?: readonly string[];
    /** Namespace, name, dimensions and options in a row; an expression's are options alone. */
    readonly metrics?: readonly (readonly unknown[])[];
    readonly annotations?: { readonly horizontal: readonly Line[] };
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

function graph(title: string): Widget['properties'] {
  const found = widgets.find(({ properties }) => properties.title === title);
  if (found === undefined) throw new Error(`no graph ${title}`);
  return found.properties;
}

/** The lines of a graph: the metric's name and dimensions, or its expression, with its options. */
function linesOf(title: string) {
  return (graph(title).metrics ?? []).map((row) => {
    const { expression, stat, label, yAxis, visible } = optionsOf(row);
    const words = row.slice(1, -1).filter((word) => typeof word === 'string');
    const what = typeof expression === 'string' ? expression : words.join(' ');
    return { what, stat, label, right: yAxis === 'right', hidden: visible === false };
  });
}

/** The options at the end of a metric's row. */
const optionsOf = (row: readonly unknown[]) => row.at(-1) as Readonly<Record<string, unknown>>;

describe('the dashboard', () => {
  it('has a name of its own in each region, for names are unique in the whole account', () => {
    expect(propertiesOfOnly(observability, 'AWS::CloudWatch::Dashboard')).toMatchObject({
      DashboardName: { 'Fn::Join': ['', ['egain-accounts-test-', { Ref: 'AWS::Region' }]] },
    });
  });

  it('begins with the alarms, and shows the last 12 hours', () => {
    expect(widgets[0]).toMatchObject({
      type: 'alarm',
      width: 24,
      properties: { title: 'Alarms' },
    });
    expect(widgets[0]?.properties.alarms).toHaveLength(
      Object.keys(observability.findResources('AWS::CloudWatch::Alarm')).length,
    );
    expect(start).toBe('-PT12H');
  });

  it('ends with where to read on', () => {
    expect(widgets.at(-1)).toMatchObject({
      type: 'text',
      width: 24,
      properties: { markdown: expect.stringContaining('`docs/operations.md`') },
    });
  });

  it.each([
    ['Age of the snapshot, s', 45, 'fresh', 'left'],
    ['Age of the snapshot, s', 345, 'alarm', 'left'],
    ['Latency, ms', 0.8 * LONGEST_MS, 'alarm', 'left'],
    ['Latency, ms', LONGEST_MS, 'deadline', 'left'],
    ['Requests', 5, 'alarm', 'right'],
  ])('draws a line into %s at %d: %s', (title, value, label, yAxis) => {
    expect(graph(title).annotations?.horizontal).toContainEqual({ value, label, yAxis });
  });

  it.each(['Latency, ms', 'Latency of eGain, ms'])(
    'shows the median and the worst of %s',
    (title) => {
      const lines = linesOf(title).map(({ stat, label }) => [stat, label]);

      expect(lines).toEqual([
        ['p50', 'p50'],
        ['p99', 'p99'],
      ]);
    },
  );

  it('counts requests, and beside them the share that failed', () => {
    const [requests, share] = linesOf('Requests').filter(({ hidden }) => !hidden);

    expect(requests).toMatchObject({ what: 'Latency service api', stat: 'SampleCount' });
    expect(share).toMatchObject({ label: '500 and above, %', right: true });
    expect(requests?.label).toBe('Requests');
    expect(linesOf('Runs of the task')[0]?.label).toBe('Runs');
  });

  it.each([
    ['Errors by code', 'Faults', 'service,code', ' service="api"'],
    ['Runs of the task', 'Faults', 'service,code', ' service="task"'],
    ['Requests by partner', 'PartnerRequests', 'partner', ''],
    ['Failed requests by partner', 'PartnerFaults', 'partner', ''],
    ['Throttled or over quota, by partner', 'PartnerThrottles', 'partner', ''],
  ])('finds a line of %s for each value that is met', (title, metric, dimensions, service) => {
    const search = linesOf(title).find(({ what }) => what.startsWith('SEARCH('));

    expect(search?.what).toContain(
      `'{"EgainAccounts/test",${dimensions}} MetricName="${metric}"${service}'`,
    );
    // With a label, all lines would have that one in place of their values.
    expect(search?.label).toBeUndefined();
  });

  it('tells what API Gateway failed with by itself from what the function did', () => {
    expect(linesOf('Errors by code')).toContainEqual(
      expect.objectContaining({
        what: 'GatewayFaults',
        label: "the gateway's own 5xx",
        right: true,
      }),
    );
  });

  it('shows how many containers each function has at once, and whether more were refused', () => {
    const names = ['ApiFunction', 'TaskFunction', 'AuthorizerFunction'];

    expect(linesOf('Containers at a time')).toEqual([
      ...names.map((name) =>
        expect.objectContaining({
          what: `ConcurrentExecutions FunctionName ${name}`,
          stat: 'Maximum',
        }),
      ),
      ...names.map((name) =>
        expect.objectContaining({
          what: `Throttles FunctionName ${name}`,
          label: 'throttled',
          right: true,
        }),
      ),
    ]);
  });

  it('shows every metric that the product writes', () => {
    const body = JSON.stringify(widgets);

    for (const name of Object.keys({ ...METRICS, ...GATEWAY_METRICS })) {
      expect(body).toContain(name);
    }
  });

  it('shows what is odd in eGain’s lists', () => {
    const odd = linesOf('Calls of eGain').filter(({ right }) => right);

    expect(odd.map(({ label }) => label)).toEqual([
      'accounts met twice',
      'dates that cannot be read',
    ]);
  });

  it('has a title over each graph, and a line in it', () => {
    for (const { properties } of widgets.filter(({ type }) => type === 'metric')) {
      expect(properties.title).toMatch(/^\w/);
      const left = (properties.metrics ?? []).filter((row) => optionsOf(row)['yAxis'] !== 'right');

      expect(left).not.toEqual([]);
    }
  });

  it('shows the oldest answer', () => {
    expect(linesOf('Age of the snapshot, s')).toEqual([
      expect.objectContaining({ what: 'SnapshotAge service api', stat: 'Maximum' }),
    ]);
  });

  it.each([
    ['Runs of ExportAccounts', ['Started', 'Succeeded', 'Failed', 'TimedOut'], 'Executions'],
    ['Renewed for all containers', ['Renewals', 'LeasesLost', 'RenewalWaits'], ''],
  ])('shows in %s how they went', (title, names, prefix) => {
    const metrics = linesOf(title).map(({ what }) => what.split(' ')[0]);

    expect(metrics).toEqual(expect.arrayContaining(names.map((name) => prefix + name)));
  });

  it('tells calls of the API from those of workflows', () => {
    for (const title of ['Calls of eGain', 'Token renewals and reads of the secret']) {
      const labels = linesOf(title).map(({ label }) => label);

      expect(labels).toEqual(
        expect.arrayContaining([expect.stringMatching(/, api$/), expect.stringMatching(/, task$/)]),
      );
    }
  });

  it('takes misses and stale answers off the share that came from memory', () => {
    const [share, ...parts] = graph('Answers from a fresh snapshot').metrics ?? [];

    expect(optionsOf(share ?? [])['label']).toBe('From memory, %');
    const ids = Object.fromEntries(
      parts.map((row) => [
        String(optionsOf(row)['id']),
        `${String(row[1])} ${String(optionsOf(row)['stat'])}`,
      ]),
    );

    expect(ids).toEqual({
      answers: 'SnapshotAge SampleCount',
      misses: 'CacheMisses Sum',
      stale: 'StaleAnswers Sum',
    });
    expect(optionsOf(share ?? [])['expression']).toMatch(
      /^100 \* \(answers - FILL\(misses, 0\) - FILL\(stale, 0\)\) \/ answers$/,
    );
  });

  it('has every graph begin at 0, with nothing over another', () => {
    for (const { properties } of widgets.filter(({ type }) => type === 'metric')) {
      expect(properties.yAxis).toMatchObject({ left: { min: 0 }, right: { min: 0 } });
    }
    const cells = widgets.flatMap(({ x, y, width }) =>
      Array.from({ length: width }, (_, column) => `${y}/${x + column}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});
