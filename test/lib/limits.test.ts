import { describe, expect, it } from 'vitest';
import {
  appOf,
  FULL_STAGE,
  LEAST,
  PLAIN_STAGE,
  SECRET_ARN,
  synthesised,
} from '../support/stage.ts';
import { STAGES } from '../support/stages.ts';
import { type CfnTemplate, textsIn } from '../support/template-order.ts';

const origins = (count: number) =>
  Array.from({ length: count }, (_, n) => `https://customer-portal-${n}.shop.example.com`);
const url = (length: number) => 'https://help.example.com/'.padEnd(length, 'x');
const domainOf = (truststoreUri: string) => ({
  api: { domain: { ...FULL_STAGE.api.domain, mutualTls: { truststoreUri } } },
});

/** What a synth says of a stage called `test`; an empty text where it says nothing. */
function refusalOf(config: object): string {
  try {
    appOf({ ...LEAST, ...config });
    return '';
  } catch (error) {
    return String(error);
  }
}

describe('what AWS would refuse in the middle of a deploy', () => {
  it.each<[path: string, value: RegExp, limit: RegExp, config: object]>([
    [
      'api.corsOrigins',
      /a list of 90/,
      /ApiFunction .* 4096/,
      { api: { corsOrigins: origins(90) } },
    ],
    ['api.contactUrl', /".*…"/, /ApiFunction .* 4096/, { api: { contactUrl: url(3900) } }],
    [
      'egain.tokenUrl',
      /".*…"/,
      /ApiFunction .* 4096/,
      { egain: { ...LEAST.egain, tokenUrl: url(3900) } },
    ],
    [
      'auth.jwksUri',
      /".*…"/,
      /AuthorizerFunction .* 4096/,
      { auth: { ...FULL_STAGE.auth, jwksUri: url(4000) } },
    ],
    [
      'alarms.runbookUrl',
      /".*…"/,
      /at most 8\d\d characters, not 1100: .* 1024/,
      { alarms: { runbookUrl: url(1100) } },
    ],
  ])('%s is refused at synth, in one line with value and limit', (path, value, limit, config) => {
    const [head, line = '', ...more] = refusalOf(config).split('\n');

    expect(head).toBe('StageConfigError: config/test.json has 1 thing to correct:');
    expect(line.startsWith(`  ${path} is `)).toBe(true);
    expect(line).toMatch(value);
    expect(line).toMatch(limit);
    expect(more).toEqual([]);
  });

  it.each<[path: string, config: object]>([
    [
      'credentials.secretArn',
      {
        credentials: {
          secretArn: SECRET_ARN.replace('egain-AbCdEf', 'x'.repeat(520)),
        },
      },
    ],
    ['api.domain.mutualTls.truststoreUri', domainOf(`s3://bucket/${'x'.repeat(1025)}`)],
  ])('%s is too long', (path, config) => {
    expect(refusalOf(config)).toContain(path);
  });

  it.each<[what: string, config: object]>([
    ['the longest URL of a runbook', { alarms: { runbookUrl: url(800) } }],
    ['as many origins as the environment has room for', { api: { corsOrigins: origins(60) } }],
  ])('%s is taken', (_, config) => {
    expect(refusalOf(config)).toBe('');
  });
});

interface Limit {
  /** The type's, or of any type. */
  readonly type: RegExp;
  readonly property: RegExp;
  readonly most: number;
}

/**
 * What AWS allows, in characters.
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
 */
const LIMITS: readonly Limit[] = [
  { type: /Lambda::Function$/, property: /^Description$/, most: 256 },
  { type: /IAM::Role$/, property: /^Description$/, most: 1000 },
  { type: /IAM::Policy$/, property: /^PolicyDocument$/, most: 10_240 },
  { type: /CloudWatch::Alarm$/, property: /^AlarmDescription$/, most: 1024 },
  { type: /CloudWatch::Alarm$/, property: /^AlarmName$/, most: 255 },
  { type: /CloudWatch::Dashboard$/, property: /^DashboardName$/, most: 255 },
  { type: /Logs::LogGroup$/, property: /^LogGroupName$/, most: 512 },
  { type: /Logs::QueryDefinition$/, property: /^Name$/, most: 255 },
  { type: /SSM::Parameter$/, property: /^Value$/, most: 4096 },
  { type: /Cognito::UserPoolDomain$/, property: /^Domain$/, most: 63 },
  { type: /Cognito::UserPoolClient$/, property: /^ClientName$/, most: 128 },
  { type: /ApiGateway::UsagePlan$/, property: /Name$/, most: 255 },
  { type: /ApiGateway::GatewayResponse$/, property: /^ResponseTemplates$/, most: 300_000 },
  { type: /ApiGateway::Method$/, property: /^Integration$/, most: 300_000 },
  { type: /ApiGateway::ApiKey$/, property: /^Value$/, most: 128 },
  { type: /StepFunctions::StateMachine$/, property: /^DefinitionString$/, most: 1_000_000 },
];

/** The longest that CloudFormation may fill in for a reference. */
const FILLED = 'x'.repeat(12);

function overLimit({ Resources }: CfnTemplate): string[] {
  return Object.entries(Resources).flatMap(([id, { Type, Properties = {} }]) =>
    Object.entries(Properties).flatMap(([property, value]) => {
      const limit = LIMITS.find((one) => one.type.test(Type) && one.property.test(property));
      const text = textsIn(value)
        .join('')
        .replaceAll(/\$\{[^}]*\}/g, FILLED);
      return limit === undefined || text.length <= limit.most ? [] : [`${id} ${property}`];
    }),
  );
}

describe('a stage with the longest names and values that are taken', () => {
  const stage = 's'.repeat(35);
  const partner = 'p'.repeat(40);
  const { stacks } = appOf(
    {
      ...PLAIN_STAGE,
      partners: { [partner]: { scopes: ['accounts/read'] } },
      cache: FULL_STAGE.cache,
      api: { corsOrigins: origins(60) },
      alarms: { runbookUrl: url(800) },
    },
    stage,
  ).synth();

  it.each(stacks.map((stack) => [stack.stackName, stack.template as CfnTemplate] as const))(
    '%s keeps within what AWS allows',
    (name, template) => {
      expect(overLimit(template)).toEqual([]);
      expect(name.length).toBeLessThanOrEqual(128);
      expect(JSON.stringify(template).length).toBeLessThan(1_000_000);
    },
  );
});

describe('every stage', () => {
  it.each(Object.entries(STAGES))(
    'with %s has at most 200 outputs of 1024 characters',
    (_, config) => {
      for (const { template } of synthesised(config).assembly.stacks) {
        const outputs = Object.values((template as { Outputs?: object }).Outputs ?? {});

        expect(outputs.length).toBeLessThanOrEqual(200);
        for (const output of outputs) expect(textsIn(output).join('').length).toBeLessThan(1024);
      }
    },
  );
});
