import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import { DefinitionBody, Pass, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { expect, test } from 'vitest';
import { AccountsChangedRule } from '../../../lib/workflow/accounts-changed-rule.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test("a rule of an author's matches the events of one stage, and starts what it is given", () => {
  const stack = new Stack(new App({ outdir: temporaryFolder() }), 'user');
  const mirror = new StateMachine(stack, 'Mirror', {
    definitionBody: DefinitionBody.fromChainable(new Pass(stack, 'Look')),
  });

  new AccountsChangedRule(stack, 'AccountsChanged', {
    stage: 'prod',
    description: 'Mirrors the accounts',
    targets: [new SfnStateMachine(mirror)],
  });

  const [rule] = Object.values(Template.fromStack(stack).findResources('AWS::Events::Rule'));
  expect(rule?.['Properties']).toMatchObject({
    Description: 'Mirrors the accounts',
    EventPattern: { source: ['egain-accounts.prod'], 'detail-type': ['Accounts Changed'] },
    State: 'ENABLED',
    Targets: [{ Arn: { Ref: expect.stringMatching(/^Mirror/) } }],
  });
});
