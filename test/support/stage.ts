import { Template } from 'aws-cdk-lib/assertions';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { GatewayApp } from '../../lib/gateway-app.ts';
import { parseStageConfig } from '../../lib/stage/stage-config.ts';
import { stackName } from '../../lib/stage/stage-name.ts';
import { temporaryFolder } from './temporary-folder.ts';

export type Json = Record<string, unknown>;

/** The least that a stage config needs. */
export const LEAST = {
  egain: {
    apiUrl: 'https://api.egain.cloud/conversation/conversationmgr/v3',
    tokenUrl: 'https://login.example.com/oauth2/v2.0/token',
    scope: 'https://api.egain.cloud/auth/.default',
  },
};

/** A stage with Cognito and two partners; whatever else is left at its default. */
export const PLAIN_STAGE = {
  ...LEAST,
  partners: {
    acme: { scopes: ['accounts/read', 'accounts/read.address'] },
    'second-one': {
      scopes: ['accounts/read'],
      accounts: { channel: ['chat'] },
      throttle: { rate: 2.5, burst: 5 },
      quota: { limit: 1000, period: 'WEEK' },
    },
  },
};

export const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:egain-AbCdEf';
export const KEY_ARN =
  'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';

/** A stage with every option, and with the deployer's own issuer and secret. */
export const FULL_STAGE = {
  ...LEAST,
  egain: { ...LEAST.egain, clientAuthentication: 'basic', callsPerMinute: 120 },
  credentials: { secretArn: SECRET_ARN, keyArn: KEY_ARN },
  auth: {
    issuer: 'https://issuer.example.com',
    audience: 'egain-accounts',
    jwksUri: 'https://issuer.example.com/keys',
    clientClaim: 'appid',
  },
  partners: { acme: { clientId: 'acme-client', scopes: ['accounts/read'] } },
  cache: { freshSeconds: 30, staleSeconds: 300, refreshSeconds: 60 },
  events: { accountsChanged: true },
  api: {
    domain: {
      name: 'accounts.example.com',
      certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/1234-abcd',
      mutualTls: { truststoreUri: 's3://truststores/partners/ca.pem', truststoreVersion: '7' },
    },
    firewall: { requestsPerIp: 2000 },
    contactUrl: 'https://help.example.com/accounts',
    corsOrigins: ['https://app.example.com'],
    throttle: { rate: 50, burst: 80 },
  },
  functions: {
    logLevel: 'DEBUG',
    logRetentionDays: 30,
    concurrency: {
      api: { reserved: 20, provisioned: 2 },
      task: { reserved: 5 },
      authorizer: { reserved: 20, provisioned: 1 },
    },
    vpc: {
      subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
      securityGroupIds: ['sg-0123456789abcdef0'],
    },
  },
  alarms: { email: 'ops@example.com', runbookUrl: 'https://wiki.example.com/runbook' },
  aws: { account: '123456789012', region: 'eu-west-1', tags: { 'cost-centre': '4711' } },
  removalPolicy: 'destroy',
};

/** The app of a stage, not bundled, in a folder that goes when the tests end. */
export function appOf(stageConfig: object, stage = 'test'): GatewayApp {
  return new GatewayApp(parseStageConfig(stageConfig), stage, {
    outdir: temporaryFolder(),
    context: { 'aws:cdk:bundling-stacks': [] },
  });
}

/** What a stage is synthesised to: its cloud assembly, and the template of each of its stacks. */
export interface Synthesised {
  readonly assembly: CloudAssembly;
  /** Fails where the stage has no such stack. */
  readonly credentials: Template;
  readonly accounts: Template;
  readonly workflow: Template;
  readonly observability: Template;
}

const synthesisedByConfig = new Map<string, Synthesised>();

/** Synthesises a stage called `test`, once for all test files that run in this process. */
export function synthesised(stageConfig: object): Synthesised {
  const key = JSON.stringify(stageConfig);
  const known = synthesisedByConfig.get(key);
  if (known !== undefined) return known;
  const assembly = appOf(stageConfig).synth();
  const templateOf = (kind?: 'credentials' | 'workflow' | 'observability') =>
    Template.fromJSON(assembly.getStackByName(stackName('test', kind)).template as Json);
  const made: Synthesised = {
    assembly,
    get credentials() {
      return templateOf('credentials');
    },
    accounts: templateOf(),
    workflow: templateOf('workflow'),
    observability: templateOf('observability'),
  };
  synthesisedByConfig.set(key, made);
  return made;
}

/** The properties of each resource of a type, by logical id. */
export function propertiesById<Properties = Json>(
  template: Template,
  type: string,
): Record<string, Properties> {
  const resources = Object.entries(template.findResources(type));
  return Object.fromEntries(
    resources.map(([id, resource]) => [id, resource['Properties'] as Properties]),
  );
}

/** The properties of a template's only resource of a type. */
export function propertiesOfOnly(template: Template, type: string): Json {
  const [properties, ...others] = Object.values(propertiesById(template, type));
  if (properties === undefined || others.length > 0) throw new Error(`not one ${type}`);
  return properties;
}

/** The properties of the resource whose logical id is the construct's id and a hash. */
export function propertiesOf(template: Template, type: string, id: string): Json {
  const form = new RegExp(`^${id}[0-9A-F]{8}$`);
  const found = Object.entries(propertiesById(template, type)).find(([name]) => form.test(name));
  if (found === undefined) throw new Error(`no ${type} ${id}`);
  return found[1];
}
