import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { METRICS, type MetricName } from '../../../lambda/platform/metrics.ts';
import { createTelemetry } from '../../../lambda/platform/telemetry.ts';
import { emfDatapoints, emfFaults } from '../../support/cloudwatch.ts';

let output: string[];

beforeEach(() => {
  output = [];
  vi.stubEnv('METRICS_NAMESPACE', 'EgainAccounts/test');
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => output.push(String(text)) > 0);
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const texts = () =>
  output
    .join('')
    .split('\n')
    .filter((line) => line !== '');
const lines = () => texts().map((line) => JSON.parse(line) as Record<string, unknown>);
/** The metrics in what was written, as CloudWatch reads them; the lines have to be valid for it. */
const datapoints = () => {
  expect(texts().flatMap(emfFaults)).toEqual([]);
  return emfDatapoints(texts(), 0).map(({ name, dimensions, values }) => ({
    name,
    dimensions,
    values,
  }));
};

describe('the log', () => {
  test.each(['info', 'warn', 'error'] as const)('has a JSON line for each %s', (level) => {
    createTelemetry('api')[level]('something happened', { count: 3, last: false });

    expect(lines()).toEqual([
      {
        level: level.toUpperCase(),
        message: 'something happened',
        service: 'api',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
        count: 3,
        last: false,
      },
    ]);
  });

  test.each([
    [undefined, 3],
    ['DEBUG', 3],
    ['INFO', 3],
    ['WARN', 2],
    ['ERROR', 1],
    ['CRITICAL', 1],
    ['SILENT', 0],
    ['loud', 3],
  ])('leaves out what is below its level: at %s it has %i of three lines', (level, count) => {
    vi.stubEnv('LOG_LEVEL', level);
    const telemetry = createTelemetry('api');

    for (const each of ['info', 'warn', 'error'] as const) telemetry[each](each);

    expect(lines().map(({ message }) => message)).toEqual(
      ['info', 'warn', 'error'].slice(3 - count),
    );
  });
});

describe('the record of an invocation', () => {
  test('is one line with what was noted and what was counted', () => {
    const telemetry = createTelemetry('task');

    telemetry.note({ partner: 'acme', count: 1 });
    telemetry.note({ count: 2 });
    telemetry.count('UpstreamCalls');
    telemetry.count('UpstreamCalls', 2);
    telemetry.count('UpstreamLatency', 12);
    telemetry.count('UpstreamLatency', 7.5);
    expect(lines()).toEqual([]);
    telemetry.record('run', { status: 200, code: undefined });

    expect(lines()).toEqual([
      {
        _aws: {
          Timestamp: expect.any(Number) as number,
          CloudWatchMetrics: [
            {
              Namespace: 'EgainAccounts/test',
              Dimensions: [['service']],
              Metrics: [{ Name: 'UpstreamCalls' }, { Name: 'UpstreamLatency' }],
            },
          ],
        },
        message: 'run',
        service: 'task',
        partner: 'acme',
        count: 2,
        status: 200,
        UpstreamCalls: 3,
        UpstreamLatency: [12, 7.5],
      },
    ]);
    expect(datapoints()).toHaveLength(2);
  });

  test('starts anew each time', () => {
    const telemetry = createTelemetry('api');
    telemetry.note({ code: '404-902' });
    telemetry.count('Faults', 1, '404-902');
    telemetry.record('request');
    output = [];

    telemetry.record('request');

    expect(lines()).toEqual([{ message: 'request', service: 'api' }]);
  });

  test('has its metrics alone where the level leaves it out', () => {
    vi.stubEnv('LOG_LEVEL', 'SILENT');
    const telemetry = createTelemetry('api');

    telemetry.note({ partner: 'acme' });
    telemetry.count('Latency', 3);
    telemetry.record('request', { status: 200 });

    expect(lines()).toEqual([{ _aws: expect.any(Object) as object, service: 'api', Latency: 3 }]);
  });

  test('has a directive of its own for metrics with a dimension, in the same line', () => {
    const telemetry = createTelemetry('api');

    telemetry.count('Latency', 3);
    telemetry.count('Faults', 1, '502-901');
    telemetry.record('request', { code: '502-901' });

    expect(lines()).toHaveLength(1);
    expect(datapoints()).toEqual([
      { name: 'Latency', dimensions: { service: 'api' }, values: [3] },
      { name: 'Faults', dimensions: { service: 'api', code: '502-901' }, values: [1] },
    ]);
  });

  test('leaves to further lines what has another value of a dimension', () => {
    const telemetry = createTelemetry('api');

    telemetry.count('Faults', 1, '502-901');
    telemetry.count('Faults', 1, '404-902');
    telemetry.count('Faults', 1, '502-901');
    telemetry.record('request', { code: '400-901' });

    expect(lines()[0]).toEqual({ message: 'request', service: 'api', code: '400-901' });
    expect(datapoints()).toEqual([
      { name: 'Faults', dimensions: { service: 'api', code: '502-901' }, values: [2] },
      { name: 'Faults', dimensions: { service: 'api', code: '404-902' }, values: [1] },
    ]);
  });

  test('has no dimension where the metric has none', () => {
    const telemetry = createTelemetry('api');

    telemetry.count('SecretReads', 1, 'acme');
    telemetry.record('request');

    expect(output.join('')).not.toContain('acme');
    expect(datapoints()).toEqual([
      { name: 'SecretReads', dimensions: { service: 'api' }, values: [1] },
    ]);
  });

  test('is one line for as many values as CloudWatch takes of a metric', () => {
    const telemetry = createTelemetry('api');
    const values = Array.from({ length: 100 }, (_, index) => index);

    for (const value of values) telemetry.count('UpstreamLatency', value);
    telemetry.record('request');

    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatchObject({ UpstreamLatency: values });
  });

  test('keeps every value, however many, in lines that CloudWatch takes', () => {
    const telemetry = createTelemetry('api');
    const values = Array.from({ length: 250 }, (_, index) => index);

    for (const value of values) telemetry.count('UpstreamLatency', value);
    for (const name of Object.keys(METRICS) as MetricName[]) telemetry.count(name, 1, 'x');
    telemetry.record('request');

    const latencies = datapoints().filter(({ name }) => name === 'UpstreamLatency');
    expect(latencies.flatMap((point) => point.values)).toEqual([...values, 1]);
    expect(new Set(datapoints().map(({ name }) => name))).toEqual(new Set(Object.keys(METRICS)));
  });
});

describe('the totals', () => {
  test('are sums over all values of a dimension, until the record', () => {
    const telemetry = createTelemetry('api');

    telemetry.count('UpstreamCalls');
    telemetry.count('UpstreamCalls', 2);
    telemetry.count('Faults', 1, '502-901');
    telemetry.count('Faults', 1, '404-902');
    const before = [telemetry.total('UpstreamCalls'), telemetry.total('Faults')];
    telemetry.record('request');

    expect(before).toEqual([3, 2]);
    expect([telemetry.total('UpstreamCalls'), telemetry.total('SecretReads')]).toEqual([0, 0]);
  });
});
