/**
 * As much of CloudWatch as the stage's alarms use: metrics out of EMF lines and metric filters,
 * statistics, arithmetic on them, and an alarm's verdict. What it does not know it refuses.
 */
export interface Datapoint {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly unit: string;
  readonly values: readonly number[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

type EmfLine = Readonly<Record<string, unknown>> & {
  readonly ['_aws']: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit?: string }[];
    }[];
  };
};

/**
 * The metrics in EMF lines among others.
 *
 * @param at their time, in place of the one that the lines name
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function emfDatapoints(lines: readonly string[], at: number): Datapoint[] {
  return lines
    .filter((line) => line.startsWith('{"_aws"'))
    .flatMap((text) => {
      const line = JSON.parse(text) as EmfLine;
      return line['_aws'].CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
        Dimensions.flatMap((names) =>
          Metrics.map(({ Name, Unit = 'None' }) => ({
            namespace: Namespace,
            name: Name,
            dimensions: Object.fromEntries(names.map((name) => [name, String(line[name])])),
            unit: Unit,
            values: [line[Name]].flat() as number[],
            at,
          })),
        ),
      );
    });
}

const MAX_METRICS = 100;
const MAX_VALUES = 100;
const MAX_DIMENSIONS = 30;

/**
 * What keeps CloudWatch from taking all the metrics of a line, by the specification of the format:
 * members that are missing or not of their type, and bounds that are passed.
 */
export function emfFaults(text: string): string[] {
  const line = JSON.parse(text) as Partial<EmfLine>;
  const aws = line['_aws'];
  if (aws === undefined) return [];
  const { Timestamp } = aws as { Timestamp?: unknown };
  const faults = Number.isInteger(Timestamp) ? [] : ['Timestamp is no integer'];
  const defined = new Set<string>();
  for (const { Namespace, Dimensions, Metrics } of aws.CloudWatchMetrics) {
    if (!/^[\w.\-/#:]{1,255}$/.test(Namespace)) faults.push(`namespace ${Namespace}`);
    if (Metrics.length === 0 || Metrics.length > MAX_METRICS) faults.push('number of metrics');
    for (const name of Dimensions.flat()) {
      if (typeof line[name] !== 'string' || line[name] === '') faults.push(`dimension ${name}`);
    }
    if (Dimensions.some((names) => names.length > MAX_DIMENSIONS)) faults.push('dimensions');
    for (const { Name } of Metrics) {
      const values = [line[Name]].flat();
      if (defined.has(Name)) faults.push(`${Name} is defined twice`);
      if (values.length === 0 || values.length > MAX_VALUES) faults.push(`values of ${Name}`);
      if (!values.every((value) => Number.isFinite(value))) faults.push(`${Name} is no number`);
      defined.add(Name);
    }
  }
  return faults;
}

/** The properties of an `AWS::Logs::MetricFilter`. */
export interface MetricFilterProperties {
  readonly FilterPattern: string;
  readonly MetricTransformations: readonly {
    readonly MetricNamespace: string;
    readonly MetricName: string;
    readonly MetricValue: string;
    readonly Unit: string;
    readonly Dimensions?: readonly { readonly Key: string; readonly Value: string }[];
  }[];
}

/**
 * What a metric filter makes of JSON lines.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function filteredDatapoints(
  filter: MetricFilterProperties,
  lines: readonly string[],
  at: number,
): Datapoint[] {
  return lines
    .map((line) => JSON.parse(line) as Record<string, string>)
    .filter((line) => matches(filter.FilterPattern, line))
    .flatMap((line) =>
      filter.MetricTransformations.map((made) => ({
        namespace: made.MetricNamespace,
        name: made.MetricName,
        dimensions: Object.fromEntries(
          (made.Dimensions ?? []).map(({ Key, Value }) => [Key, String(line[Value.slice(2)])]),
        ),
        unit: made.Unit,
        values: [Number(made.MetricValue)],
        at,
      })),
    );
}

function matches(pattern: string, line: Readonly<Record<string, string>>): boolean {
  const whole = /^\{ (.+) \}$/.exec(pattern)?.[1];
  if (whole === undefined) throw new Error(`not a JSON pattern: ${pattern}`);
  const every = !whole.includes(' || ');
  const holds = (condition: string) => {
    const [, key = '', not, glob] = /^\(\$\.(\w+) (!?)= "([^"]*)"\)$/.exec(condition) ?? [];
    if (glob === undefined) throw new Error(`a condition of another form: ${condition}`);
    const parts = glob.split('*').map((part) => part.replace(/\W/g, String.raw`\$&`));
    return new RegExp(`^${parts.join('.*')}$`).test(line[key] ?? '') !== (not === '!');
  };
  return every ? whole.split(' && ').every(holds) : whole.split(' || ').some(holds);
}

interface MetricReference {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
}

interface Query {
  readonly Id: string;
  readonly ReturnData?: boolean;
  readonly Expression?: string;
  readonly MetricStat?: {
    readonly Metric: MetricReference;
    readonly Period: number;
    readonly Stat: string;
    readonly Unit?: string;
  };
}

/** The properties of an `AWS::CloudWatch::Alarm`, intrinsic functions resolved. */
export interface AlarmProperties extends Partial<MetricReference> {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly ComparisonOperator: string;
  readonly Threshold: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
  readonly TreatMissingData: string;
  readonly Metrics?: readonly Query[];
  readonly Period?: number;
  readonly Statistic?: string;
}

/**
 * Whether the alarm goes off at any time in the range of the datapoints.
 *
 * @throws Error for a statistic, an expression or an option that no alarm of the stage has
 */
export function goesOff(
  alarm: AlarmProperties,
  datapoints: readonly Datapoint[],
  now?: number,
): boolean {
  const silenceBreaches = alarm.TreatMissingData === 'breaching';
  if (!silenceBreaches && alarm.TreatMissingData !== 'notBreaching') {
    throw new Error('missing data is taken otherwise');
  }
  const queries = queriesOf(alarm);
  const seconds = Math.max(...queries.map(({ MetricStat }) => MetricStat?.Period ?? 0));
  const periodOf = ({ at }: Datapoint) => Math.floor(at / (seconds * 1000));
  const breaches = (period: number) => {
    const value = valueOf(
      queries,
      datapoints.filter((point) => periodOf(point) === period),
    );
    return value === undefined ? silenceBreaches : compare(alarm, value);
  };
  const periods = [...new Set(datapoints.map(periodOf))];
  const ends = now === undefined ? periods : [Math.floor(now / (seconds * 1000)) - 1];
  return ends.some((last) => {
    const range = Array.from({ length: alarm.EvaluationPeriods }, (_, ago) => last - ago);
    return range.filter(breaches).length >= alarm.DatapointsToAlarm;
  });
}

/** An alarm names its one metric in properties of its own, or any number in `Metrics`. */
function queriesOf(alarm: AlarmProperties): readonly Query[] {
  if (alarm.Metrics !== undefined) return alarm.Metrics;
  const { Namespace = '', MetricName = '', Dimensions = [], Period = 0, Statistic = '' } = alarm;
  const Metric = { Namespace, MetricName, Dimensions };
  return [{ Id: 'm1', ReturnData: true, MetricStat: { Metric, Period, Stat: Statistic } }];
}

/** The value in one period; undefined where something that it needs is missing. */
function valueOf(queries: readonly Query[], datapoints: readonly Datapoint[]): number | undefined {
  const values = new Map<string, number | undefined>();
  for (const { Id, MetricStat } of queries) {
    if (MetricStat !== undefined) values.set(Id, statistic(MetricStat, datapoints));
  }
  const answer = queries.find(({ ReturnData }) => ReturnData !== false);
  if (answer?.Expression === undefined) return values.get(answer?.Id ?? '');
  return filledSum(answer.Expression, values) ?? quotient(answer.Expression, values);
}

function statistic(
  { Metric, Stat, Unit }: NonNullable<Query['MetricStat']>,
  datapoints: readonly Datapoint[],
): number | undefined {
  const wanted = new Map((Metric.Dimensions ?? []).map(({ Name, Value }) => [Name, Value]));
  const values = datapoints
    .filter(
      ({ namespace, name, dimensions, unit }) =>
        namespace === Metric.Namespace &&
        name === Metric.MetricName &&
        (Unit === undefined || unit === Unit) &&
        // A metric is its dimensions, all of them: one more or less is another metric.
        Object.keys(dimensions).length === wanted.size &&
        Object.entries(dimensions).every(([key, value]) => wanted.get(key) === value),
    )
    .flatMap((point) => point.values);
  if (values.length === 0) return undefined;
  if (Stat === 'Sum') return values.reduce((sum, value) => sum + value, 0);
  if (Stat === 'SampleCount') return values.length;
  if (Stat === 'Maximum') return Math.max(...values);
  const percent = Number(/^p(\d+)$/.exec(Stat)?.[1]);
  if (Number.isNaN(percent)) throw new Error(`a statistic of another form: ${Stat}`);
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1];
}

/** A sum of metrics, each 0 where it has no point; undefined for an expression of another form. */
function filledSum(
  expression: string,
  values: ReadonlyMap<string, number | undefined>,
): number | undefined {
  const terms = expression.split(' + ').map((term) => /^FILL\((\w+), 0\)$/.exec(term)?.[1]);
  if (terms.includes(undefined)) return undefined;
  return terms.reduce((total, name = '') => total + (values.get(name) ?? 0), 0);
}

function quotient(
  expression: string,
  values: ReadonlyMap<string, number | undefined>,
): number | undefined {
  const [, factor, above = '', below = ''] = /^(\d+) \* (\w+) \/ (\w+)$/.exec(expression) ?? [];
  if (factor === undefined) throw new Error(`an expression of another form: ${expression}`);
  const [numerator, denominator] = [values.get(above), values.get(below)];
  if (numerator === undefined || denominator === undefined) return undefined;
  return (Number(factor) * numerator) / denominator;
}

function compare({ ComparisonOperator, Threshold }: AlarmProperties, value: number): boolean {
  if (ComparisonOperator === 'GreaterThanThreshold') return value > Threshold;
  if (ComparisonOperator === 'GreaterThanOrEqualToThreshold') return value >= Threshold;
  if (ComparisonOperator === 'LessThanThreshold') return value < Threshold;
  throw new Error(`a comparison of another form: ${ComparisonOperator}`);
}
