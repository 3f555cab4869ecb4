import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, it } from 'vitest';
import { AccountsFunction } from '../../../lib/accounts/accounts-function.ts';
import { authorizerEnvironment } from '../../../lib/accounts/environment.ts';
import { parseStageConfig } from '../../../lib/stage/stage-config.ts';
import { FULL_STAGE, propertiesOfOnly } from '../../support/stage.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function templateOf(concurrency: { readonly reserved?: number; readonly provisioned?: number }) {
  const context = { 'aws:cdk:bundling-stacks': [] };
  const stack = new Stack(new App({ outdir: temporaryFolder(), context }), 'Stack');
  new AccountsFunction(stack, 'Authorizer', {
    ...concurrency,
    entry: 'authorizer',
    description: 'Decides',
    timeout: Duration.seconds(10),
    memorySize: 512,
    environment: {
      LOG_LEVEL: 'INFO',
      METRICS_NAMESPACE: 'Test',
      ...authorizerEnvironment(parseStageConfig(FULL_STAGE), {}),
    },
    logs: { retention: RetentionDays.ONE_WEEK, removalPolicy: RemovalPolicy.DESTROY },
  });
  return Template.fromStack(stack);
}

describe('a function', () => {
  const template = templateOf({});

  it('runs as a role that Lambda alone takes on, and that is told from others', () => {
    expect(propertiesOfOnly(template, 'AWS::IAM::Role')).toMatchObject({
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Action: 'sts:AssumeRole',
            Effect: 'Allow',
            Principal: { Service: 'lambda.amazonaws.com' },
          },
        ],
      },
      Description: 'What Authorizer may do',
    });
  });

  it("logs JSON, and of the platform's own lines what went wrong alone", () => {
    expect(propertiesOfOnly(template, 'AWS::Lambda::Function')).toMatchObject({
      LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN' },
    });
  });

  it('is described in the console', () => {
    expect(propertiesOfOnly(template, 'AWS::Lambda::Function')).toMatchObject({
      Description: 'Decides',
      MemorySize: 512,
      Timeout: 10,
    });
  });

  it('is invoked by an alias where containers are kept warm, and has its executions set aside', () => {
    const warm = templateOf({ reserved: 4, provisioned: 2 });

    expect(propertiesOfOnly(warm, 'AWS::Lambda::Alias')).toMatchObject({
      Name: 'live',
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 2 },
    });
    expect(propertiesOfOnly(warm, 'AWS::Lambda::Function')).toMatchObject({
      ReservedConcurrentExecutions: 4,
    });
  });
});
