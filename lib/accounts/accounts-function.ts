import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type {
  AuthorizerEnvironment,
  PublicEnvironment,
  RefreshEnvironment,
  ServiceEnvironment,
  TelemetryEnvironment,
} from '../../lambda/platform/config.ts';
import { type BundleFiles, bundle } from '../bundle/bundle.ts';
import { acknowledge, INLINE_POLICY } from '../common/acknowledge.ts';
import { checkEnvironment } from '../common/limits.ts';
import { StageLogGroup, type StageProps } from '../common/stage-stack.ts';
import type { StageConfig } from '../stage/stage-config.ts';

/**
 * How long each waits for the next, so that the innermost gives up first and says why: API Gateway's
 * own limit is 29 s, and a function keeps a second back for its answer.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
 */
export const TIME_OUTS = {
  integration: Duration.seconds(28),
  api: Duration.seconds(27),
  authorizer: Duration.seconds(10),
  /** No gateway waits for it; a state machine's own time-out is longer. */
  task: Duration.seconds(60),
  /** Lambda's maximum: a walk may have to be slow. */
  refresh: Duration.minutes(15),
} as const;

/**
 * The variables of each function by its entry in `lambda/`, in the types that the entry reads: a
 * variable that is missing, or that nobody reads, does not compile.
 */
interface FunctionEnvironments {
  readonly api: TelemetryEnvironment & ServiceEnvironment & PublicEnvironment;
  readonly task: TelemetryEnvironment & ServiceEnvironment;
  readonly refresh: TelemetryEnvironment & ServiceEnvironment & RefreshEnvironment;
  readonly authorizer: TelemetryEnvironment & AuthorizerEnvironment;
}

type Entry = keyof FunctionEnvironments;

export interface AccountsFunctionProps<E extends Entry> extends StageProps {
  /** The entry in `lambda/`, without `.ts`. */
  readonly entry: E;
  readonly description: string;
  /** In MiB; the share of a processor grows with it. */
  readonly memorySize: number;
  readonly environment: FunctionEnvironments[E];
  /**
   * Files beside the bundle, content by name.
   * @default - the bundle and the licences alone
   */
  readonly files?: BundleFiles;
}

/**
 * A function of the product: Node.js 24 on arm64, bundled from `lambda/<entry>.ts`, with its own log
 * group. Its role may write there and send traces, and nothing else until it is granted.
 */
export class AccountsFunction<E extends Entry = Entry> extends Construct implements iam.IGrantable {
  /** The function itself, whatever alias is invoked. */
  readonly function: lambda.IFunction;
  /** What to invoke: the alias with the warm containers, where there are any. */
  readonly target: lambda.IFunction;
  readonly logGroup: ILogGroup;
  readonly grantPrincipal: iam.IPrincipal;

  constructor(scope: Construct, id: string, props: AccountsFunctionProps<E>) {
    super(scope, id);
    const { config, entry } = props;
    const { reserved, provisioned } = concurrencyOf(config, entry);
    const logGroup = new StageLogGroup(this, 'Logs', config);
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `What ${id} may do`,
    });
    logGroup.grantWrite(role);
    const { vpc } = config.functions;
    if (vpc !== undefined) for (const one of vpcStatements()) role.addToPolicy(one);

    const environment = {
      // V8's young generation would grow to 128 MB before it is cleared. A walk over many accounts
      // leaves much garbage, so a small one keeps the peak near what the walk keeps.
      NODE_OPTIONS: '--max-semi-space-size=8',
      ...withoutUnset(props.environment),
    };
    checkEnvironment(id, environment, props);

    const resource = new lambda.Function(this, 'Resource', {
      description: props.description,
      code: bundle(entry, props.files),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      timeout: TIME_OUTS[entry],
      memorySize: props.memorySize,
      tracing: lambda.Tracing.ACTIVE,
      role,
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      // Only the platform's failures: a success is in the function's own line.
      systemLogLevelV2: lambda.SystemLogLevel.WARN,
      environment,
      ...(reserved === undefined ? {} : { reservedConcurrentExecutions: reserved }),
    });
    // The subnets exist already. The CDK's own property would want to know their VPC and zones.
    if (vpc !== undefined) (resource.node.defaultChild as lambda.CfnFunction).vpcConfig = vpc;
    this.logGroup = logGroup;
    this.grantPrincipal = role;
    this.function = resource;
    // CDK's classes and interfaces don't agree under `exactOptionalPropertyTypes`.
    this.target =
      provisioned === undefined
        ? this.function
        : (resource.addAlias('live', {
            provisionedConcurrentExecutions: provisioned,
          }) as lambda.IFunction);
    acknowledge(role, {
      'AwsSolutions-IAM5[Resource::*]':
        'X-Ray has no resources: PutTraceSegments and PutTelemetryRecords can only be granted on *. ' +
        'In a VPC, Lambda makes and deletes network interfaces whose ids nobody knows before.',
      ...INLINE_POLICY,
    });
    acknowledge(resource, CALLED_SYNCHRONOUSLY);
    if (vpc === undefined) acknowledge(resource, OUTSIDE_VPC);
    if (reserved === undefined) acknowledge(resource, UNRESERVED);
  }
}

/** The schedule calls RefreshFunction once at a time, so the stage config sets none for it. */
function concurrencyOf({ functions }: StageConfig, entry: Entry) {
  return entry === 'refresh' ? {} : functions.concurrency[entry];
}

const SEEN =
  'Its caller sees the failure, or an alarm does where a schedule calls it; the next call makes up ' +
  'for it, and a kept event would be of no use.';

const CALLED_SYNCHRONOUSLY = {
  'Serverless-LambdaDLQ': SEEN,
  'NIST.800.53.R5-LambdaDLQ': SEEN,
};

const OUTSIDE_VPC = {
  'NIST.800.53.R5-LambdaInsideVPC':
    'It reaches only public endpoints (eGain, the issuer, AWS) and nothing in a VPC; nothing can ' +
    'connect to it. functions.vpc in the stage config gives it a fixed way out.',
};

const UNRESERVED = {
  'NIST.800.53.R5-LambdaConcurrency':
    'The stage and the usage plans throttle its callers. Where other workloads share the account, ' +
    'functions.concurrency in the stage config sets a limit.',
};

/**
 * Lets Lambda, and not the function's own code, make the network interfaces of a function in a VPC.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
 */
function vpcStatements(): iam.PolicyStatement[] {
  const actions = [
    'ec2:AssignPrivateIpAddresses',
    'ec2:CreateNetworkInterface',
    'ec2:DeleteNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:UnassignPrivateIpAddresses',
  ];
  const resources = ['*'];
  // Only calls of a function's code have this key.
  const conditions = { Null: { 'lambda:SourceFunctionArn': 'false' } };
  return [
    new iam.PolicyStatement({ actions, resources }),
    new iam.PolicyStatement({ effect: iam.Effect.DENY, actions, resources, conditions }),
  ];
}

/** The variables that have a value; the others are not set at all. */
function withoutUnset(
  variables: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const set = Object.entries(variables).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(set);
}
