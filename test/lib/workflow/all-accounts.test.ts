import { JsonPath, Pass } from 'aws-cdk-lib/aws-stepfunctions';
import { CallAwsService } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { beforeAll, describe, expect, test } from 'vitest';
import { AllAccounts } from '../../../lib/workflow/all-accounts.ts';
import { aslErrors } from '../../support/asl.ts';
import { type Answer, PAGES, runOver } from '../../support/fake-task.ts';
import { type UserApp, userApp } from '../../support/user-app.ts';

const [first, second, third] = PAGES as [Answer, Answer, Answer];
const expired: Answer = { error: 'SnapshotExpired' };

/** Notes each page under its walk and number, and goes on with the caller's own data. */
let app: UserApp;

beforeAll(() => {
  app = userApp((scope, taskFunction) => {
    const note = new CallAwsService(scope, 'NotePage', {
      service: 's3',
      action: 'putObject',
      parameters: {
        Bucket: 'notes',
        Key: JsonPath.format(
          '{}/{}',
          JsonPath.stringAt('$.contentHash'),
          JsonPath.stringAt('$.paginationInfo.pagenum'),
        ),
        Body: JsonPath.objectAt('$.account'),
      },
      iamResources: ['*'],
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
});

const run = (answers: readonly Answer[]) => runOver(answers, app.definition, { order: 'o-1' });

describe("all accounts in a workflow author's own state machine", () => {
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

  test('asks for what its input says, and gives the count, without further options', async () => {
    const { definition } = userApp(
      (scope, taskFunction) =>
        new AllAccounts(scope, 'ForAllAccounts', {
          taskFunction,
          forEachPage: new Pass(scope, 'Seen'),
        }),
    );

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
});
