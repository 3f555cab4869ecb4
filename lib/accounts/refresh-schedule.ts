import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { ACCOUNTS_CHANGED, eventSource } from '../../lambda/accounts-changed.ts';
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
    const stack = Stack.of(this);
    const group = stack.formatArn({
      service: 'scheduler',
      resource: 'schedule-group',
      resourceName: 'default',
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    const role = new iam.Role(this, 'Role', {
      // No schedule of another account may use the role. The scheduler names itself by its group.
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account, 'aws:SourceArn': group },
        },
      }),
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
    const schedule = new CfnSchedule(this, 'Schedule', {
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
    // Its first call needs the role's policy too, which the role's ARN does not wait for.
    schedule.node.addDependency(role);
  }
}

/** Lets RefreshFunction put the stage's own event on the account's default bus, and no other. */
export function grantAnnouncing(refresh: Construct & iam.IGrantable, stage: string): void {
  refresh.grantPrincipal.addToPrincipalPolicy(
    new iam.PolicyStatement({
      actions: ['events:PutEvents'],
      resources: [
        Stack.of(refresh).formatArn({
          service: 'events',
          resource: 'event-bus',
          resourceName: 'default',
        }),
      ],
      conditions: {
        StringEquals: {
          'events:source': eventSource(stage),
          'events:detail-type': ACCOUNTS_CHANGED,
        },
      },
    }),
  );
}
