import { Duration, type IResolvable } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { AccountsTask } from './accounts-task.ts';

export interface AllAccountsProps {
  /** TaskFunction: `AccountsStack.taskFunction.target`, or imported by its ARN. */
  readonly taskFunction: IFunction;
  /**
   * What to ask for: `filter`, `sort`, `fields`, `pagesize`, `maxBytes`; may hold JSON paths.
   * @default - the state's input, which must be such an object
   */
  readonly query?: Readonly<Record<string, unknown>> | IResolvable;
  /**
   * The states to run for every page, one page after the other. Their input is
   * `{ paginationInfo, account, contentHash }`; their output is dropped.
   *
   * When the accounts change meanwhile, the walk starts over and runs them for the new pages from
   * the first. `contentHash` tells one walk's pages from another's.
   */
  readonly forEachPage: sfn.IChainable;
  /**
   * Where `{ count, pages, contentHash }` goes.
   * @default - it is the output
   */
  readonly resultPath?: string;
  /**
   * More pages than this fail with `InvalidRequest`.
   * @default - only the execution's limit of 25,000 events; a page takes 11 and those of its states
   */
  readonly maxPages?: number;
}

/** How often a walk starts over when the accounts have changed meanwhile. */
const START_OVERS = 3;

/**
 * A state that walks through all pages by cursor and runs the given states for each. When the
 * accounts change meanwhile it starts over, at most 3 times, and then fails with `SnapshotExpired`;
 * every other error keeps its name. It is a `Parallel` with one branch: the caller's own data stays
 * outside, so that a page can use the whole of a state's 256 KiB.
 *
 * @example
 * new AllAccounts(this, 'ForAllAccounts', {
 *   taskFunction: accounts.taskFunction.target,
 *   query: { filter: { active: true }, fields: ['id', 'name'] },
 *   forEachPage: new Map(this, 'EachAccount', { itemsPath: '$.account' }).itemProcessor(handleOne),
 * }).addCatch(giveUp, { errors: ['UpstreamUnavailable'] });
 */
export class AllAccounts extends sfn.Parallel {
  constructor(scope: Construct, id: string, props: AllAccountsProps) {
    super(scope, id, {
      // The first page has no cursor before it (CDK drops a plain null). Every page gives the hash.
      parameters: {
        query: props.query ?? sfn.JsonPath.objectAt('$'),
        walk: { next: { cursor: sfn.JsonPath.stringToJson('null'), contentHash: true } },
      },
      resultSelector: {
        count: sfn.JsonPath.numberAt('$[0].count'),
        pages: sfn.JsonPath.numberAt('$[0].pages'),
        contentHash: sfn.JsonPath.stringAt('$[0].contentHash'),
      },
      ...(props.resultPath === undefined ? {} : { resultPath: props.resultPath }),
    });
    this.branch(walk(this, id, props));
    this.addRetry({
      errors: ['SnapshotExpired'],
      maxAttempts: START_OVERS,
      // Containers may hold different snapshots until the older one is no longer fresh, so the last
      // start comes after more than a minute.
      interval: Duration.seconds(5),
      backoffRate: 3,
      jitterStrategy: sfn.JitterType.NONE,
    });
  }
}

function walk(scope: Construct, id: string, props: AllAccountsProps): sfn.IChainable {
  const named = (name: string) => ({ stateName: `${id}: ${name}` });
  const getPage = new AccountsTask(scope, 'GetPage', {
    ...named('get page'),
    taskFunction: props.taskFunction,
    payload: sfn.TaskInput.fromJsonPathAt('States.JsonMerge($.query, $.walk.next, false)'),
    resultSelector: {
      page: {
        paginationInfo: sfn.JsonPath.objectAt('$.Payload.paginationInfo'),
        account: sfn.JsonPath.objectAt('$.Payload.account'),
        contentHash: sfn.JsonPath.stringAt('$.Payload.contentHash'),
      },
      next: { cursor: sfn.JsonPath.stringAt('$.Payload.cursor'), contentHash: true },
    },
    resultPath: '$.walk',
  });
  const page = new sfn.Parallel(scope, 'Page', {
    ...named('page'),
    inputPath: '$.walk.page',
    resultPath: sfn.JsonPath.DISCARD,
  }).branch(props.forEachPage);
  const done = new sfn.Pass(scope, 'Done', {
    ...named('done'),
    parameters: {
      count: sfn.JsonPath.numberAt('$.walk.page.paginationInfo.count'),
      pages: sfn.JsonPath.numberAt('$.walk.page.paginationInfo.pagenum'),
      contentHash: sfn.JsonPath.stringAt('$.walk.page.contentHash'),
    },
  });
  const more = new sfn.Choice(scope, 'More', named('more?'));
  more.when(sfn.Condition.isNull('$.walk.next.cursor'), done);
  if (props.maxPages !== undefined) {
    const pagenum = '$.walk.page.paginationInfo.pagenum';
    more.when(
      sfn.Condition.numberGreaterThanEquals(pagenum, props.maxPages),
      new sfn.Fail(scope, 'TooManyPages', {
        ...named('too many pages'),
        error: 'InvalidRequest',
        cause: `There are more than ${props.maxPages} pages. Ask for a larger pagesize or maxBytes, or for fewer fields.`,
      }),
    );
  }
  more.otherwise(getPage);
  return getPage.next(page).next(more);
}
