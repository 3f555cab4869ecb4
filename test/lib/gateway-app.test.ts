import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { GatewayApp } from '../../lib/gateway-app.ts';
import { loadStageConfig, parseStageConfig } from '../../lib/stage/stage-config.ts';
import { appOf, FULL_STAGE, LEAST } from '../support/stage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A hash by path of every template and asset in a cloud assembly. */
function contentOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) =>
    file.isFile(),
  );
  return Object.fromEntries(
    files
      .map((file) => join(file.parentPath, file.name))
      .filter((path) => /\/asset\.|\.template\.json$/.test(path))
      .map((path) => {
        const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
        return [path.slice(folder.length), hash] as const;
      })
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

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

describe('what is synthesised', () => {
  const canary = 'canary-7f3a91';
  const [first, second] = [temporaryFolder(), temporaryFolder()];

  beforeAll(() => {
    const config = loadStageConfig('sandbox');
    new GatewayApp(config, 'sandbox', { outdir: first }).synth();
    vi.stubEnv('EGAIN_CLIENT_ID', canary);
    vi.stubEnv('EGAIN_CLIENT_SECRET', canary);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', canary);
    new GatewayApp(config, 'sandbox', { outdir: second }).synth();
    vi.unstubAllEnvs();
  });

  it('is the same each time, byte for byte, whatever the environment holds', () => {
    const content = contentOf(first);

    expect(contentOf(second)).toEqual(content);
    expect(Object.keys(content).filter((path) => path.endsWith('/index.mjs'))).toHaveLength(3);
  });

  it('holds no secret of the environment and no path of the machine', () => {
    for (const path of Object.keys(contentOf(second))) {
      const text = readFileSync(join(second, path), 'utf8');
      expect({ path, canary: text.includes(canary) }).toEqual({ path, canary: false });
      expect({ path, folder: text.includes(process.cwd()) }).toEqual({ path, folder: false });
    }
  });

  it('has the partners beside the authorizer, and the contract beside the API', () => {
    const files = Object.keys(contentOf(first));
    const tables = files.filter((path) => path.endsWith('/partners.json'));

    expect(tables).toHaveLength(1);
    expect(files.filter((path) => path.endsWith('/openapi.json'))).toHaveLength(1);
    expect(JSON.parse(readFileSync(join(first, tables[0] ?? ''), 'utf8'))).toMatchObject({
      acme: { clientId: 'acme-client', usageKey: expect.stringMatching(/^[0-9a-f]{40}$/) },
      'chat-desk': { accounts: { channel: ['45a095f4-d0ee-4220-a689-22b541c58f67'] } },
    });
  });
});
