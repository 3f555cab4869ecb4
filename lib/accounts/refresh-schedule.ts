import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { acknowledge } from '../common/acknowledge.ts';

export interface RefreshScheduleProps {
  /** What renews the snapshot. It decides for itself whether one is due. */
  readonly handler: IFunction;
  /** How often the snapshot is to be renewed, in seconds: 60 and more. */
  readonly refreshSeconds: number;
}

/**
 * Calls RefreshFunction by EventBridge Scheduler, whose smallest unit is a minute: as often as
 * whole minutes allow without being too late.
 */
export class RefreshSchedule extends Construct {
  constructor(scope: Construct, id: string, props: RefreshScheduleProps) {
    super(scope, id);
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com'),
      description: 'Lets the schedule call RefreshFunction',
    });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [props.handler.functionArn],
      }),
    );
    acknowledge(role, {
      'NIST.800.53.R5-IAMNoInlinePolicy':
        'The policy is for this one role and goes with it; nothing else could share it.',
    });
    const minutes = Math.floor(
      Duration.seconds(props.refreshSeconds).toMinutes({ integral: false }),
    );
    new CfnSchedule(this, 'Schedule', {
      description: "Renews the snapshot of eGain's accounts",
      scheduleExpression: `rate(${minutes} ${minutes === 1 ? 'minute' : 'minutes'})`,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: props.handler.functionArn,
        roleArn: role.roleArn,
        // The next call comes soon enough; a late one of the past would only come beside it.
        retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 0 },
      },
    });
  }
}
