import { JsonPath, Pass, QueryLanguage } from 'aws-cdk-lib/aws-stepfunctions';
import { CallAwsService } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { beforeAll, describe, expect, test } from 'vitest';
import { AllAccounts } from '../../../lib/workflow/all-accounts.ts';
import { aslErrors } from '../../support/asl.ts';
import { type Answer, type FakeRun, PAGES, runOver } from '../../support/fake-task.ts';
import { type UserApp, userApp } from '../../support/user-app.ts';

const [first, second, third] = PAGES as [Answer, Answer, Answer];
const expired: Answer = { error: 'SnapshotExpired' };

interface Waiting {
  readonly walk: { readonly seconds: number };
}

const NOTE = { service: 's3', action: 'putObject', iamResources: ['*'] };

/** Note each page under its walk and number, and go on with the caller's own data. */
const inJsonPath = () =>
  userApp((scope, taskFunction) => {
    const note = new CallAwsService(scope, 'NotePage', {
      ...NOTE,
      parameters: {
        Bucket: 'notes',
        Key: JsonPath.format(
          '{}/{}',
          JsonPath.stringAt('$.contentHash'),
          JsonPath.stringAt('$.paginationInfo.pagenum'),
        ),
        Body: JsonPath.objectAt('$.account'),
      },
    });
    const gaveUp = new Pass(scope, 'GaveUp', {
      parameters: { error: JsonPath.stringAt('$.fault.Error') },
    });
    return new AllAccounts(scope, 'ForAllAccounts', {
      taskFunction,
      query: { filter: { name: JsonPath.stringAt('$.order') }, fields: ['id'] },
      forEachPage: note,
      resultPath: '$.accounts',
      maxPages: 3,
    })
      .addCatch(gaveUp, {
        errors: ['SnapshotExpired'],
        resultPath: '$.fault',
      })
      .next(new Pass(scope, 'GoOn'));
  });

const inJsonata = (language = QueryLanguage.JSONATA) =>
  userApp((scope, taskFunction) => {
    const note = CallAwsService.jsonata(scope, 'NotePage', {
      ...NOTE,
      parameters: {
        Bucket: 'notes',
        Key: '{% $states.input.contentHash & "/" & $states.input.paginationInfo.pagenum %}',
        Body: '{% $states.input.account %}',
      },
    });
    const gaveUp = Pass.jsonata(scope, 'GaveUp', { outputs: { error: '{% $fault %}' } });
    return AllAccounts.jsonata(scope, 'ForAllAccounts', {
      taskFunction,
      query: { filter: { name: '{% $states.input.order %}' }, fields: ['id'] },
      forEachPage: note,
      outputs: { order: '{% $states.input.order %}', accounts: '{% $states.result[0] %}' },
      maxPages: 3,
    })
      .addCatch(gaveUp, {
        errors: ['SnapshotExpired'],
        assign: { fault: '{% $states.errorOutput.Error %}' },
      })
      .next(Pass.jsonata(scope, 'GoOn'));
  }, language);

const throttled = (retryAfterSeconds?: number): Answer => ({
  error: 'UpstreamThrottled',
  ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
});
const waits = ({ entered }: FakeRun) =>
  entered.flatMap(({ state, input }) =>
    /: wait/.test(state) ? [[state, (input as Waiting).walk.seconds]] : [],
  );

describe.each([
  ['JSONPath', inJsonPath],
  ['JSONata', inJsonata],
  ['JSONata state by state', () => inJsonata(QueryLanguage.JSON_PATH)],
])("all accounts in a workflow author's own state machine in %s", (_language, make) => {
  let app: UserApp;
  beforeAll(() => {
    app = make();
  });
  const run = (answers: readonly Answer[]) => runOver(answers, app.definition, { order: 'o-1' });

  test('runs the given states for every page, and keeps the data around them', async () => {
    const { execution, objects, payloads } = await run(PAGES);

    expect(aslErrors(app.definition)).toEqual([]);
    expect(Object.fromEntries(objects)).toEqual({
      'content-1/1': [{ id: 'a1' }, { id: 'a2' }],
      'content-1/2': [{ id: 'a3' }, { id: 'a4' }],
      'content-1/3': [{ id: 'a5' }],
    });
    expect(payloads[1]).toEqual({
      filter: { name: 'o-1' },
      fields: ['id'],
      cursor: 'cursor-1',
      contentHash: true,
    });
    expect(execution).toEqual({
      status: 'SUCCEEDED',
      output: { order: 'o-1', accounts: { count: 5, pages: 3, contentHash: 'content-1' } },
    });
  });

  test('starts over when the accounts change, three times at most', async () => {
    const again = [first, expired];

    const thrice = await run([...again, ...again, ...again, first, second, third]);
    const moreOften = await run([...again, ...again, ...again, ...again]);

    expect(thrice.execution).toMatchObject({ output: { accounts: { contentHash: 'content-4' } } });
    expect(moreOften.execution).toEqual({
      status: 'SUCCEEDED',
      output: { error: 'SnapshotExpired' },
    });
  });

  test('ends with InvalidRequest when there are more pages than it may walk', async () => {
    const { execution } = await run([first, second, third, { account: [] }]);

    expect(execution).toMatchObject({
      status: 'FAILED',
      error: 'InvalidRequest',
      cause: expect.stringMatching(/^There are more than 3 pages\. Ask for a larger pagesize/),
    });
  });

  describe('while eGain is throttling', () => {
    test('waits as long as each error says, an hour at most, and asks for the same page', async () => {
      const thrice = [throttled(7), throttled(1), throttled(4000)];

      const result = await run([first, ...thrice, second, throttled(8), third]);

      expect(waits(result)).toEqual([
        ['ForAllAccounts: wait', 7],
        ['ForAllAccounts: wait', 1],
        ['ForAllAccounts: wait longest', 4000],
        ['ForAllAccounts: wait', 8],
      ]);
      expect(app.definition).toContain('"Seconds":3600');
      expect(result.payloads.map(({ cursor }) => cursor)).toEqual([
        null,
        ...Array.from({ length: 4 }, () => 'cursor-1'),
        ...Array.from({ length: 2 }, () => 'cursor-2'),
      ]);
      expect([result.execution.status, result.retries]).toEqual(['SUCCEEDED', []]);
    });

    test.each<[string, Answer[], number, number]>([
      ['says nothing of it', [throttled()], 0, 0],
      ['has said so five times', Array.from({ length: 7 }, () => throttled(2)), 5, 1],
    ])('backs off where the error %s', async (_what, errors, waited, retried) => {
      const result = await run([first, ...errors, second, third]);

      expect(result.execution.status).toBe('SUCCEEDED');
      expect(waits(result)).toHaveLength(waited);
      expect(result.retries).toEqual(Array.from({ length: retried }, () => 'UpstreamThrottled'));
    });

    test('ends by its name, in the state that asks, where that does not pass', async () => {
      const { execution, entered } = await run(Array.from({ length: 20 }, () => throttled(2)));

      expect(execution).toMatchObject({ status: 'FAILED', error: 'UpstreamThrottled' });
      expect(entered.at(-1)?.state).toBe('ForAllAccounts: get page again');
    });
  });
});

test.each([
  ['JSONPath', QueryLanguage.JSON_PATH],
  ['JSONata', QueryLanguage.JSONATA],
])('in %s it asks for what its input says, and gives the count', async (_, language) => {
  const { definition } = userApp((scope, taskFunction) => {
    const props = { taskFunction, forEachPage: new Pass(scope, 'Seen') };
    return language === QueryLanguage.JSONATA
      ? AllAccounts.jsonata(scope, 'ForAllAccounts', props)
      : new AllAccounts(scope, 'ForAllAccounts', props);
  }, language);

  const { execution, payloads } = await runOver(PAGES, definition, { sort: '-modified' });

  expect(aslErrors(definition)).toEqual([]);
  expect(payloads[2]).toEqual({ sort: '-modified', cursor: 'cursor-2', contentHash: true });
  expect(execution).toEqual({
    status: 'SUCCEEDED',
    output: { count: 5, pages: 3, contentHash: 'content-1' },
  });
});

test('may stand twice in one state machine, each with states of its own name', () => {
  const { definition } = userApp((scope, taskFunction) => {
    const walk = (id: string) =>
      new AllAccounts(scope, id, { taskFunction, forEachPage: new Pass(scope, `${id} seen`) });
    return walk('First').next(walk('Second'));
  });

  expect(aslErrors(definition)).toEqual([]);
  expect(definition).toContain('"First: get page"');
  expect(definition).toContain('"Second: get page"');
});
