import { Duration } from 'aws-cdk-lib';
import {
  type IMetric,
  MathExpression,
  Metric,
  type MetricOptions,
  Unit,
} from 'aws-cdk-lib/aws-cloudwatch';
import {
  GATEWAY_METRICS,
  type GatewayMetricName,
  METRICS,
  type MetricName,
  metricsNamespace,
} from '../../lambda/platform/metrics.ts';

/** The value of the dimension `service`: a function's entry. */
export type ServiceName = 'api' | 'task' | 'authorizer' | 'refresh';

const ALL_METRICS = { ...METRICS, ...GATEWAY_METRICS };

/** The metrics that have a dimension of their own. */
type DimensionedMetricName = {
  [Name in keyof typeof ALL_METRICS]: (typeof ALL_METRICS)[Name] extends { dimension: string }
    ? Name
    : never;
}[keyof typeof ALL_METRICS];

type OwnMetricOptions = Pick<MetricOptions, 'statistic' | 'period' | 'label'>;

const FIVE_MINUTES = Duration.minutes(5);

/** CloudWatch's units, by the name that the gateway's metrics have them under. */
export const UNITS = { Count: Unit.COUNT } as const;

/** The metrics that a stage's functions and gateway write, ready for alarms and widgets. */
export interface ServiceMetrics {
  /**
   * A metric that a function writes.
   *
   * @param dimension the value of the metric's own dimension, where it has one
   */
  of(
    service: ServiceName,
    name: MetricName,
    options?: OwnMetricOptions,
    dimension?: string,
  ): Metric;
  /** How many invocations a function had, failed ones included. */
  requests(service: ServiceName, options?: OwnMetricOptions): Metric;
  /** A metric made from the gateway's access log, over all values of its dimension. */
  ofGateway(name: GatewayMetricName, options?: OwnMetricOptions): Metric;
  /**
   * The share of the partners' requests that fail with 500 or above, in percent. Without a failure
   * there is no point, rather than 0.
   */
  serverFaultShare(): MathExpression;
  /** One line for each value of the metric's own dimension that has been seen. */
  byDimension(name: DimensionedMetricName, service?: ServiceName): IMetric;
}

/** Metrics are sums over 5 minutes unless `options` say otherwise. */
export function serviceMetrics(stage: string): ServiceMetrics {
  const namespace = metricsNamespace(stage);
  const metrics: ServiceMetrics = {
    of(service, name, options = {}, dimension) {
      const row = METRICS[name];
      const own =
        'dimension' in row && dimension !== undefined ? { [row.dimension]: dimension } : {};
      return new Metric({
        namespace,
        metricName: name,
        dimensionsMap: { service, ...own },
        statistic: 'Sum',
        period: FIVE_MINUTES,
        label: name,
        ...options,
      });
    },
    requests: (service, options = {}) =>
      metrics.of(service, 'Latency', { statistic: 'SampleCount', label: 'Requests', ...options }),
    ofGateway: (name, options = {}) =>
      new Metric({
        namespace,
        metricName: name,
        unit: UNITS[GATEWAY_METRICS[name].unit],
        statistic: 'Sum',
        period: FIVE_MINUTES,
        label: name,
        ...options,
      }),
    serverFaultShare: () =>
      new MathExpression({
        expression: '100 * faults / requests',
        usingMetrics: {
          faults: metrics.of('api', 'ServerFaults'),
          requests: metrics.requests('api'),
        },
        label: '500 and above, %',
        period: FIVE_MINUTES,
      }),
    byDimension(name, service) {
      const { dimension } = ALL_METRICS[name];
      const dimensions = [...(service === undefined ? [] : ['service']), dimension];
      const schema = [`"${namespace}"`, ...dimensions].join(',');
      const match = service === undefined ? '' : ` service="${service}"`;
      return new MathExpression({
        expression: `SEARCH('{${schema}} MetricName="${name}"${match}', 'Sum', 300)`,
        usingMetrics: {},
        label: '',
        period: FIVE_MINUTES,
      });
    },
  };
  return metrics;
}
