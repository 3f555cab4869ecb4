import { Duration, type IResolvable } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { AccountsTask } from './accounts-task.ts';
import { IN_JSON_PATH, IN_JSONATA, type Language } from './query-language.ts';

interface AllAccountsOptions {
  /** TaskFunction: `AccountsStack.taskFunction.target`, or imported by its ARN. */
  readonly taskFunction: IFunction;
  /**
   * The states to run for every page, one page after the other. Their input is
   * `{ paginationInfo, account, contentHash }`; their output is dropped.
   *
   * When the accounts change meanwhile, the walk starts over and runs them for the new pages from
   * the first. `contentHash` tells one walk's pages from another's.
   */
  readonly forEachPage: sfn.IChainable;
  /**
   * More pages than this fail with `InvalidRequest`.
   * @default - only the execution's limit of 25,000 events; a page takes 11 and those of its states
   */
  readonly maxPages?: number;
}

export interface AllAccountsProps extends AllAccountsOptions {
  /**
   * What to ask for: `filter`, `sort`, `fields`, `pagesize`, `maxBytes`; may hold JSON paths.
   * @default - the state's input, which must be such an object
   */
  readonly query?: Readonly<Record<string, unknown>> | IResolvable;
  /**
   * Where `{ count, pages, contentHash }` goes.
   * @default - it is the output
   */
  readonly resultPath?: string;
}

export interface AllAccountsJsonataProps
  extends AllAccountsOptions,
    Pick<sfn.ParallelJsonataProps, 'assign' | 'comment' | 'stateName'> {
  /**
   * What to ask for: `filter`, `sort`, `fields`, `pagesize`, `maxBytes`; may hold expressions, or be
   * one.
   * @default - the state's input, which must be such an object
   */
  readonly query?: Readonly<Record<string, unknown>> | string;
  /**
   * The state's output; `$states.result[0]` is `{ count, pages, contentHash }`.
   * @default - that result
   */
  readonly outputs?: unknown;
}

interface InJsonata {
  readonly queryLanguage: sfn.QueryLanguage.JSONATA;
}

/** How often a walk starts over when the accounts have changed meanwhile. */
const START_OVERS = 3;
/** How often a throttle that says how long is waited for, until a page is there. */
const WAITS = 5;
/** The most that TaskFunction's errors say, too. */
const LONGEST_WAIT = Duration.hours(1);

/**
 * A state that walks through all pages by cursor and runs the given states for each. When the
 * accounts change meanwhile it starts over, at most 3 times, and then fails with `SnapshotExpired`.
 * While eGain is throttling, it waits as long as the error says. Every other error keeps its name.
 * It is a `Parallel` with one branch: the caller's own data stays outside, so that a page can use
 * the whole of a state's 256 KiB.
 *
 * @example
 * new AllAccounts(this, 'ForAllAccounts', {
 *   taskFunction: accounts.taskFunction.target,
 *   query: { filter: { active: true }, fields: ['id', 'name'] },
 *   forEachPage: new Map(this, 'EachAccount', { itemsPath: '$.account' }).itemProcessor(handleOne),
 * }).addCatch(giveUp, { errors: ['UpstreamUnavailable'] });
 */
export class AllAccounts extends sfn.Parallel {
  /** The state for a state machine, or a part of one, in JSONata. */
  static override jsonata(
    scope: Construct,
    id: string,
    props: AllAccountsJsonataProps,
  ): AllAccounts {
    const inJsonata = { ...props, queryLanguage: sfn.QueryLanguage.JSONATA as const };
    return new AllAccounts(scope, id, inJsonata);
  }

  constructor(
    scope: Construct,
    id: string,
    props: AllAccountsProps | (AllAccountsJsonataProps & InJsonata),
  ) {
    if ('queryLanguage' in props) {
      const { query = '{% $states.input %}', ...rest } = props;
      super(scope, id, {
        outputs: '{% $states.result[0] %}',
        ...rest,
        // CDK drops a plain null.
        arguments: begin(query, '{% null %}'),
      });
    } else {
      super(scope, id, {
        parameters: begin(
          props.query ?? sfn.JsonPath.objectAt('$'),
          sfn.JsonPath.stringToJson('null'),
        ),
        resultSelector: {
          count: sfn.JsonPath.numberAt('$[0].count'),
          pages: sfn.JsonPath.numberAt('$[0].pages'),
          contentHash: sfn.JsonPath.stringAt('$[0].contentHash'),
        },
        ...(props.resultPath === undefined ? {} : { resultPath: props.resultPath }),
      });
    }
    this.branch(walk(this, id, props, 'queryLanguage' in props ? IN_JSONATA : IN_JSON_PATH));
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

/** A state whose catcher keeps its `outputs`, which aws-cdk-lib 2.178 does not render. */
class AskingTask extends AccountsTask {
  private caught: object = {};

  override addCatch(handler: sfn.IChainable, props: sfn.CatchProps): sfn.TaskStateBase {
    if (props.outputs !== undefined) this.caught = { Output: props.outputs };
    return super.addCatch(handler, props);
  }

  override toStateJson(topLevelQueryLanguage?: sfn.QueryLanguage): object {
    const state = super.toStateJson(topLevelQueryLanguage) as { readonly Catch: readonly object[] };
    for (const catcher of state.Catch) Object.assign(catcher, this.caught);
    return state;
  }
}

/** What the walk begins with: no cursor. Every page gives the hash. */
const begin = (query: unknown, cursor: unknown) => ({
  query,
  walk: { next: { cursor, contentHash: true }, waits: 0 },
  throttle: {},
});

/** The states of the walk, in either query language. */
function walk(
  scope: Construct,
  id: string,
  { taskFunction, forEachPage, maxPages }: AllAccountsOptions,
  language: Language,
): sfn.IChainable {
  const { queryLanguage, input, answer } = language;
  const named = (name: string) => ({
    stateName: `${id}: ${name}`,
    ...(queryLanguage && { queryLanguage }),
  });
  const asking = (stateName: string) => ({
    ...named(stateName),
    taskFunction,
    payload: language.merged('query', 'walk.next'),
    ...language.taking('walk', {
      page: {
        paginationInfo: answer('paginationInfo'),
        account: answer('account'),
        contentHash: answer('contentHash'),
      },
      next: { cursor: answer('cursor'), contentHash: true },
      waits: 0,
    }),
  });
  const getPage = new AskingTask(scope, 'GetPage', {
    ...asking('get page'),
    retryThrottled: false,
  });
  const page = new sfn.Parallel(scope, 'Page', {
    ...named('page'),
    ...language.working('walk.page'),
  }).branch(forEachPage);
  const done = new sfn.Pass(scope, 'Done', {
    ...named('done'),
    ...language.making({
      count: input('walk.page.paginationInfo.count'),
      pages: input('walk.page.paginationInfo.pagenum'),
      contentHash: input('walk.page.contentHash'),
    }),
  });
  const more = new sfn.Choice(scope, 'More', named('more?'));
  more.when(language.isNull('walk.next.cursor'), done);
  if (maxPages !== undefined) {
    more.when(
      language.isAtLeast('walk.page.paginationInfo.pagenum', maxPages),
      new sfn.Fail(scope, 'TooManyPages', {
        ...named('too many pages'),
        error: 'InvalidRequest',
        cause: `There are more than ${maxPages} pages. Ask for a larger pagesize or maxBytes, or for fewer fields.`,
      }),
    );
  }
  more.otherwise(getPage);
  page.next(more);

  // What an error says is JSON in JSON in JSON, and a state of JSONPath reads one of them.
  const read = (name: string, stateName: string, key: string, path: string) =>
    new sfn.Pass(scope, name, {
      ...named(stateName),
      ...language.making({ [key]: language.parsed(path) }, 'throttle'),
    });
  const wait = (name: string, stateName: string, time: sfn.WaitTime) =>
    new sfn.Wait(scope, name, { ...named(stateName), time }).next(getPage);
  const told = 'throttle.envelope.details[0]';
  const readWait = new sfn.Pass(scope, 'ReadWait', {
    ...named('read wait'),
    ...language.making(
      {
        next: input('walk.next'),
        waits: language.oneMore('walk.waits'),
        seconds: language.parsed(`${told}.value`),
      },
      'walk',
    ),
  });
  const again = new AccountsTask(scope, 'GetPageAgain', asking('get page again')).next(page);
  const throttled = read('ReadCause', 'read cause', 'lambda', 'throttle.Cause')
    .next(read('ReadEnvelope', 'read envelope', 'envelope', 'throttle.lambda.errorMessage'))
    .next(
      new sfn.Choice(scope, 'SaysHowLong', named('says how long?'))
        .when(language.isNot(`${told}.key`, 'retryAfterSeconds'), again)
        .when(language.isAtLeast('walk.waits', WAITS), again)
        .otherwise(
          readWait.next(
            new sfn.Choice(scope, 'IsLong', named('long?'))
              .when(
                language.isAtLeast('walk.seconds', LONGEST_WAIT.toSeconds()),
                wait('WaitLongest', 'wait longest', sfn.WaitTime.duration(LONGEST_WAIT)),
              )
              .otherwise(wait('Wait', 'wait', language.seconds('walk.seconds'))),
          ),
        ),
    );
  getPage.addCatch(throttled, { errors: ['UpstreamThrottled'], ...language.catching('throttle') });

  return getPage.next(page);
}
