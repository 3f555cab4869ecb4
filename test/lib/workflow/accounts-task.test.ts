import { Duration } from 'aws-cdk-lib';
import { Fail, TaskInput, Timeout } from 'aws-cdk-lib/aws-stepfunctions';
import { describe, expect, test } from 'vitest';
import { AccountsTask } from '../../../lib/workflow/accounts-task.ts';
import { aslErrors } from '../../support/asl.ts';
import { PAGES, runOver } from '../../support/fake-task.ts';
import { TASK_ARN, userApp } from '../../support/user-app.ts';

const timeLimitOf = (definition: string) =>
  (JSON.parse(definition) as { States: { GetAccounts: { TimeoutSeconds: number } } }).States
    .GetAccounts.TimeoutSeconds;

describe('a task that asks for accounts', () => {
  const plain = userApp(
    (scope, taskFunction) => new AccountsTask(scope, 'GetAccounts', { taskFunction }),
  );

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

  test("takes the author's payload, selector, time limit and catchers", async () => {
    const { definition } = userApp((scope, taskFunction) =>
      new AccountsTask(scope, 'GetAccounts', {
        taskFunction,
        payload: TaskInput.fromObject({ filter: { active: true } }),
        resultSelector: { 'ids.$': '$.Payload.account[*].id' },
        taskTimeout: Timeout.duration(Duration.seconds(30)),
      }).addCatch(new Fail(scope, 'Refused', { error: 'Refused' }), { errors: ['InvalidRequest'] }),
    );

    const { execution, payloads } = await runOver(PAGES, definition);
    const refused = await runOver([{ error: 'InvalidRequest' }], definition);

    expect(aslErrors(definition)).toEqual([]);
    expect(timeLimitOf(definition)).toBe(30);
    expect(payloads).toEqual([{ filter: { active: true } }]);
    expect(execution).toEqual({ status: 'SUCCEEDED', output: { ids: ['a1', 'a2'] } });
    expect(refused.execution).toMatchObject({ status: 'FAILED', error: 'Refused' });
  });

  test('may invoke that one function and nothing else', () => {
    expect(plain.statements).toEqual([
      { Action: 'lambda:InvokeFunction', Effect: 'Allow', Resource: TASK_ARN },
    ]);
  });
});
