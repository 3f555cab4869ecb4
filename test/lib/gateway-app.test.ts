import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { GatewayApp } from '../../lib/gateway-app.ts';
import { parseStageConfig } from '../../lib/stage/stage-config.ts';
import { appOf, FULL_STAGE, LEAST, PLAIN_STAGE, synthesised } from '../support/stage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const plain = synthesised(PLAIN_STAGE).assembly;
const full = synthesised(FULL_STAGE).assembly;

/** The names of the stacks that a deploy protects from being deleted. */
const protectedStacksOf = ({ stacks }: CloudAssembly) =>
  stacks.flatMap(({ stackName, terminationProtection }) =>
    terminationProtection ? stackName : [],
  );

describe('the app', () => {
  it.each([
    ['without options', plain],
    ['with every option', full],
  ])('passes all rules of cdk-nag and CloudFormation %s', (_, { directory }) => {
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

  it("goes where the CDK's command line wants it", () => {
    const folder = temporaryFolder();
    vi.stubEnv('CDK_OUTDIR', folder);
    onTestFinished(() => void vi.unstubAllEnvs());

    expect(new GatewayApp(parseStageConfig(LEAST), 'test').outdir).toBe(folder);
  });
});

describe('a cloud assembly', () => {
  it('protects the stack with secret and pool where its state is to be kept', () => {
    const throwAway = synthesised({ ...PLAIN_STAGE, removalPolicy: 'destroy' }).assembly;

    expect(protectedStacksOf(plain)).toEqual(['egain-accounts-test-credentials']);
    expect(protectedStacksOf(throwAway)).toEqual([]);
  });

  it('goes to the account and region that the stage config names, with every stack', () => {
    const { account, region } = FULL_STAGE.aws;

    expect(full.stacks.map(({ environment }) => environment)).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ account, region })),
    );
  });

  it('says of every stack which stage it belongs to, and what is in it', () => {
    for (const { tags, template } of [...full.stacks, ...plain.stacks]) {
      expect(tags).toMatchObject({ application: 'egain-accounts', stage: 'test' });
      expect(template).toMatchObject({ Description: expect.stringMatching(/^eGain accounts: \w/) });
      // Nothing is reported to AWS about the CDK itself.
      expect(JSON.stringify(template)).not.toContain('CDKMetadata');
    }
  });

  it.each([
    ['logs of the functions and the API', 'accounts', 'AWS::Logs::LogGroup'],
    ['logs of the export', 'workflow', 'AWS::Logs::LogGroup'],
    ["the alarms' key", 'observability', 'AWS::KMS::Key'],
  ] as const)(
    'keeps %s with their stack gone, but not after a failed first deploy',
    (_, stack, type) => {
      const found = Object.values(synthesised(PLAIN_STAGE)[stack].findResources(type));

      expect(found.length).toBeGreaterThan(0);
      for (const { DeletionPolicy } of found) expect(DeletionPolicy).toBe('RetainExceptOnCreate');
    },
  );
});
