import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { errorName, log, nameService, note, writeRecord } from '../../../lambda/platform/log.ts';
import { count, METRICS, type MetricName, takeCounts } from '../../../lambda/platform/metrics.ts';
import { emfDatapoints, emfFaults } from '../../support/cloudwatch.ts';

let output: string[];

beforeEach(() => {
  // Another file may have put its own log in place of this one.
  vi.restoreAllMocks();
  takeCounts();
  nameService('api');
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
    log[level]('something happened', { count: 3, last: false });

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
  ])('leaves out what is below its level: at %s it has %i of three lines', (level, length) => {
    vi.stubEnv('LOG_LEVEL', level);
    for (const each of ['info', 'warn', 'error'] as const) log[each](each);

    expect(lines().map(({ message }) => message)).toEqual(
      ['info', 'warn', 'error'].slice(3 - length),
    );
  });
});

test.each([
  ['ThrottlingException', 'ThrottlingException'],
  ['A'.repeat(60), 'A'.repeat(60)],
  ['A'.repeat(61), 'unknown'],
  ['a secret', 'unknown'],
  ['key\n', 'unknown'],
  ['', 'unknown'],
])('an error is named in the log where its name is one: %j', (name, logged) => {
  expect(errorName(Object.assign(new Error('a secret'), { name }))).toBe(logged);
  expect(errorName({ name })).toBe('unknown');
});

describe('the record of an invocation', () => {
  test('is one line with what was noted and what was counted', () => {
    nameService('task');

    note({ partner: 'acme', count: 1 });
    note({ count: 2 });
    count('UpstreamCalls');
    count('UpstreamCalls', 2);
    count('UpstreamLatency', 12);
    count('UpstreamLatency', 7.5);
    expect(lines()).toEqual([]);
    writeRecord('run', { status: 200, code: undefined });

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

  test('has its metrics and their dimensions alone where the level leaves it out', () => {
    vi.stubEnv('LOG_LEVEL', 'SILENT');
    note({ partner: 'acme', code: '502-901' });
    count('Faults');
    writeRecord('request', { status: 200 });

    expect(lines()).toMatchObject([{ service: 'api', code: '502-901', Faults: 1 }]);
    expect(lines()[0]).not.toHaveProperty('partner');
  });

  test('has a directive of its own for metrics with a dimension, in the same line', () => {
    count('Latency', 3);
    count('Faults');
    writeRecord('request', { code: '502-901' });

    expect(lines()).toHaveLength(1);
    expect(datapoints()).toEqual([
      { name: 'Latency', dimensions: { service: 'api' }, values: [3] },
      { name: 'Faults', dimensions: { service: 'api', code: '502-901' }, values: [1] },
    ]);
  });

  test('keeps every value, however many, in lines that CloudWatch takes', () => {
    const values = Array.from({ length: 250 }, (_, index) => index);

    for (const value of values) count('UpstreamLatency', value);
    for (const name of Object.keys(METRICS) as MetricName[]) count(name);
    writeRecord('request', { code: '502-901' });

    const latencies = datapoints().filter(({ name }) => name === 'UpstreamLatency');
    expect(lines()).toHaveLength(3);
    expect(latencies.flatMap((point) => point.values)).toEqual([...values, 1]);
    expect(new Set(datapoints().map(({ name }) => name))).toEqual(new Set(Object.keys(METRICS)));
  });
});
