import { CfnResource, TagManager } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { createExecutionPolicy, RIGHTS_BY_TYPE } from '../../lib/docs/execution-policy.ts';
import { GatewayApp } from '../../lib/gateway-app.ts';
import { parseStageConfig } from '../../lib/stage/stage-config.ts';
import { appOf, FULL_STAGE, PLAIN_STAGE, propertiesById, synthesised } from '../support/stage.ts';
import { STAGES } from '../support/stages.ts';
import type { CfnTemplate } from '../support/template-order.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const { vpc } = FULL_STAGE.functions;
const full = synthesised(FULL_STAGE);

describe('functions.vpc', () => {
  it('holds for every function, and for none without it', () => {
    for (const [config, expected] of [
      [FULL_STAGE, { SubnetIds: vpc.subnetIds, SecurityGroupIds: vpc.securityGroupIds }],
      [PLAIN_STAGE, undefined],
    ] as const) {
      const functions = synthesised(config).assembly.stacks.flatMap(({ template }) =>
        Object.values((template as CfnTemplate).Resources).filter(({ Type }) =>
          Type.startsWith('AWS::Lambda::Function'),
        ),
      );
      expect(functions.length).toBeGreaterThanOrEqual(3);
      for (const { Properties } of functions) expect(Properties?.['VpcConfig']).toEqual(expected);
    }
  });

  it("lets Lambda make network interfaces, and not the functions' own code", () => {
    const roles = Object.entries(propertiesById(full.accounts, 'AWS::IAM::Policy'));
    const grants = roles.filter(([id]) => /^\w+Function/.test(id));

    expect(grants).toHaveLength(4);
    for (const [, { PolicyDocument }] of grants) {
      const { Statement } = PolicyDocument as { Statement: readonly object[] };
      const text = Statement.map((one) => JSON.stringify(one)).filter((one) => /"ec2:/.test(one));
      expect(text).toHaveLength(2);
      expect(text[0]).toMatch(/ec2:CreateNetworkInterface.*"Effect":"Allow"/);
      expect(text[1]).toMatch(/SourceFunctionArn":"false".*"Effect":"Deny"/);
    }
    expect(JSON.stringify(synthesised(PLAIN_STAGE).accounts.toJSON())).not.toContain('"ec2:');
  });
});

describe('aws.tags', () => {
  const app = appOf(FULL_STAGE);
  app.synth();
  const taggable = app.node
    .findAll()
    .filter((one) => one instanceof CfnResource)
    .filter((one) => TagManager.isTaggable(one));

  it('stand on every resource that takes tags, beside application and stage', () => {
    const wanted = { application: 'egain-accounts', stage: 'test', 'cost-centre': '4711' };

    expect(taggable.length).toBeGreaterThan(30);
    for (const resource of taggable) {
      const tags = TagManager.of(resource)?.tagValues();
      expect({ path: resource.node.path, tags }).toEqual({
        path: resource.node.path,
        tags: wanted,
      });
    }
    for (const { tags } of full.assembly.stacks) expect(tags).toEqual(wanted);
  });
});

describe("the CDK's permissions boundary", () => {
  it('stands on every role', () => {
    const app = new GatewayApp(parseStageConfig(FULL_STAGE), 'test', {
      outdir: temporaryFolder(),
      context: {
        'aws:cdk:bundling-stacks': [],
        '@aws-cdk/core:permissionsBoundary': { name: 'developer' },
      },
    });
    const templates = app.synth().stacks.map(({ template }) => template as CfnTemplate);
    const roles = templates.flatMap(({ Resources }) =>
      Object.values(Resources).filter(({ Type }) => Type === 'AWS::IAM::Role'),
    );

    expect(roles.length).toBeGreaterThanOrEqual(6);
    for (const { Properties = {} } of roles) {
      expect(JSON.stringify(Properties['PermissionsBoundary'])).toContain(
        'arn:aws:iam::123456789012:policy/developer',
      );
    }
  });
});

describe("the policy for the CDK's execution role", () => {
  const types = new Set(
    Object.values(STAGES).flatMap((config) =>
      synthesised(config).assembly.stacks.flatMap(({ template }) =>
        Object.values((template as CfnTemplate).Resources).map(({ Type }) => Type),
      ),
    ),
  );

  it('has rights for every type of resource that a stage has, and for no other', () => {
    expect(Object.keys(RIGHTS_BY_TYPE).toSorted()).toEqual([...types].toSorted());
  });

  it('is no larger than IAM takes, and grants no service as a whole', () => {
    const policy = createExecutionPolicy();
    const actions = policy.Statement.flatMap(({ Action }) => Action);

    expect(JSON.stringify(policy).length).toBeLessThanOrEqual(6144);
    expect(actions.filter((action) => /^\*|:\*/.test(action))).toEqual([]);
    expect(
      actions.filter((action) => !/^[a-z0-9-]+:[A-Z][A-Za-z]+\*?[A-Za-z]*$/.test(action)),
    ).toEqual([]);
  });
});
