import { describe, expect, it } from 'vitest';
import { parseStageConfig, StageConfigError } from '../../../lib/stage/stage-config.ts';
import { FULL_STAGE, KEY_ARN, LEAST, SECRET_ARN } from '../../support/stage.ts';

/** The lines of the message that a stage config is refused with. */
function faultsOf(input: unknown): string[] {
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

const own = (clientId?: string) => ({ clientId, scopes: ['accounts/read'] });
/** A stage with one partner, as JSON that may name it like what objects inherit. */
const named = (name: string): unknown =>
  JSON.parse(
    `{"egain":${JSON.stringify(LEAST.egain)},"partners":{"${name}":{"scopes":["accounts/read"]}}}`,
  );

const SECRET_THERE = SECRET_ARN.replace('eu-west-1', 'eu-central-1');
/** A stage's part with one partner, who has this beside its scope. */
const withPartner = (part: object) => ({
  partners: { acme: { scopes: ['accounts/read'], ...part } },
});

const ISSUER = { issuer: 'https://issuer.example.com', audience: 'accounts' };

describe('a stage config', () => {
  it('is filled up with defaults', () => {
    const config = parseStageConfig({
      ...LEAST,
      partners: { acme: { scopes: ['accounts/read'] } },
    });

    expect(config).toMatchObject({
      egain: { clientAuthentication: 'body' },
      partners: {
        acme: { throttle: { rate: 10, burst: 20 }, quota: { limit: 100_000, period: 'DAY' } },
      },
      cache: { freshSeconds: 30, staleSeconds: 600 },
      aws: {},
      removalPolicy: 'retain',
      functions: { logLevel: 'INFO', concurrency: { api: {}, task: {}, authorizer: {} } },
    });
    expect(config.credentials).toEqual({});
    expect(config.auth).toEqual({});
    expect(config.alarms).toEqual({});
    expect(config.api).toEqual({ corsOrigins: [], throttle: { rate: 200, burst: 400 } });
    expect(config.partners['acme']).not.toHaveProperty('accounts');
  });

  it('is filled up within a throttle and a quota, too', () => {
    const acme = { scopes: ['accounts/read'], throttle: { rate: 5 }, quota: { limit: 50 } };

    const { api, partners } = parseStageConfig({
      ...LEAST,
      partners: { acme },
      api: { throttle: { burst: 50 } },
    });

    expect(partners['acme']).toMatchObject({
      throttle: { rate: 5, burst: 20 },
      quota: { limit: 50, period: 'DAY' },
    });
    expect(api.throttle).toEqual({ rate: 200, burst: 50 });
  });

  it('is kept as it is where every key is given', () => {
    expect(parseStageConfig(FULL_STAGE)).toMatchObject(FULL_STAGE);
  });

  it('names all faults at once, each with path, value and what was expected', () => {
    const faults = faultsOf({
      ...LEAST,
      egain: { ...LEAST.egain, apiUrl: 'http://api.egain.cloud/v3', retries: 3 },
      auth: { audience: 'accounts' },
      partners: {
        acme: { scopes: ['accounts/write'], accounts: { channel: [] } },
        '2nd': { scopes: ['accounts/read'] },
        three: { scopes: [], clientId: 'c', throttle: { rate: 0, burst: 1.5 } },
      },
      cache: { freshSeconds: 60, staleSeconds: -5 },
      dashboards: true,
    });

    const url =
      'an https URL (http for 127.0.0.1, [::1] and localhost alone) without credentials, fragment or query';
    const scopes = 'accounts/read, accounts/read.address, accounts/read.configuration';
    expect(faults.toSorted()).toEqual(
      [
        `egain.apiUrl is "http://api.egain.cloud/v3"; expected ${url}`,
        'egain.retries is 3; expected no such key',
        `partners.acme.scopes[0] is "accounts/write"; expected ${scopes}`,
        'partners.acme.accounts.channel is a list of 0; expected a list of one or more, each an id',
        'partners.acme.scopes is a list of 1; expected accounts/read among them, which opens the routes',
        'partners.2nd is an object; expected a name of letters, digits, - and _, at most 40, beginning with a letter',
        `partners.three.scopes is a list of 0; expected a list of one or more of ${scopes}`,
        'partners.three.throttle.rate is 0; expected requests a second, above 0',
        'partners.three.throttle.burst is 1.5; expected a whole number from 1 to 1000000',
        'dashboards is true; expected no such key',
        'auth.audience is "accounts"; expected nothing here without auth.issuer',
        'partners.three.clientId is "c"; expected nothing here: without auth.issuer the stack\'s own user pool gives the id',
        'cache.staleSeconds is -5; expected a whole number from 0 to 86400',
      ].toSorted(),
    );
  });

  it.each([null, [], 'text', 7])('must be an object and not %j', (input) => {
    expect(faultsOf(input)).toEqual([
      expect.stringMatching(/^\(the whole file\) is .*; expected an object$/),
    ]);
  });

  it('says which required keys are missing', () => {
    expect(faultsOf({})).toEqual(['egain is missing; expected an object']);
    expect(faultsOf({ egain: {}, partners: { acme: {} } })).toEqual([
      expect.stringMatching(/^egain\.apiUrl is missing; expected an https URL/),
      expect.stringMatching(/^egain\.tokenUrl is missing; expected an https URL .* or fragment$/),
      'egain.scope is missing; expected the scope to ask eGain for',
      expect.stringMatching(/^partners\.acme\.scopes is missing; expected a list of one or more/),
    ]);
  });

  it.each([
    'https://api.example.com/v3',
    'http://127.0.0.1:3001/v3',
    'http://[::1]:3001/v3',
    'http://localhost:3001/v3',
  ])('takes the URL %s', (apiUrl) => {
    expect(faultsOf({ egain: { ...LEAST.egain, apiUrl } })).toEqual([]);
  });

  it.each([
    'http://api.example.com/v3',
    'http://127.0.0.1.example.com/v3',
    'http://localhost.example.com/v3',
    'ftp://localhost/v3',
    'https://user@api.example.com/v3',
    'https://:password@api.example.com/v3',
    'https://api.example.com/v3#top',
    'https://api.example.com/v3?key=1',
    ' https://api.example.com/v3',
    '/v3',
    '',
  ])('refuses the URL %j', (apiUrl) => {
    expect(faultsOf({ egain: { ...LEAST.egain, apiUrl } })).toHaveLength(1);
  });

  it.each([
    ['egain.tokenUrl', (url: string) => ({ egain: { ...LEAST.egain, tokenUrl: url } })],
    ['auth.jwksUri', (url: string) => ({ auth: { ...ISSUER, jwksUri: url } })],
    ['api.contactUrl', (url: string) => ({ api: { contactUrl: url } })],
    ['alarms.runbookUrl', (url: string) => ({ alarms: { runbookUrl: url } })],
  ])('takes %s with a query', (_, part) => {
    expect(faultsOf({ ...LEAST, ...part('https://example.com/page?tenant=1') })).toEqual([]);
  });

  it('may ask eGain every time, and keep stale answers off', () => {
    expect(faultsOf({ ...LEAST, cache: { freshSeconds: 0, staleSeconds: 0 } })).toEqual([]);
    expect(faultsOf({ ...LEAST, cache: { freshSeconds: 600 } })).toEqual([]);
  });

  it('takes origins of this machine, and as many warm containers as are reserved', () => {
    const corsOrigins = ['http://localhost:3000', 'https://app.example.com'];
    const concurrency = { api: { reserved: 2, provisioned: 2 } };

    expect(faultsOf({ ...LEAST, api: { corsOrigins }, functions: { concurrency } })).toEqual([]);
  });

  it('needs an issuer in the regions of China, which have no Cognito', () => {
    const china = { ...LEAST, aws: { region: 'cn-north-1' } };

    expect(faultsOf(china)).toEqual([
      'auth.issuer is missing; expected an OIDC issuer of your own: there is no Cognito in the regions of China',
    ]);
    expect(faultsOf({ ...china, auth: ISSUER })).toEqual([]);
  });

  it('needs audience and client ids with an issuer', () => {
    const faults = faultsOf({
      ...LEAST,
      auth: { issuer: ISSUER.issuer },
      partners: { acme: own(), other: own('other-client') },
    });

    expect(faults).toEqual([
      'auth.audience is missing; expected the audience, as auth.issuer is given',
      "partners.acme.clientId is missing; expected the partner's client id, as auth.issuer is given",
    ]);
  });

  it('takes audience and jwksUri with an issuer alone', () => {
    const faults = faultsOf({
      ...LEAST,
      auth: { audience: 'accounts', jwksUri: 'https://issuer.example.com/keys' },
    });

    expect(faults).toEqual([
      'auth.audience is "accounts"; expected nothing here without auth.issuer',
      'auth.jwksUri is "https://issuer.example.com/keys"; expected nothing here without auth.issuer',
    ]);
  });

  it('refuses a client id that two partners share', () => {
    const partners = { acme: own('same'), other: own('other'), third: own('same') };

    expect(faultsOf({ ...LEAST, auth: ISSUER, partners })).toEqual([
      'partners.third.clientId is "same"; expected an id of its own, not that of partners.acme',
    ]);
  });

  it('refuses a scope that is given twice', () => {
    const partners = { acme: { scopes: ['accounts/read', 'accounts/read'] } };

    expect(faultsOf({ ...LEAST, partners })).toEqual([
      expect.stringMatching(/^partners\.acme\.scopes is a list of 2; .*none twice$/),
    ]);
  });

  it.each([
    ["the stack's own pool", {}, () => own()],
    ['an issuer of its own', { auth: ISSUER }, (name: string) => own(`${name}-client`)],
  ])('takes 300 partners with %s and no more', (_, auth, partner) => {
    const partnersOf = (number: number) =>
      Object.fromEntries(
        Array.from({ length: number }, (__, index) => `partner-${index}`).map((name) => [
          name,
          partner(name),
        ]),
      );

    expect(faultsOf({ ...LEAST, ...auth, partners: partnersOf(300) })).toEqual([]);
    expect(faultsOf({ ...LEAST, ...auth, partners: partnersOf(301) })).toEqual([
      expect.stringMatching(
        /^partners is an object; expected at most 300 partners, not 301: .* another account or region$/,
      ),
    ]);
  });

  it.each([
    [{ accounts: {} }, /^partners\.acme\.accounts is an object; expected at least one list; leave/],
    [
      { scopes: ['accounts/read.address'] },
      /^partners\.acme\.scopes is a list of 1; expected accounts\/read among them/,
    ],
  ])('refuses a partner with %j, who would see everything or nothing', (part, fault) => {
    const acme = { scopes: ['accounts/read'], ...part };

    expect(faultsOf({ ...LEAST, partners: { acme } })).toEqual([expect.stringMatching(fault)]);
  });

  it('refuses a partner named __proto__, and takes other names that objects inherit', () => {
    expect(faultsOf(named('__proto__'))).toEqual([
      'partners.__proto__ is an object; expected another name for a partner',
    ]);
    expect(faultsOf(named('constructor'))).toEqual([]);
    expect(Object.keys(parseStageConfig(named('constructor')).partners)).toEqual(['constructor']);
  });

  it.each([
    [
      { cache: { freshSeconds: 60, staleSeconds: 59 } },
      /^cache\.staleSeconds is 59; expected at least 60, as many as cache\.freshSeconds$/,
    ],
    [
      { cache: { freshSeconds: 60, staleSeconds: 0 } },
      /^cache\.staleSeconds is 0; expected at least 60/,
    ],
    [
      { cache: { freshSeconds: 900 } },
      /^cache\.staleSeconds is missing; expected at least 900, .* \(it is 600 unless given\)$/,
    ],
    [
      { cache: { refreshSeconds: 59 } },
      /^cache\.refreshSeconds is 59; expected a whole number from 60/,
    ],
    [
      { cache: { shared: true } },
      /^cache\.shared is true; expected no such key: .* no switch for it any more\. Remove the key$/,
    ],
    [
      { aws: { account: 123456789012 } },
      /^aws\.account is 123456789012; expected an AWS account id/,
    ],
    [{ aws: { region: 'Ireland' } }, /^aws\.region is "Ireland"; expected an AWS region/],
    [
      { aws: { region: 'eu-central-1' }, credentials: { secretArn: SECRET_ARN } },
      /^credentials\.secretArn is .*; expected one of eu-central-1, .* of eu-west-1$/,
    ],
    [
      {
        aws: { region: 'eu-central-1' },
        credentials: { secretArn: SECRET_THERE, keyArn: KEY_ARN },
      },
      /^credentials\.keyArn is .*; expected one of eu-central-1, .* of eu-west-1$/,
    ],
    [
      { aws: { region: 'eu-central-1' }, api: { domain: FULL_STAGE.api.domain } },
      /^api\.domain\.certificateArn is .*; expected one of eu-central-1, .* of eu-west-1$/,
    ],
    [{ alarms: { runbookUrl: 'wiki' } }, /^alarms\.runbookUrl is "wiki"; expected an https URL/],
    [
      { auth: { ...ISSUER, clientClaim: '' } },
      /^auth\.clientClaim is ""; expected the name of a claim/,
    ],
  ])('refuses %j with what to do', (part, fault) => {
    expect(faultsOf({ ...LEAST, ...part })).toEqual([expect.stringMatching(fault)]);
  });

  it.each<[path: string, part: object, expected: string]>([
    ['$schema', { $schema: 7 }, 'the path of the JSON Schema'],
    [
      'egain.clientAuthentication',
      { egain: { ...LEAST.egain, clientAuthentication: 'post' } },
      '"body" or "basic"',
    ],
    [
      'credentials.keyArn',
      { credentials: { secretArn: SECRET_ARN, keyArn: KEY_ARN.replace('key/', 'alias/') } },
      "a KMS key's ARN, not an alias",
    ],
    [
      'auth.audience',
      { auth: { ...ISSUER, audience: ' ' } },
      'the audience that tokens are issued for',
    ],
    ['partners', { partners: [] }, 'an object of partners by name'],
    [
      'partners.acme.clientId',
      { auth: ISSUER, ...withPartner({ clientId: '' }) },
      "the client id that the partner's tokens name",
    ],
    [
      'partners.acme.accounts',
      withPartner({ accounts: 'all' }),
      'an object of lists: channel, orchestration, entryPoint, attribute',
    ],
    [
      'partners.acme.throttle.rate',
      withPartner({ throttle: { rate: '5' } }),
      'requests a second, above 0',
    ],
    [
      'partners.acme.throttle.rate',
      withPartner({ throttle: { rate: 1_000_001 } }),
      'at most 1000000 requests a second',
    ],
    [
      'partners.acme.quota.period',
      withPartner({ quota: { period: 'YEAR' } }),
      '"DAY", "WEEK" or "MONTH"',
    ],
    [
      'api.domain.certificateArn',
      { api: { domain: { ...FULL_STAGE.api.domain, certificateArn: 'cert' } } },
      "an ACM certificate's ARN, of the stack's region",
    ],
    [
      'api.domain.mutualTls.truststoreUri',
      { api: { domain: { ...FULL_STAGE.api.domain, mutualTls: { truststoreUri: 'ca.pem' } } } },
      'the s3:// URI of the PEM bundle of trusted certificate authorities',
    ],
    ['api.corsOrigins', { api: { corsOrigins: 'https://app.example.com' } }, 'a list of origins'],
    ['api.corsOrigins[0]', { api: { corsOrigins: [7] } }, 'an origin'],
    [
      'api.corsOrigins',
      { api: { corsOrigins: ['https://app.example.com', 'https://app.example.com'] } },
      'no origin twice',
    ],
    [
      'functions.logLevel',
      { functions: { logLevel: 'TRACE' } },
      '"DEBUG", "INFO", "WARN" or "ERROR"',
    ],
  ])('says what %s should be where it is otherwise: %j', (path, part, expected) => {
    const faults = faultsOf({ ...LEAST, ...part }).map((fault) => fault.split(/ is .*; expected /));

    expect(faults).toEqual([[path, expected]]);
  });

  it('says so where a partner is null', () => {
    expect(faultsOf({ ...LEAST, auth: ISSUER, partners: { acme: null } })).toEqual([
      'partners.acme is null; expected an object',
      "partners.acme.clientId is missing; expected the partner's client id, as auth.issuer is given",
    ]);
  });

  it('counts what is to be corrected, under the name of the file', () => {
    const input = { ...LEAST, dashboards: true };

    expect(() => parseStageConfig(input, 'config/prod.json')).toThrow(
      /^config\/prod\.json has 1 thing to correct:\n {2}dashboards is true; expected no such key$/,
    );
    expect(() => parseStageConfig(input)).toThrow(/^The stage config has 1 thing /);
  });

  it.each([
    [
      'refreshSecond',
      { cache: { refreshSecond: 60 } },
      'cache.refreshSecond is 60; expected no such key; did you mean refreshSeconds?',
    ],
    [
      'Partners',
      { Partners: {} },
      'Partners is an object; expected no such key; did you mean partners?',
    ],
    [
      'staleSecs',
      { cache: { staleSecs: 60 } },
      'cache.staleSecs is 60; expected no such key; did you mean staleSeconds?',
    ],
    ['apis', { apis: {} }, 'apis is an object; expected no such key; did you mean api?'],
    [
      'a partner',
      { partners: { acme: { scopes: ['accounts/read'], acounts: {} } } },
      'partners.acme.acounts is an object; expected no such key; did you mean accounts?',
    ],
  ])('answers an unknown key with the one that is like it: %s', (_, part, fault) => {
    expect(faultsOf({ ...LEAST, ...part })).toEqual([fault]);
  });

  it.each([
    [
      { credentials: { keyArn: KEY_ARN } },
      /^credentials\.keyArn is "arn:.*without credentials\.secretArn/,
    ],
    [{ credentials: { secretArn: `${SECRET_ARN}:json` } }, /^credentials\.secretArn is "arn:/],
    [
      { functions: { concurrency: { api: { reserved: 1, provisioned: 2 } } } },
      /^functions\.concurrency\.api\.provisioned is 2; expected no more than is reserved$/,
    ],
    [
      { functions: { logRetentionDays: 31 } },
      /^functions\.logRetentionDays is 31; expected one of 1, 3, 5/,
    ],
    [{ api: { corsOrigins: ['*'] } }, /^api\.corsOrigins\[0\] is "\*"; expected an exact origin/],
    [{ api: { corsOrigins: ['https://a.example.com/'] } }, /^api\.corsOrigins\[0\]/],
    [
      { api: { domain: { name: 'accounts' } } },
      /^api\.domain\.name is "accounts"; expected a host name/,
    ],
    [{ alarms: { email: 'nobody' } }, /^alarms\.email is "nobody"; expected an e-mail address$/],
    [
      { credentials: { secretArn: 'my-secret' } },
      /^credentials\.secretArn is "my-secret"; expected a Secrets Manager secret's ARN$/,
    ],
    [
      { egain: { ...LEAST.egain, tokenUrl: 'ftp://x' } },
      /^egain\.tokenUrl is "ftp:\/\/x"; expected an https URL/,
    ],
    [
      { removalPolicy: 'snapshot' },
      /^removalPolicy is "snapshot"; expected "retain" or "destroy"$/,
    ],
    [
      { partners: { acme: { scopes: ['accounts/read'], accounts: { attribute: ['x'] } } } },
      /^partners\.acme\.accounts\.attribute\[0\] is "x"; expected name:value, as text$/,
    ],
    [
      { partners: { acme: { scopes: ['accounts/read'], accounts: { channel: 'x' } } } },
      /^partners\.acme\.accounts\.channel is "x"; expected a list of one or more, each an id$/,
    ],
  ])('refuses %j', (part, fault) => {
    expect(faultsOf({ ...LEAST, ...part })[0]).toMatch(fault);
  });

  it('refuses a key that JSON can make and code would take for a prototype', () => {
    const input: unknown = JSON.parse(
      `{"egain":${JSON.stringify(LEAST.egain)},"__proto__":{"a":1}}`,
    );

    expect(faultsOf(input)).toEqual(['__proto__ is an object; expected no such key']);
  });

  it('never shows what may be secret, and cuts what is long', () => {
    const canary = 'canary-7f3a';
    const faults = faultsOf({
      egain: {
        ...LEAST.egain,
        apiUrl: `https://user:${canary}@api.example.com/v3`,
        tokenUrl: 'ftp://x',
        clientSecret: canary,
        scope: ` ${'x'.repeat(200)}`,
      },
      credentials: { clientSecret: canary, value: canary, more: { clientSecret: canary } },
      auth: { issuer: `https://issuer.example.com?code=${canary}`, audience: 'a' },
      token: canary,
    }).join('\n');

    expect(faults).not.toContain(canary);
    expect(faults).toContain('egain.clientSecret is not shown; expected no such key');
    expect(faults).toContain('"https://[hidden]@api.example.com/v3"');
    expect(faults).toContain('"https://issuer.example.com?[hidden]"');
    expect(faults).toContain(`" ${'x'.repeat(59)}…"`);
  });

  it.each([
    'clientSecret',
    'password',
    'passphrase',
    'accessToken',
    'credential',
    'privateKey',
    'apiKey',
    'api_key',
    'tokenUrlPassword',
  ])('never shows what stands under %s', (key) => {
    for (const value of ['canary-7f3a', 'canary-7f3a for https://api.example.com']) {
      const [fault] = faultsOf({ ...LEAST, alarms: { [key]: value } });

      expect(fault).toMatch(`alarms.${key} is not shown; expected no such key`);
    }
  });

  it('hides a password in a URL of plain HTTP as well', () => {
    const [fault] = faultsOf({
      egain: { ...LEAST.egain, apiUrl: 'http://user:canary-7f3a@api.example.com/v3' },
    });

    expect(fault).toContain('"http://[hidden]@api.example.com/v3"');
  });

  it('shows where a secret is, and 60 characters whole', () => {
    const input = {
      ...LEAST,
      alarms: { email: 'x'.repeat(60) },
      credentials: { secret: 'arn:aws:iam::123456789012:role/wrong' },
    };

    expect(faultsOf(input).join('\n')).toContain('"arn:aws:iam::123456789012:role/wrong"');
    expect(faultsOf(input).join('\n')).toContain(`"${'x'.repeat(60)}"`);
  });
});
