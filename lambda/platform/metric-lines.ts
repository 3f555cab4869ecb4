import { METRICS, type MetricName } from './metrics.ts';

/** What was counted of one metric, for one value of its dimension. */
export interface Series {
  readonly name: MetricName;
  /** The value of the metric's own dimension, where it has one. */
  readonly dimension: string | undefined;
  readonly values: number[];
}

/** What a line may hold of one metric; more go to further lines. */
const MAX_VALUES = 100;

interface Line {
  readonly members: Record<string, unknown>;
  /** Names of metrics, by the name of the dimension that they have beside `service`. */
  readonly metrics: Map<string | undefined, MetricName[]>;
}

/**
 * Writes metrics into a record's own line, in CloudWatch's Embedded Metric Format: one directive
 * for each set of dimensions. A dimension has one value in a line, so what has another (and what
 * has too many values) gets a line of its own, without the record. Units are left out: they would
 * be a tenth of the line of a request that is answered from memory.
 *
 * @param at milliseconds since the epoch
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function emfLines(
  record: Readonly<Record<string, unknown>> & { readonly service: string },
  series: readonly Series[],
  namespace: string,
  at: number,
): string[] {
  const lines: Line[] = [{ members: { ...record }, metrics: new Map() }];
  for (const { name, dimension, values } of series) {
    const key = dimensionOf(name);
    for (let start = 0; start < values.length; start += MAX_VALUES) {
      const line = lineFor(lines, name, key, dimension, record.service);
      const some = values.slice(start, start + MAX_VALUES);
      line.members[name] = some.length === 1 ? some[0] : some;
      if (key !== undefined) line.members[key] = dimension;
      const names = line.metrics.get(key);
      if (names === undefined) line.metrics.set(key, [name]);
      else names.push(name);
    }
  }
  return lines.map(({ members, metrics }) => {
    const directives = [...metrics].map(([key, names]) => ({
      Namespace: namespace,
      Dimensions: [key === undefined ? ['service'] : ['service', key]],
      Metrics: names.map((Name) => ({ Name })),
    }));
    const emf = { _aws: { Timestamp: at, CloudWatchMetrics: directives } };
    return JSON.stringify(directives.length === 0 ? members : { ...emf, ...members });
  });
}

/** The first line where the metric has not been written yet and the dimension has no other value. */
function lineFor(
  lines: Line[],
  name: MetricName,
  key: string | undefined,
  dimension: string | undefined,
  service: string,
): Line {
  const found = lines.find(
    ({ members }) =>
      members[name] === undefined &&
      (key === undefined || (members[key] ?? dimension) === dimension),
  );
  if (found !== undefined) return found;
  const made: Line = { members: { service }, metrics: new Map() };
  lines.push(made);
  return made;
}

function dimensionOf(name: MetricName): string | undefined {
  const row = METRICS[name];
  return 'dimension' in row ? row.dimension : undefined;
}
