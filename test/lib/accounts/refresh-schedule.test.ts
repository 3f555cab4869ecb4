import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import { RefreshSchedule } from '../../../lib/accounts/refresh-schedule.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:refresh';

function scheduleOf(refreshSeconds: number): Template {
  const stack = new Stack(new App({ outdir: temporaryFolder() }), 'Stack');
  const handler = LambdaFunction.fromFunctionArn(stack, 'Handler', ARN);
  new RefreshSchedule(stack, 'Schedule', { handler, refreshSeconds });
  return Template.fromStack(stack);
}

describe('the schedule', () => {
  it.each([
    [60, 'rate(1 minute)'],
    [90, 'rate(1 minute)'],
    [119, 'rate(1 minute)'],
    [120, 'rate(2 minutes)'],
    [600, 'rate(10 minutes)'],
    [86_400, 'rate(1440 minutes)'],
  ])('renews in time for %i s: %s', (seconds, expression) => {
    scheduleOf(seconds).hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: expression,
      FlexibleTimeWindow: { Mode: 'OFF' },
    });
  });

  it('calls once, and makes up for no call that failed', () => {
    scheduleOf(60).hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: {
        Arn: ARN,
        RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
      },
    });
  });

  it('calls as a role that the scheduler alone takes on', () => {
    const template = scheduleOf(60);
    const [role] = Object.entries(template.findResources('AWS::IAM::Role'));

    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: { RoleArn: { 'Fn::GetAtt': [role?.[0], 'Arn'] } },
    });
    expect(role?.[1]['Properties']).toMatchObject({
      AssumeRolePolicyDocument: {
        Statement: [{ Principal: { Service: 'scheduler.amazonaws.com' } }],
      },
    });
  });

  it('may call that function and nothing else', () => {
    const [policy] = Object.values(scheduleOf(60).findResources('AWS::IAM::Policy'));

    expect(policy?.['Properties']).toMatchObject({
      PolicyDocument: { Statement: [{ Action: 'lambda:InvokeFunction', Resource: ARN }] },
    });
  });
});
