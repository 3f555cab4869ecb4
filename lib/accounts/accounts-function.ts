import type { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type BundleFiles, bundle } from '../bundle/bundle.ts';
import { acknowledge } from '../common/acknowledge.ts';
import { type LogKeeping, StageLogGroup } from '../common/log-group.ts';
import { type FunctionEnvironments, withoutUnset } from './environment.ts';

type Entry = keyof FunctionEnvironments;

export interface AccountsFunctionProps<E extends Entry> {
  /** The entry in `lambda/`, without `.ts`. */
  readonly entry: E;
  readonly description: string;
  readonly timeout: Duration;
  /** MiB; the share of a processor grows with it. */
  readonly memorySize: number;
  readonly environment: FunctionEnvironments[E];
  readonly logs: LogKeeping;
  /**
   * Executions at once that are set aside for it, and that it may not pass.
   * @default - what the account has left
   */
  readonly reserved?: number | undefined;
  /**
   * Containers that are kept warm.
   * @default - none
   */
  readonly provisioned?: number | undefined;
  /**
   * Files beside the bundle, content by name.
   * @default - the bundle and the licences alone
   */
  readonly files?: BundleFiles;
}

/**
 * A function of the product: Node.js 24 on arm64, bundled from `lambda/<entry>.ts`, with a log
 * group of its own and a role that may write there and send traces, and nothing else until it is
 * granted.
 */
export class AccountsFunction<E extends Entry = Entry> extends Construct implements iam.IGrantable {
  /** The function itself, whatever alias is invoked. */
  readonly function: lambda.IFunction;
  /** What to invoke: the alias whose containers are kept warm, where there are any. */
  readonly target: lambda.IFunction;
  readonly logGroup: ILogGroup;
  readonly grantPrincipal: iam.IPrincipal;

  constructor(scope: Construct, id: string, props: AccountsFunctionProps<E>) {
    super(scope, id);
    const { reserved, provisioned } = props;
    const logGroup = new StageLogGroup(this, 'Logs', props.logs);
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `What ${id} may do`,
    });
    logGroup.grantWrite(role);

    const resource = new lambda.Function(this, 'Resource', {
      description: props.description,
      code: bundle(props.entry, props.files),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      timeout: props.timeout,
      memorySize: props.memorySize,
      tracing: lambda.Tracing.ACTIVE,
      role,
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      // Failures of the platform alone: what went well is in the function's own line.
      systemLogLevelV2: lambda.SystemLogLevel.WARN,
      environment: {
        // V8's young generation would take up to 128 MB before it is cleared. A walk over many
        // accounts leaves much behind; so its peak is what it keeps, and little more.
        NODE_OPTIONS: '--max-semi-space-size=8',
        ...withoutUnset(props.environment),
      },
      ...(reserved === undefined ? {} : { reservedConcurrentExecutions: reserved }),
    });
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
        'X-Ray has no resources: PutTraceSegments and PutTelemetryRecords can only be granted on *.',
      'NIST.800.53.R5-IAMNoInlinePolicy':
        'The policy is for this one role and goes with it; nothing else could share it.',
    });
    acknowledge(resource, BY_CALLER);
    if (reserved === undefined) acknowledge(resource, UNRESERVED);
  }
}

const SEEN =
  'Its caller sees the failure, or where a schedule calls it, an alarm does; the next call makes up ' +
  'for it, and an event kept from earlier would be of no use.';

const BY_CALLER = {
  'Serverless-LambdaDLQ': SEEN,
  'NIST.800.53.R5-LambdaDLQ': SEEN,
  'NIST.800.53.R5-LambdaInsideVPC':
    'It reaches public endpoints alone (eGain, the issuer, Secrets Manager) and nothing in a VPC; ' +
    'nothing can connect to it.',
};

const UNRESERVED = {
  'NIST.800.53.R5-LambdaConcurrency':
    'The stage and the usage plans throttle its callers. Where the account is shared with others, ' +
    'functions.concurrency in the stage config sets a limit.',
};
