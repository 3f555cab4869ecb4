import { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { JsonPath, type TaskInput, Timeout } from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke, type LambdaInvokeJsonPathProps } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { taskRetries } from './workflow-errors.ts';

export interface AccountsTaskProps
  extends Omit<
    LambdaInvokeJsonPathProps,
    'lambdaFunction' | 'payloadResponseOnly' | 'retryOnServiceExceptions'
  > {
  /** TaskFunction: `AccountsStack.taskFunction.target`, or imported by its ARN. */
  readonly taskFunction: IFunction;
  /**
   * What to ask for: `filter`, `sort`, `fields`, `pagesize`, `cursor`, `maxBytes`.
   * @default - the state's input
   */
  readonly payload?: TaskInput;
  /**
   * The state's result.
   * @default - `paginationInfo`, `account` and `cursor`, without Lambda's envelope around them
   */
  readonly resultSelector?: Readonly<Record<string, unknown>>;
  /** @default 70 seconds, longer than the function runs */
  readonly taskTimeout?: Timeout;
}

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
export class AccountsTask extends LambdaInvoke {
  // LambdaInvoke would also grant every version and alias, by a wildcard.
  protected override readonly taskPolicies: PolicyStatement[];

  constructor(scope: Construct, id: string, props: AccountsTaskProps) {
    const { taskFunction, ...rest } = props;
    super(scope, id, {
      resultSelector: {
        paginationInfo: JsonPath.objectAt('$.Payload.paginationInfo'),
        account: JsonPath.objectAt('$.Payload.account'),
        cursor: JsonPath.stringAt('$.Payload.cursor'),
      },
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
    for (const retry of taskRetries()) this.addRetry(retry);
  }
}
