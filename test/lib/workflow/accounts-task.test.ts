import { Duration } from 'aws-cdk-lib';
import { Fail, QueryLanguage, TaskInput, Timeout } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { beforeAll, describe, expect, test } from 'vitest';
import { AccountsTask } from '../../../lib/workflow/accounts-task.ts';
import { aslErrors } from '../../support/asl.ts';
import { PAGES, runOver } from '../../support/fake-task.ts';
import { TASK_ARN, type UserApp, userApp } from '../../support/user-app.ts';

interface TaskState {
  readonly TimeoutSeconds: number;
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[] }[];
}
const stateOf = (definition: string) =>
  (JSON.parse(definition) as { States: { GetAccounts: TaskState } }).States.GetAccounts;
const timeLimitOf = (definition: string) => stateOf(definition).TimeoutSeconds;

type Define = Parameters<typeof userApp>[0];
const { JSONATA } = QueryLanguage;
const AUTHORS = { taskTimeout: Timeout.duration(Duration.seconds(30)) };
const refused = (scope: Construct) => new Fail(scope, 'Refused', { error: 'Refused' });
const REFUSAL = { errors: ['InvalidRequest'] };
const payload = TaskInput.fromObject({ filter: { active: true } });

describe.each<[string, QueryLanguage | undefined, plain: Define, authors: Define]>([
  [
    'JSONPath',
    undefined,
    (scope, taskFunction) => new AccountsTask(scope, 'GetAccounts', { taskFunction }),
    (scope, taskFunction) =>
      new AccountsTask(scope, 'GetAccounts', {
        ...AUTHORS,
        taskFunction,
        payload,
        resultSelector: { 'ids.$': '$.Payload.account[*].id' },
      }).addCatch(refused(scope), REFUSAL),
  ],
  [
    'JSONata',
    JSONATA,
    (scope, taskFunction) => AccountsTask.jsonata(scope, 'GetAccounts', { taskFunction }),
    (scope, taskFunction) =>
      AccountsTask.jsonata(scope, 'GetAccounts', {
        ...AUTHORS,
        taskFunction,
        payload,
        outputs: { ids: '{% $states.result.Payload.account.id %}' },
      }).addCatch(refused(scope), REFUSAL),
  ],
])('a task that asks for accounts in %s', (_name, language, definePlain, defineAuthors) => {
  let plain: UserApp;
  beforeAll(() => {
    plain = userApp(definePlain, language);
  });

  test("sends the state's input for up to 70 seconds, and gives the page, bare", async () => {
    const input = { fields: ['id'], pagesize: 2 };

    const { execution, payloads } = await runOver(PAGES, plain.definition, input);

    expect(aslErrors(plain.definition)).toEqual([]);
    expect(timeLimitOf(plain.definition)).toBe(70);
    expect(payloads).toEqual([input]);
    expect(execution).toEqual({
      status: 'SUCCEEDED',
      output: {
        paginationInfo: { count: 5, pagenum: 1, pagesize: 2 },
        account: [{ id: 'a1' }, { id: 'a2' }],
        cursor: 'cursor-1',
      },
    });
  });

  test("takes the author's payload, result, time limit and catchers", async () => {
    const { definition } = userApp(defineAuthors, language);

    const { execution, payloads } = await runOver(PAGES, definition);
    const failing = await runOver([{ error: 'InvalidRequest' }], definition);

    expect(aslErrors(definition)).toEqual([]);
    expect(timeLimitOf(definition)).toBe(30);
    expect(payloads).toEqual([{ filter: { active: true } }]);
    expect(execution).toEqual({ status: 'SUCCEEDED', output: { ids: ['a1', 'a2'] } });
    expect(failing.execution).toMatchObject({ status: 'FAILED', error: 'Refused' });
  });

  test('retries as the other language does', () => {
    const { definition } = userApp(
      (scope, taskFunction) => new AccountsTask(scope, 'GetAccounts', { taskFunction }),
    );

    const [other, own] = [definition, plain.definition].map((text) => stateOf(text).Retry);
    expect(own).toEqual(other);
    expect(own?.flatMap(({ ErrorEquals }) => ErrorEquals)).toContain('UpstreamThrottled');
  });

  test('may invoke that one function and nothing else', () => {
    expect(plain.statements).toEqual([
      { Action: 'lambda:InvokeFunction', Effect: 'Allow', Resource: TASK_ARN },
    ]);
  });
});
