import { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { JsonPath, QueryLanguage, type TaskInput, Timeout } from 'aws-cdk-lib/aws-stepfunctions';
import {
  LambdaInvoke,
  type LambdaInvokeJsonataProps,
  type LambdaInvokeJsonPathProps,
  type LambdaInvokeProps,
} from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { taskRetries } from './workflow-errors.ts';

/** What `LambdaInvoke` takes and a state that asks TaskFunction decides for itself. */
type Decided = 'lambdaFunction' | 'payloadResponseOnly' | 'retryOnServiceExceptions';

interface AccountsTaskOptions {
  /** TaskFunction: `AccountsStack.taskFunction.target`, or imported by its ARN. */
  readonly taskFunction: IFunction;
  /**
   * What to ask for: `filter`, `sort`, `fields`, `pagesize`, `cursor`, `maxBytes`.
   * @default - the state's input
   */
  readonly payload?: TaskInput;
  /** @default 70 seconds, longer than the function runs */
  readonly taskTimeout?: Timeout;
  /**
   * Whether `UpstreamThrottled` is retried, after 30 seconds and more. Without it, a catcher can
   * wait for the `retryAfterSeconds` of the error's details instead.
   * @default true
   */
  readonly retryThrottled?: boolean;
}

export interface AccountsTaskProps
  extends Omit<LambdaInvokeJsonPathProps, Decided | keyof AccountsTaskOptions>,
    AccountsTaskOptions {
  /**
   * The state's result.
   * @default - `paginationInfo`, `account` and `cursor`, without Lambda's envelope around them
   */
  readonly resultSelector?: Readonly<Record<string, unknown>>;
}

export interface AccountsTaskJsonataProps
  extends Omit<LambdaInvokeJsonataProps, Decided | keyof AccountsTaskOptions>,
    AccountsTaskOptions {
  /**
   * The state's output; `$states.result.Payload` is the page.
   * @default - `paginationInfo`, `account` and `cursor`, without Lambda's envelope around them
   */
  readonly outputs?: unknown;
}

/** The page without Lambda's envelope, in each query language. */
const BARE_PAGE = {
  [QueryLanguage.JSON_PATH]: {
    resultSelector: {
      paginationInfo: JsonPath.objectAt('$.Payload.paginationInfo'),
      account: JsonPath.objectAt('$.Payload.account'),
      cursor: JsonPath.stringAt('$.Payload.cursor'),
    },
  },
  [QueryLanguage.JSONATA]: {
    outputs: {
      paginationInfo: '{% $states.result.Payload.paginationInfo %}',
      account: '{% $states.result.Payload.account %}',
      cursor: '{% $states.result.Payload.cursor %}',
    },
  },
};

/** `LambdaInvoke` without its static methods, whose props are others. */
const Invoke: new (scope: Construct, id: string, props: LambdaInvokeProps) => LambdaInvoke =
  LambdaInvoke;

/**
 * A state that asks TaskFunction for one page of accounts. It retries temporary failures (eGain
 * away or throttling, Lambda's own failures) with back-off and jitter. Every other failure has the
 * contract's name, to be caught with `addCatch`. The state machine's role may invoke this one
 * function.
 *
 * @example
 * new AccountsTask(this, 'GetAccounts', {
 *   taskFunction: accounts.taskFunction.target,
 *   payload: TaskInput.fromObject({ filter: { active: true }, fields: ['id', 'name'] }),
 * });
 */
export class AccountsTask extends Invoke {
  /** The state for a state machine, or a part of one, in JSONata. */
  static jsonata(scope: Construct, id: string, props: AccountsTaskJsonataProps): AccountsTask {
    return new AccountsTask(scope, id, { ...props, queryLanguage: QueryLanguage.JSONATA });
  }

  // LambdaInvoke would also grant every version and alias, by a wildcard.
  protected override readonly taskPolicies: PolicyStatement[];

  constructor(scope: Construct, id: string, props: AccountsTaskProps) {
    const { taskFunction, retryThrottled = true, ...rest } = props;
    super(scope, id, {
      ...BARE_PAGE[props.queryLanguage ?? QueryLanguage.JSON_PATH],
      taskTimeout: Timeout.duration(Duration.seconds(70)),
      ...rest,
      lambdaFunction: taskFunction,
      retryOnServiceExceptions: false,
    });
    this.taskPolicies = [
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [taskFunction.functionArn],
      }),
    ];
    for (const retry of taskRetries()) {
      if (retryThrottled || !retry.errors?.includes('UpstreamThrottled')) this.addRetry(retry);
    }
  }
}
