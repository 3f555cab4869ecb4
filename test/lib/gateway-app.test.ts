import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it, vi } from 'vitest';
import { GatewayApp } from '../../lib/gateway-app.ts';
import { parseStageConfig } from '../../lib/stage/stage-config.ts';
import { appOf, FULL_STAGE, LEAST } from '../support/stage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The names of the stacks that a deploy protects from being deleted. */
function protectedStacksOf(stageConfig: object): string[] {
  return appOf(stageConfig)
    .synth()
    .stacks.filter((stack) => stack.terminationProtection === true)
    .map(({ stackName }) => stackName);
}

describe('the app', () => {
  it.each([
    ['with nothing but what is required', LEAST],
    ['with every option', FULL_STAGE],
  ])('passes all rules of cdk-nag and CloudFormation %s', (_, stageConfig) => {
    const { directory } = appOf(stageConfig).synth();

    const report = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')) as {
      pluginReports: unknown[];
    };
    expect(report.pluginReports).toEqual([]);
  });

  it('stops when a rule is broken', () => {
    const app = appOf(LEAST);
    app.accounts.apiFunction.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['s3:*'], resources: ['*'] }),
    );

    expect(() => app.synth()).toThrow('AwsSolutions-IAM5[Action::s3:*]');
  });
});

describe('a cloud assembly', () => {
  it('protects the stack with secret and pool where what it holds is to be kept', () => {
    expect(protectedStacksOf(LEAST)).toEqual(['egain-accounts-test-credentials']);
    expect(protectedStacksOf({ ...LEAST, removalPolicy: 'destroy' })).toEqual([]);
  });

  it('goes to the account and region that the stage config names, with every stack', () => {
    const { account, region } = FULL_STAGE.aws;

    expect(
      appOf(FULL_STAGE)
        .synth()
        .stacks.map(({ environment }) => environment),
    ).toEqual(Array.from({ length: 3 }, () => expect.objectContaining({ account, region })));
  });

  it("goes where the CDK's command line wants it", () => {
    const folder = temporaryFolder();
    vi.stubEnv('CDK_OUTDIR', folder);

    const app = new GatewayApp(parseStageConfig(LEAST), 'test');
    vi.unstubAllEnvs();

    expect(app.outdir).toBe(folder);
  });
});
