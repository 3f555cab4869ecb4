import * as iam from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { acknowledge, INLINE_POLICY } from '../common/acknowledge.ts';

export interface RefreshScheduleProps {
  /** Renews the snapshot; decides for itself whether that is due. */
  readonly handler: IFunction;
  /** How often the snapshot is renewed, in seconds: 60 and more. */
  readonly refreshSeconds: number;
}

/**
 * Calls RefreshFunction by EventBridge Scheduler. Its smallest unit is a minute, so the period is
 * rounded down.
 */
export class RefreshSchedule extends Construct {
  constructor(scope: Construct, id: string, { handler, refreshSeconds }: RefreshScheduleProps) {
    super(scope, id);
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com'),
      description: 'Lets the schedule call RefreshFunction',
    });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [handler.functionArn],
      }),
    );
    acknowledge(role, INLINE_POLICY);
    const minutes = Math.floor(refreshSeconds / 60);
    new CfnSchedule(this, 'Schedule', {
      description: "Renews the snapshot of eGain's accounts",
      scheduleExpression: `rate(${minutes} ${minutes === 1 ? 'minute' : 'minutes'})`,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: handler.functionArn,
        roleArn: role.roleArn,
        // A late call would only come beside the next one.
        retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 0 },
      },
    });
  }
}
