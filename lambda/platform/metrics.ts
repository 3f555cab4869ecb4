interface MetricRow {
  readonly unit: 'Count' | 'Milliseconds' | 'Seconds';
  /** The dimension that it has beside `service`. */
  readonly dimension?: string;
}

/**
 * Every metric the product writes. The dashboard, the alarms and the code that counts all take them
 * from here. A count is summed up within an invocation. CloudWatch is not told the unit.
 */
export const METRICS = {
  /** One for each failed call; by the product's code, whatever code of eGain's is passed on. */
  Faults: { unit: 'Count', dimension: 'code' },
  /** One for each failed call whose status is 500 or above. */
  ServerFaults: { unit: 'Count' },
  /** The handler's time, from event to answer. Each invocation has one, so samples are requests. */
  Latency: { unit: 'Milliseconds' },
  /** Requests sent to eGain's API, retries included. */
  UpstreamCalls: { unit: 'Count' },
  /** The time of one such request, headers and body. */
  UpstreamLatency: { unit: 'Milliseconds' },
  /** Tokens asked for at the token endpoint. */
  TokenRequests: { unit: 'Count' },
  /** Reads of the secret. */
  SecretReads: { unit: 'Count' },
  /** Accounts met twice in one walk, by id. */
  DuplicateAccounts: { unit: 'Count' },
  /** Fields of accounts left out of one walk: not of their documented type, or a date that cannot be read. */
  MalformedFields: { unit: 'Count' },
  /** The age of the snapshot that an answer came from. Samples are answers: what is neither a miss nor stale is a hit. */
  SnapshotAge: { unit: 'Seconds' },
  /** Answers that had to wait for a walk. */
  CacheMisses: { unit: 'Count' },
  /** Answers from a snapshot past its freshness: another renews it, or renewing it failed. */
  StaleAnswers: { unit: 'Count' },
  /** Page walks whose result became the snapshot. */
  Renewals: { unit: 'Count' },
  /** Runs of the schedule that did not fail. */
  ScheduledRenewals: { unit: 'Count' },
  /** Page walks that ended after another container had taken over the lock. */
  LocksLost: { unit: 'Count' },
  /** Requests that waited for another container's renewal. */
  RenewalWaits: { unit: 'Count' },
  /** Times the shared table could not be used, and the container went on alone: its walks, its token, its call budget. */
  SharedTableFailures: { unit: 'Count' },
  /** Requests decided by a failure that is remembered, without asking eGain. */
  RememberedFailures: { unit: 'Count' },
  /** Calls to eGain put off, or not made, to keep to its budget. */
  CallsDeferred: { unit: 'Count' },
  /** Times the authorizer could not decide. */
  AuthorizerFailures: { unit: 'Count' },
  /** Tokens that the authorizer turned away. */
  TokensRefused: { unit: 'Count' },
} as const satisfies Record<string, MetricRow>;

export type MetricName = keyof typeof METRICS;

/** Where no stage says otherwise. */
export const METRICS_NAMESPACE = 'EgainAccounts';

/** Keeps the stages of one account apart: what breaks in one must not wake those of another. */
export const metricsNamespace = (stage: string): string => `${METRICS_NAMESPACE}/${stage}`;

/** What was counted in the current invocation: the sum of a count, each value of a time or an age. */
const counted = new Map<MetricName, number[]>();

/** Adds to a metric of the current invocation. */
export function count(name: MetricName, value = 1): void {
  const values = counted.get(name);
  if (values === undefined) counted.set(name, [value]);
  else if (METRICS[name].unit === 'Count') values[0] = (values[0] ?? 0) + value;
  else values.push(value);
}

/** The sum in the current invocation. */
export function total(name: MetricName): number {
  return (counted.get(name) ?? []).reduce((sum, value) => sum + value, 0);
}

/** Gives what was counted in the current invocation, and begins the next one at zero. */
export function takeCounts(): ReadonlyMap<MetricName, readonly number[]> {
  const taken = new Map(counted);
  counted.clear();
  return taken;
}

/** What a line may hold of one metric; more go to further lines, without the record. */
const MAX_VALUES = 100;

/**
 * Writes metrics into a record's own line, in CloudWatch's Embedded Metric Format: one directive
 * for each set of dimensions. Units are left out: they would be a tenth of an ordinary line.
 *
 * @param record has the value of each dimension by its name
 * @param at milliseconds since the epoch
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function emfLines(
  record: Readonly<Record<string, unknown>> & { readonly service: string },
  counts: ReadonlyMap<MetricName, readonly number[]>,
  namespace: string,
  at: number,
): string[] {
  const lines: string[] = [];
  const longest = Math.max(1, ...[...counts.values()].map(({ length }) => length));
  for (let start = 0; start < longest; start += MAX_VALUES) {
    const members: Record<string, unknown> =
      start === 0 ? { ...record } : { service: record.service };
    const metrics = new Map<string | undefined, { readonly Name: MetricName }[]>();
    for (const [name, values] of counts) {
      const some = values.slice(start, start + MAX_VALUES);
      if (some.length === 0) continue;
      members[name] = some.length === 1 ? some[0] : some;
      const { dimension }: MetricRow = METRICS[name];
      metrics.set(dimension, [...(metrics.get(dimension) ?? []), { Name: name }]);
    }
    const directives = [...metrics].map(([dimension, Metrics]) => ({
      Namespace: namespace,
      Dimensions: [dimension === undefined ? ['service'] : ['service', dimension]],
      Metrics,
    }));
    const emf = directives.length > 0 && { _aws: { Timestamp: at, CloudWatchMetrics: directives } };
    lines.push(JSON.stringify({ ...emf, ...members }));
  }
  return lines;
}
