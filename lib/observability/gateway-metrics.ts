import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import {
  GATEWAY_METRICS,
  type GatewayMetricName,
  metricsNamespace,
} from '../../lambda/platform/metrics.ts';
import { UNITS } from './service-metrics.ts';

export interface GatewayMetricsProps {
  readonly stage: string;
  /** Its lines are `ACCESS_LOG_FORMAT`'s. */
  readonly accessLogs: ILogGroup;
}

/**
 * Which lines of the access log count. `gatewayError` names the kind of an error that API Gateway
 * made by itself; every such kind with a status of 500 or above has an underscore in its name,
 * what stands there otherwise has none.
 */
const PATTERNS: Readonly<Record<GatewayMetricName, string>> = {
  GatewayFaults: '{ ($.status = "5*") && ($.gatewayError = "*_*") }',
  PartnerThrottles: '{ ($.gatewayError = "THROTTLED") || ($.gatewayError = "QUOTA_EXCEEDED") }',
  // Where the authorizer let nobody in, the access log has `-` for the partner.
  PartnerRequests: '{ ($.partner != "-") }',
  PartnerFaults: '{ ($.partner != "-") && ($.status != "2*") && ($.status != "3*") }',
};

/** The metrics of what API Gateway answers in the functions' place, from its access log. */
export class GatewayMetrics extends Construct {
  constructor(scope: Construct, id: string, { stage, accessLogs }: GatewayMetricsProps) {
    super(scope, id);
    for (const [name, row] of Object.entries(GATEWAY_METRICS)) {
      new MetricFilter(this, name, {
        logGroup: accessLogs,
        filterPattern: FilterPattern.literal(PATTERNS[name as GatewayMetricName]),
        metricNamespace: metricsNamespace(stage),
        metricName: name,
        metricValue: '1',
        unit: UNITS[row.unit],
        ...('dimension' in row ? { dimensions: { [row.dimension]: `$.${row.dimension}` } } : {}),
      });
    }
  }
}
