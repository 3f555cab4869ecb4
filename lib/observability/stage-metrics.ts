import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { FAULTS } from '../../lambda/faults.ts';
import { METRICS, type MetricName, metricsNamespace } from '../../lambda/platform/metrics.ts';

/** The value of the dimension `service`: a function's entry. */
type ServiceName = 'api' | 'task' | 'authorizer' | 'refresh';

/**
 * What functions can't count because API Gateway answered in their place, and what would cost a line
 * of each request more than a metric filter does: which lines of the gateway's access log count.
 * `gatewayError` names the kind of an error that API Gateway made by itself. Every kind with a
 * status of 500 or above has an underscore in its name; nothing else that stands there has one.
 */
export const GATEWAY_METRICS = {
  /** Answers of 500 and above that API Gateway made: a crashed function, a time-out, no decision. */
  GatewayFaults: { pattern: '{ ($.status = "5*") && ($.gatewayError = "*_*") }' },
  /** Calls beyond a partner's throttle or quota. */
  PartnerThrottles: {
    dimension: 'partner',
    pattern: '{ ($.gatewayError = "THROTTLED") || ($.gatewayError = "QUOTA_EXCEEDED") }',
  },
  /** Calls of a partner. The access log has `-` for it where the authorizer let nobody in. */
  PartnerRequests: { dimension: 'partner', pattern: '{ ($.partner != "-") }' },
  /** Those of them that failed, whosesoever the fault. */
  PartnerFaults: {
    dimension: 'partner',
    pattern: '{ ($.partner != "-") && ($.status != "2*") && ($.status != "3*") }',
  },
} as const;

export type GatewayMetricName = keyof typeof GATEWAY_METRICS;

const ALL_METRICS = { ...METRICS, ...GATEWAY_METRICS };

/** The metrics that have their own dimension. */
type DimensionedMetricName = {
  [Name in keyof typeof ALL_METRICS]: (typeof ALL_METRICS)[Name] extends { dimension: string }
    ? Name
    : never;
}[keyof typeof ALL_METRICS];

type Options = Pick<cloudwatch.MetricOptions, 'statistic' | 'period' | 'label'>;

const PERIOD = Duration.minutes(5);

/**
 * The metrics that a stage's functions and gateway write, ready for alarms and widgets: sums over 5
 * minutes unless `options` say otherwise.
 */
export class StageMetrics {
  private readonly namespace: string;

  constructor(stage: string) {
    this.namespace = metricsNamespace(stage);
  }

  /**
   * A metric that a function writes.
   *
   * @param dimension the value of the metric's own dimension, where it has one
   */
  of(
    service: ServiceName,
    name: MetricName,
    options: Options = {},
    dimension?: string,
  ): cloudwatch.Metric {
    const row = METRICS[name];
    const own = 'dimension' in row && dimension !== undefined ? { [row.dimension]: dimension } : {};
    return this.metric(name, { dimensionsMap: { service, ...own }, ...options });
  }

  /** Metrics that a function writes, by their names. */
  each(service: ServiceName, ...names: readonly MetricName[]): cloudwatch.Metric[] {
    return names.map((name) => this.of(service, name));
  }

  /** How many invocations a function had, including failed ones. */
  requests(service: ServiceName, label = 'Requests'): cloudwatch.Metric {
    return this.of(service, 'Latency', { statistic: 'SampleCount', label });
  }

  /** A metric made from the gateway's access log, over all values of its dimension. */
  ofGateway(name: GatewayMetricName, label: string = name): cloudwatch.Metric {
    return this.metric(name, { unit: cloudwatch.Unit.COUNT, label });
  }

  /** The percentage of the partners' requests that fail with 500 or above; no point without any. */
  serverFaultShare(): cloudwatch.MathExpression {
    return new cloudwatch.MathExpression({
      expression: '100 * faults / requests',
      usingMetrics: {
        faults: this.of('api', 'ServerFaults'),
        requests: this.requests('api'),
      },
      label: '500 and above, %',
      period: PERIOD,
    });
  }

  /** How often partners and workflows met a fault of the product's own. */
  internalErrors(): cloudwatch.MathExpression {
    const period = Duration.minutes(1);
    const { code } = FAULTS.internalError;
    return new cloudwatch.MathExpression({
      // Without the filling, a sum has no point where one of the two has none.
      expression: 'FILL(api, 0) + FILL(task, 0)',
      usingMetrics: {
        api: this.of('api', 'Faults', { period }, code),
        task: this.of('task', 'Faults', { period }, code),
      },
      label: code,
      period,
    });
  }

  /** One line for each value of the metric's own dimension that has been seen. */
  byDimension(name: DimensionedMetricName, service?: ServiceName): cloudwatch.IMetric {
    const { dimension } = ALL_METRICS[name];
    const dimensions = [...(service === undefined ? [] : ['service']), dimension];
    const schema = [`"${this.namespace}"`, ...dimensions].join(',');
    const match = service === undefined ? '' : ` service="${service}"`;
    return new cloudwatch.MathExpression({
      expression: `SEARCH('{${schema}} MetricName="${name}"${match}', 'Sum', 300)`,
      usingMetrics: {},
      label: '',
      period: PERIOD,
    });
  }

  private metric(metricName: string, options: cloudwatch.MetricOptions): cloudwatch.Metric {
    const { namespace } = this;
    const defaults = { statistic: 'Sum', period: PERIOD, label: metricName };
    return new cloudwatch.Metric({ namespace, metricName, ...defaults, ...options });
  }
}

/** Makes the gateway's metrics from its access log: the functions can't count what it answers. */
export function addGatewayMetrics(stack: Construct, stage: string, accessLogs: ILogGroup): void {
  const scope = new Construct(stack, 'GatewayMetrics');
  for (const [name, row] of Object.entries(GATEWAY_METRICS)) {
    new MetricFilter(scope, name, {
      logGroup: accessLogs,
      filterPattern: FilterPattern.literal(row.pattern),
      metricNamespace: metricsNamespace(stage),
      metricName: name,
      metricValue: '1',
      unit: cloudwatch.Unit.COUNT,
      ...('dimension' in row ? { dimensions: { [row.dimension]: `$.${row.dimension}` } } : {}),
    });
  }
}
