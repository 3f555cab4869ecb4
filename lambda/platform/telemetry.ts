import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { readMetricsNamespace } from './config.ts';
import { METRICS, type MetricName } from './metrics.ts';

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

/** Partners and fault codes are few; eGain's own codes, passed on, are not ours to bound. */
const MAX_DIMENSIONS = 200;

/**
 * Telemetry over Powertools: JSON lines and CloudWatch's Embedded Metric Format on standard
 * output. The level and the namespace come from Powertools' own environment variables.
 *
 * @param serviceName stands in each log line, and is each metric's dimension `service`
 */
export function createTelemetry(serviceName: string): InvocationTelemetry {
  const logger = new Logger({ serviceName });
  const namespace = readMetricsNamespace();
  const metrics = new Metrics({ namespace, serviceName });
  const totals = new Map<MetricName, number>();
  // Kept from one invocation to the next: making one costs more than the rest of a warm answer.
  const byDimension = new Map<string, Metrics>();
  const metricsOf = (name: string, value: string): Metrics => {
    const key = `${name}\n${value}`;
    const known = byDimension.get(key);
    if (known !== undefined) return known;
    const made = new Metrics({ namespace, serviceName, defaultDimensions: { [name]: value } });
    byDimension.set(key, made);
    return made;
  };

  return {
    info: (message, fields = {}) => logger.info(message, fields),
    warn: (message, fields = {}) => logger.warn(message, fields),
    error: (message, fields = {}) => logger.error(message, fields),
    count(name, value = 1, dimension) {
      totals.set(name, (totals.get(name) ?? 0) + value);
      const row = METRICS[name];
      const target =
        dimension !== undefined && 'dimension' in row
          ? metricsOf(row.dimension, dimension)
          : metrics;
      target.addMetric(name, row.unit, value);
    },
    total: (name) => totals.get(name) ?? 0,
    flush() {
      for (const each of [metrics, ...byDimension.values()]) {
        if (each.hasStoredMetrics()) each.publishStoredMetrics();
      }
      if (byDimension.size > MAX_DIMENSIONS) byDimension.clear();
      totals.clear();
    },
  };
}
