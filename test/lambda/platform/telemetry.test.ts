import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTelemetry } from '../../../lambda/platform/telemetry.ts';

interface MetricDirective {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
}
interface EmfLine {
  readonly ['_aws']: { readonly CloudWatchMetrics: readonly MetricDirective[] };
  readonly [name: string]: unknown;
}

let output: string[];

beforeEach(() => {
  output = [];
  vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'EgainAccounts/test');
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => output.push(String(text)) > 0);
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const lines = () =>
  output
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
const directiveOf = ({ _aws: aws }: EmfLine) => aws.CloudWatchMetrics[0];
const metricLines = () => lines() as EmfLine[];

describe('the log', () => {
  test.each(['info', 'warn', 'error'] as const)('has a JSON line for each %s', (level) => {
    createTelemetry('api')[level]('something happened', { count: 3, last: false });

    expect(lines()).toEqual([
      expect.objectContaining({
        level: level.toUpperCase(),
        message: 'something happened',
        service: 'api',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        count: 3,
        last: false,
      }),
    ]);
  });

  test('needs no fields, and keeps those of one line out of the next', () => {
    const telemetry = createTelemetry('api');

    telemetry.info('first', { count: 3 });
    for (const level of ['info', 'warn', 'error'] as const) telemetry[level]('later');

    expect(lines()).toHaveLength(4);
    expect(JSON.stringify(lines().slice(1))).not.toContain('count');
  });

  test('leaves out what is below its level', () => {
    vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'WARN');
    const telemetry = createTelemetry('api');

    telemetry.info('not this');
    telemetry.warn('but this');

    expect(lines()).toEqual([expect.objectContaining({ message: 'but this' })]);
  });
});

describe('the metrics', () => {
  test('are one line for an invocation, in the namespace, with unit and service', () => {
    const telemetry = createTelemetry('task');

    telemetry.count('Requests');
    telemetry.count('UpstreamCalls');
    telemetry.count('UpstreamCalls');
    telemetry.count('Latency', 12);
    expect(lines()).toEqual([]);
    telemetry.flush();

    const [line, ...others] = metricLines();
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      service: 'task',
      Requests: 1,
      UpstreamCalls: [1, 1],
      Latency: 12,
      _aws: {
        CloudWatchMetrics: [{ Namespace: 'EgainAccounts/test', Dimensions: [['service']] }],
      },
    });
    expect(line && directiveOf(line)?.Metrics).toEqual([
      expect.objectContaining({ Name: 'Requests', Unit: 'Count' }),
      expect.objectContaining({ Name: 'UpstreamCalls', Unit: 'Count' }),
      expect.objectContaining({ Name: 'Latency', Unit: 'Milliseconds' }),
    ]);
  });

  test("have a line of their own for each value of the metric's dimension", () => {
    const telemetry = createTelemetry('api');

    telemetry.count('Faults', 1, '502-901');
    telemetry.count('Faults', 1, '404-902');
    telemetry.count('Faults', 1, '502-901');
    telemetry.flush();

    expect(metricLines()).toEqual([
      expect.objectContaining({ service: 'api', code: '502-901', Faults: [1, 1] }),
      expect.objectContaining({ service: 'api', code: '404-902', Faults: 1 }),
    ]);
    for (const line of metricLines()) {
      expect(directiveOf(line)?.Dimensions.flat().toSorted()).toEqual(['code', 'service']);
    }
  });

  test('keep a dimension from one invocation to the next, and no value', () => {
    const telemetry = createTelemetry('api');
    telemetry.count('PartnerRequests', 1, 'acme');
    telemetry.count('Requests');
    telemetry.flush();
    output = [];

    telemetry.count('PartnerRequests', 2, 'acme');
    telemetry.flush();

    expect(metricLines()).toEqual([
      expect.objectContaining({ service: 'api', partner: 'acme', PartnerRequests: 2 }),
    ]);
  });

  test('have no dimension where the metric has none', () => {
    const telemetry = createTelemetry('api');

    telemetry.count('Requests', 1, 'acme');
    telemetry.flush();

    expect(metricLines()).toHaveLength(1);
    expect(output.join('')).not.toContain('acme');
  });

  test('are whole with however many values of a dimension', () => {
    const telemetry = createTelemetry('api');
    const codes = Array.from({ length: 201 }, (_, index) => `500-${index}`);
    for (const code of codes) telemetry.count('Faults', 1, code);
    telemetry.flush();
    const [first] = codes;
    telemetry.count('Faults', 5, first);
    telemetry.flush();

    const written = metricLines().map(({ code, Faults }) => [code, Faults]);

    expect(written).toEqual([...codes.map((code) => [code, 1]), [first, 5]]);
  });

  test('are no line where nothing was counted', () => {
    createTelemetry('api').flush();

    expect(output).toEqual([]);
  });
});

describe('the totals', () => {
  test('are sums over all values of a dimension, until the flush', () => {
    const telemetry = createTelemetry('api');

    telemetry.count('UpstreamCalls');
    telemetry.count('UpstreamCalls', 2);
    telemetry.count('Faults', 1, '502-901');
    telemetry.count('Faults', 1, '404-902');
    const before = [telemetry.total('UpstreamCalls'), telemetry.total('Faults')];
    telemetry.flush();

    expect(before).toEqual([3, 2]);
    expect([telemetry.total('UpstreamCalls'), telemetry.total('Requests')]).toEqual([0, 0]);
  });
});
