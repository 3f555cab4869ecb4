import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { METRICS, METRICS_NAMESPACE, type MetricName } from './metrics.ts';

/** What may stand in a log line: nothing secret, no token, no address, no personal data. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** What the inner modules know of logging and metrics. */
export interface Telemetry {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Adds to a metric; `dimension` is the value of the metric's own dimension, where it has one. */
  count(name: MetricName, value?: number, dimension?: string): void;
}

/** What an entry needs beside that: the sums of this invocation, and to send what was counted. */
export interface InvocationTelemetry extends Telemetry {
  /** The sum of what was counted under `name` since the last `flush`. */
  total(name: MetricName): number;
  /** Writes the metrics (one EMF line for each dimension's value) and starts anew. */
  flush(): void;
}

/**
 * Telemetry over Powertools: JSON lines and CloudWatch's Embedded Metric Format on standard
 * output. Level, service name and namespace come from Powertools' own environment variables.
 */
export function createTelemetry(serviceName: string): InvocationTelemetry {
  const logger = new Logger({ serviceName });
  const metrics = new Metrics({ namespace: METRICS_NAMESPACE, serviceName });
  const totals = new Map<MetricName, number>();
  const byDimension = new Map<string, { name: MetricName; value: number; dimension: string }>();

  return {
    info: (message, fields = {}) => logger.info(message, fields),
    warn: (message, fields = {}) => logger.warn(message, fields),
    error: (message, fields = {}) => logger.error(message, fields),
    count(name, value = 1, dimension) {
      totals.set(name, (totals.get(name) ?? 0) + value);
      if (dimension === undefined) {
        metrics.addMetric(name, METRICS[name].unit, value);
        return;
      }
      const key = `${name}\n${dimension}`;
      const row = byDimension.get(key) ?? { name, value: 0, dimension };
      row.value += value;
      byDimension.set(key, row);
    },
    total: (name) => totals.get(name) ?? 0,
    flush() {
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
      for (const { name, value, dimension } of byDimension.values()) {
        const single = metrics.singleMetric();
        const row = METRICS[name];
        if ('dimension' in row) single.addDimension(row.dimension, dimension);
        single.addMetric(name, row.unit, value);
      }
      totals.clear();
      byDimension.clear();
    },
  };
}
