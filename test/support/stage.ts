import type { Template } from 'aws-cdk-lib/assertions';
import { GatewayApp } from '../../lib/gateway-app.ts';
import { parseStageConfig } from '../../lib/stage/stage-config.ts';
import { temporaryFolder } from './temporary-folder.ts';

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

/** A stage with every option on, an issuer and a secret of the deployer's. */
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
  },
  alarms: { email: 'ops@example.com', runbookUrl: 'https://wiki.example.com/runbook' },
  aws: { account: '123456789012', region: 'eu-west-1' },
  removalPolicy: 'destroy',
};

/** The app of a stage, not bundled, in a folder that goes when the test file ends. */
export function appOf(stageConfig: object, stage = 'test'): GatewayApp {
  return new GatewayApp(parseStageConfig(stageConfig), stage, {
    outdir: temporaryFolder(),
    context: { 'aws:cdk:bundling-stacks': [] },
  });
}

/** The properties of a template's only resource of a type. */
export function propertiesOfOnly(template: Template, type: string): Record<string, unknown> {
  const [resource, ...others] = Object.values(template.findResources(type));
  if (resource === undefined || others.length > 0) throw new Error(`not one ${type}`);
  return resource['Properties'] as Record<string, unknown>;
}
