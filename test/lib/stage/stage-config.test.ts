import { describe, expect, it } from 'vitest';
import { parseStageConfig, StageConfigError } from '../../../lib/stage/stage-config.ts';
import { FULL_STAGE, KEY_ARN, LEAST, SECRET_ARN } from '../../support/stage.ts';

/** The lines of the message that refuses a stage config. */
function issuesOf(input: unknown): string[] {
  try {
    parseStageConfig(input, 'config/test.json');
    return [];
  } catch (error) {
    if (!(error instanceof StageConfigError)) throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
}

const ISSUER = { issuer: 'https://issuer.example.com', audience: 'accounts' };
const VPC = FULL_STAGE.functions.vpc;
const FAR = { region: 'eu-central-1' };
const FAR_SECRET = SECRET_ARN.replace('eu-west-1', FAR.region);
const { domain: DOMAIN } = FULL_STAGE.api;

const egain = (part: object) => ({ egain: { ...LEAST.egain, ...part } });
const own = (clientId?: string) => ({ clientId, scopes: ['accounts/read'] });
const partnersOf = (number: number, make: (name: string) => object) => {
  const names = Array.from({ length: number }, (_, index) => `partner-${index}`);
  return { partners: Object.fromEntries(names.map((name) => [name, make(name)])) };
};
/** A stage as JSON, with a key that in code would be the prototype's, or is inherited. */
const fromJson = (rest: string): unknown =>
  JSON.parse(`{"egain":${JSON.stringify(LEAST.egain)},${rest}}`);
const partnerNamed = (name: string) =>
  fromJson(`"partners":{"${name}":{"scopes":["accounts/read"]}}`);

/** `whole` with this value at a path; an index begins a list. */
function withValue(whole: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (/^\d$/.test(key)) return [withValue(undefined, rest, value)];
  const object = whole as Readonly<Record<string, unknown>> | undefined;
  return { ...object, [key]: withValue(object?.[key], rest, value) };
}

/** That text, or a text of that form. */
const like = (text: string | RegExp): unknown =>
  typeof text === 'string' ? text : expect.stringMatching(text);

describe('a stage config', () => {
  it('is filled up with defaults, within a throttle and a quota too', () => {
    const config = parseStageConfig({
      ...LEAST,
      partners: {
        acme: own(),
        other: { ...own(), throttle: { rate: 5 }, quota: { limit: 50 } },
      },
    });

    expect(config).toEqual({
      egain: { ...LEAST.egain, clientAuthentication: 'body' },
      credentials: {},
      auth: {},
      partners: {
        acme: {
          ...own(),
          throttle: { rate: 10, burst: 20 },
          quota: { limit: 100_000, period: 'DAY' },
        },
        other: {
          ...own(),
          throttle: { rate: 5, burst: 20 },
          quota: { limit: 50, period: 'DAY' },
        },
      },
      cache: { freshSeconds: 30, staleSeconds: 600 },
      events: { accountsChanged: false },
      api: { corsOrigins: [], throttle: { rate: 200, burst: 400 } },
      functions: {
        logLevel: 'INFO',
        logRetentionDays: 90,
        concurrency: { api: {}, task: {}, authorizer: {} },
      },
      alarms: {},
      aws: { tags: {} },
      removalPolicy: 'retain',
    });
  });

  it('is kept as it is where every key is given', () => {
    expect(parseStageConfig(FULL_STAGE)).toMatchObject(FULL_STAGE);
  });

  it.each<[what: string, part: object]>([
    ['http on 127.0.0.1', egain({ apiUrl: 'http://127.0.0.1:3001/v3' })],
    ['http on [::1]', egain({ apiUrl: 'http://[::1]:3001/v3' })],
    ['http on localhost', egain({ apiUrl: 'http://localhost:3001/v3' })],
    ['a token URL with a query', egain({ tokenUrl: 'https://example.com/page?tenant=1' })],
    ['stale answers that end with freshness', { cache: { freshSeconds: 600 } }],
    ['origins of this machine', { api: { corsOrigins: ['http://localhost:3000'] } }],
    [
      'as many warm containers as are reserved',
      { functions: { concurrency: { api: { reserved: 2, provisioned: 2 } } } },
    ],
    ['China with an issuer', { aws: { region: 'cn-north-1' }, auth: ISSUER }],
    [
      'a region of four parts, in another partition',
      {
        aws: { region: 'eusc-de-east-1' },
        credentials: {
          secretArn: 'arn:aws-eusc:secretsmanager:eusc-de-east-1:123456789012:secret:egain-AbCdEf',
          keyArn: 'arn:aws-eusc:kms:eusc-de-east-1:123456789012:key/1234-abcd',
        },
      },
    ],
    ['300 partners', { auth: ISSUER, ...partnersOf(300, (name) => own(`${name}-client`)) }],
  ])('may have %s', (_, part) => {
    expect(issuesOf({ ...LEAST, ...part })).toEqual([]);
  });

  it.each([
    'http://api.example.com/v3',
    'http://localhost.example.com/v3',
    'https://user@api.example.com/v3',
    'https://:password@api.example.com/v3',
    'https://api.example.com/v3#top',
    'https://api.example.com/v3?key=1',
    ' https://api.example.com/v3',
    '/v3',
  ])('refuses the URL %j', (apiUrl) => {
    expect(issuesOf({ ...LEAST, ...egain({ apiUrl }) })).toHaveLength(1);
  });

  it.each<[path: string, value: unknown, expected: string | RegExp, beside?: object]>([
    ['$schema', 7, 'the path of the JSON Schema'],
    ['egain.tokenUrl', 'ftp://x', /^an https URL .* or fragment$/],
    ['egain.apiUrl', undefined, /^an https URL .* or query$/],
    ['egain.clientAuthentication', 'post', '"body" or "basic"'],
    ['egain.callsPerMinute', 0, 'a whole number from 1 to 100000'],
    ['credentials.secretArn', `${SECRET_ARN}:json`, "a Secrets Manager secret's ARN"],
    [
      'credentials.secretArn',
      SECRET_ARN,
      'one of eu-central-1, where the stage is deployed; this one is of eu-west-1',
      { aws: FAR },
    ],
    [
      'credentials.keyArn',
      KEY_ARN,
      /^one of eu-central-1, .* of eu-west-1$/,
      { aws: FAR, credentials: { secretArn: FAR_SECRET } },
    ],
    [
      'credentials.keyArn',
      KEY_ARN.replace('key/', 'alias/'),
      "a KMS key's ARN, not an alias",
      { credentials: { secretArn: SECRET_ARN } },
    ],
    ['credentials.keyArn', KEY_ARN, /^no such key without credentials\.secretArn: .* own key$/],
    [
      'auth.audience',
      ' ',
      'the audience that tokens are issued for',
      { auth: ISSUER, partners: {} },
    ],
    [
      'auth.audience',
      undefined,
      'the audience, since auth.issuer is given',
      { auth: ISSUER, partners: {} },
    ],
    ['auth.audience', 'accounts', 'no such key without auth.issuer'],
    ['auth.jwksUri', 'https://issuer.example.com/keys', 'no such key without auth.issuer'],
    [
      'auth.issuer',
      undefined,
      /^your own OIDC issuer: .* China$/,
      { aws: { region: 'cn-north-1' } },
    ],
    ['auth.clientClaim', '', 'the name of a claim', { auth: ISSUER, partners: {} }],
    ['partners', [], 'an object of partners by name'],
    [
      'partners',
      partnersOf(301, () => own()).partners,
      /^at most 300 partners, not 301: .* or region$/,
    ],
    [
      'partners.acme.clientId',
      '',
      "the client id that the partner's tokens name",
      { auth: ISSUER },
    ],
    [
      'partners.acme.clientId',
      undefined,
      "the partner's client id, since auth.issuer is given",
      { auth: ISSUER },
    ],
    [
      'partners.third.clientId',
      'same',
      'an id of its own, not that of partners.acme',
      { auth: ISSUER, partners: { acme: own('same'), other: own('other'), third: own() } },
    ],
    ['partners.acme.scopes', ['accounts/read', 'accounts/read'], /none twice$/],
    [
      'partners.acme.accounts',
      {},
      /^at least one list; leave the key out to let .* every account$/,
    ],
    ['partners.acme.scopes', undefined, /^a list of one or more of accounts/],
    ['partners.acme.accounts', 'all', /^an object of lists: channel, .* attribute$/],
    ['partners.acme.accounts.attribute[0]', 'x', 'name:value, as text'],
    ['partners.acme.throttle.rate', 1_000_001, 'at most 1000000 requests a second'],
    ['partners.acme.quota.period', 'YEAR', '"DAY", "WEEK" or "MONTH"'],
    [
      'cache.staleSeconds',
      59,
      'at least 60, the value of cache.freshSeconds',
      { cache: { freshSeconds: 60 } },
    ],
    [
      'cache.staleSeconds',
      undefined,
      /^at least 900, .* \(the default is 600\)$/,
      { cache: { freshSeconds: 900 } },
    ],
    ['cache.refreshSeconds', 59, /^a whole number from 60/],
    ['cache.refreshSeconds', 541, /^at most 540: .* 600 s \(cache.staleSeconds\).* 60 s late$/],
    ['events.accountsChanged', 'yes', 'true or false', { cache: { refreshSeconds: 60 } }],
    ['events.accountsChanged', true, /^cache\.refreshSeconds too, .*60/],
    ['events.accountChanged', true, 'no such key; did you mean accountsChanged?'],
    ['cache.shared', true, /^no such key: there is no switch any more, .* Remove the key$/],
    ['api.domain.name', 'accounts', /^a host name/, { api: { domain: DOMAIN } }],
    [
      'api.domain.certificateArn',
      'cert',
      /^an ACM .* stack's region$/,
      { api: { domain: DOMAIN } },
    ],
    [
      'api.domain.certificateArn',
      DOMAIN.certificateArn,
      /^one of eu-central-1, .* of eu-west-1$/,
      { aws: FAR, api: { domain: DOMAIN } },
    ],
    [
      'api.domain.mutualTls.truststoreUri',
      'ca.pem',
      'the s3:// URI of the PEM bundle of trusted certificate authorities',
      { api: { domain: DOMAIN } },
    ],
    ['api.corsOrigins[0]', 7, 'an origin'],
    ['api.corsOrigins[0]', 'https://a.example.com/', /^an exact origin like/],
    ['api.corsOrigins', ['https://a.example.com', 'https://a.example.com'], 'no origin twice'],
    ['functions.logRetentionDays', 31, /^one of 1, 3, 5/],
    [
      'functions.concurrency.api.provisioned',
      2,
      'at most 1, as many as are reserved',
      { functions: { concurrency: { api: { reserved: 1 } } } },
    ],
    ['alarms.email', 'nobody', 'an e-mail address'],
    ['aws.account', 123456789012, /^an AWS account id/],
    ['aws.region', 'Ireland', /^an AWS region/],
    ['aws.region', 'eu-west-1a', /^an AWS region/],
    ['aws.tags.aws:x', 'y', /^a key of letters.* not beginning with aws:$/],
    ['aws.tags.a', 'b;c', /^a text of letters.* at most 256$/],
    ['aws.tags.a', 'b'.repeat(257), /^a text of letters/],
    ['aws.tags.Stage', 'other', 'a key that is not there yet, in any case'],
    [
      'aws.tags',
      Object.fromEntries(Array.from({ length: 49 }, (_, n) => [`key-${n}`, 'value'])),
      'at most 48 tags, not 49',
    ],
    ['functions.vpc.subnetIds', [], /^a list of ids of subnets$/, { functions: { vpc: VPC } }],
    ['functions.vpc.subnetIds[0]', 'vpc-1', 'the id of a subnet', { functions: { vpc: VPC } }],
    [
      'functions.vpc.securityGroupIds',
      Array.from({ length: 6 }, (_, n) => `sg-0123456789abcdef${n}`),
      'a list of ids of security groups, at most 5',
      { functions: { vpc: VPC } },
    ],
    // Unknown keys.
    ['Partners', {}, 'no such key; did you mean partners?'],
    ['cache.staleSecs', 60, 'no such key; did you mean staleSeconds?'],
  ])('refuses as %s the value %j: %s', (path, value, expected, beside = {}) => {
    const stage = { ...LEAST, partners: { acme: own() }, ...beside };

    const [issue = '', ...others] = issuesOf(
      withValue(stage, path.match(/[^.[\]]+/g) ?? [], value),
    );

    const [, where, what] = /^(\S+) is .*?; expected (.*)$/.exec(issue) ?? [];
    expect([where, what, ...others]).toEqual([path, like(expected)]);
  });

  it('names all issues at once, each with path, value and what was expected', () => {
    const input = {
      ...LEAST,
      ...egain({ apiUrl: 'http://api.egain.cloud/v3', retries: 3, scope: undefined }),
      partners: {
        acme: { scopes: ['accounts/write'], accounts: { channel: [] } },
        '2nd': { scopes: ['accounts/read'] },
        three: { scopes: [], clientId: 'c', throttle: { rate: 0, burst: 1.5 } },
      },
    };

    const scopes = 'accounts/read, accounts/read.address, accounts/read.configuration';
    expect(issuesOf(input).toSorted()).toEqual([
      'egain.apiUrl is "http://api.egain.cloud/v3"; expected an https URL (http only for 127.0.0.1, [::1] and localhost) without credentials, fragment or query',
      'egain.retries is 3; expected no such key',
      'egain.scope is missing; expected the scope to ask eGain for',
      'partners.2nd is an object; expected a name of letters, digits, - and _, at most 40, beginning with a letter',
      'partners.acme.accounts.channel is a list of 0; expected a list of one or more, each an id',
      'partners.acme.scopes is a list of 1; expected accounts/read among them, which opens the routes',
      `partners.acme.scopes[0] is "accounts/write"; expected ${scopes}`,
      'partners.three.clientId is "c"; expected no such key without auth.issuer: the stack\'s user pool makes the id',
      `partners.three.scopes is a list of 0; expected a list of one or more of ${scopes}`,
      'partners.three.throttle.burst is 1.5; expected a whole number from 1 to 1000000',
      'partners.three.throttle.rate is 0; expected requests a second, above 0',
    ]);
    expect(() => parseStageConfig(input, 'config/prod.json')).toThrow(
      /^config\/prod\.json has 11 things to correct:\n {2}egain/,
    );
    expect(() => parseStageConfig({ ...LEAST, dashboards: true })).toThrow(
      /^The stage config has 1 thing to correct:\n {2}dashboards is true; expected no such key$/,
    );
  });

  it.each([null, [], 'text', 7])('must be an object and not %j', (input) => {
    expect(issuesOf(input)).toEqual([
      expect.stringMatching(/^\(the whole file\) is .*; expected an object$/),
    ]);
  });

  it('refuses keys that code would take for a prototype, and allows names that objects inherit', () => {
    expect(issuesOf(partnerNamed('__proto__'))).toEqual([
      'partners.__proto__ is an object; expected another name for a partner',
    ]);
    expect(issuesOf(fromJson('"__proto__":{"a":1}'))).toEqual([
      '__proto__ is an object; expected no such key',
    ]);
    expect(Object.keys(parseStageConfig(partnerNamed('constructor')).partners)).toEqual([
      'constructor',
    ]);
  });
});

describe('the message about a stage config', () => {
  it('never shows what may be secret, and cuts what is long', () => {
    const canary = 'canary-7f3a';
    const issues = issuesOf({
      egain: {
        ...LEAST.egain,
        apiUrl: `https://user:${canary}@api.example.com/v3`,
        clientSecret: canary,
        scope: ` ${'x'.repeat(200)}`,
      },
      credentials: { value: canary, more: { clientSecret: canary } },
      auth: { issuer: `https://issuer.example.com?code=${canary}`, audience: 'a' },
    }).join('\n');

    expect(issues).not.toContain(canary);
    expect(issues).toContain('egain.clientSecret is not shown; expected no such key');
    expect(issues).toContain('"https://[hidden]@api.example.com/v3"');
    expect(issues).toContain('"https://issuer.example.com?[hidden]"');
    expect(issues).toContain(`" ${'x'.repeat(59)}…"`);
  });

  it.each(['clientSecret', 'passphrase', 'accessToken', 'credential', 'privateKey', 'api_key'])(
    'never shows the value of %s',
    (key) => {
      const [issue] = issuesOf({
        ...LEAST,
        alarms: { [key]: 'canary-7f3a for https://x.example' },
      });

      expect(issue).toMatch(`alarms.${key} is not shown; expected no such key`);
    },
  );

  it('shows where a secret is, and 60 characters whole', () => {
    const issues = issuesOf({
      ...LEAST,
      alarms: { email: 'x'.repeat(60) },
      credentials: { secret: 'arn:aws:iam::123456789012:role/wrong' },
    }).join('\n');

    expect(issues).toContain('"arn:aws:iam::123456789012:role/wrong"');
    expect(issues).toContain(`"${'x'.repeat(60)}"`);
  });
});
