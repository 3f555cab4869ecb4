/**
 * Every metric the product writes: what its values are, and the dimension it has beside `service`.
 * The dashboard, the alarms and the code that counts all take them from here. A count is summed up
 * within an invocation. CloudWatch is not told the unit.
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
  /** Times the shared table could not be used, and the container went on alone. */
  SharedTableFailures: { unit: 'Count' },
  /** Requests decided by a failure that is remembered, without asking eGain. */
  RememberedFailures: { unit: 'Count' },
  /** Calls to eGain put off, or not made, to keep to its budget. */
  CallsDeferred: { unit: 'Count' },
  /** Times the authorizer could not decide. */
  AuthorizerFailures: { unit: 'Count' },
  /** Tokens that the authorizer turned away. */
  TokensRefused: { unit: 'Count' },
} as const satisfies Record<
  string,
  { unit: 'Count' | 'Milliseconds' | 'Seconds'; dimension?: string }
>;

export type MetricName = keyof typeof METRICS;

/**
 * What functions can't count because API Gateway answered in their place, and what would cost a line
 * of each request more than a metric filter does; made from the gateway's access log.
 */
export const GATEWAY_METRICS = {
  /** Answers of 500 and above that API Gateway made: a crashed function, a time-out, no decision. */
  GatewayFaults: { unit: 'Count' },
  /** Calls beyond a partner's throttle or quota; by the partner's name. */
  PartnerThrottles: { unit: 'Count', dimension: 'partner' },
  /** Calls of a partner; by the partner's name. */
  PartnerRequests: { unit: 'Count', dimension: 'partner' },
  /** Those of them that failed, whosesoever the fault; by the partner's name. */
  PartnerFaults: { unit: 'Count', dimension: 'partner' },
} as const satisfies Record<string, { unit: 'Count'; dimension?: string }>;

export type GatewayMetricName = keyof typeof GATEWAY_METRICS;

/** Where no stage says otherwise. */
export const METRICS_NAMESPACE = 'EgainAccounts';

/** Keeps the stages of one account apart: what breaks in one must not wake those of another. */
export const metricsNamespace = (stage: string): string => `${METRICS_NAMESPACE}/${stage}`;

const totals = new Map<MetricName, number>();
const counted = new Map<string, Series>();

/**
 * Adds to a metric of the current invocation.
 *
 * @param dimension the value of the metric's own dimension, where it has one
 */
export function count(name: MetricName, value = 1, dimension?: string): void {
  totals.set(name, total(name) + value);
  const own = dimensionOf(name) === undefined ? undefined : dimension;
  const key = own === undefined ? name : `${name}\n${own}`;
  const series = counted.get(key);
  if (series === undefined) counted.set(key, { name, dimension: own, values: [value] });
  else if (METRICS[name].unit === 'Count') series.values[0] = (series.values[0] ?? 0) + value;
  else series.values.push(value);
}

/** The sum of what was counted under `name` in the current invocation. */
export function total(name: MetricName): number {
  return totals.get(name) ?? 0;
}

/** Gives what was counted in the current invocation, and begins the next one at zero. */
export function takeCounts(): Series[] {
  const series = [...counted.values()];
  counted.clear();
  totals.clear();
  return series;
}

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
