import { describe, expect, test } from 'vitest';
import { FILTER_NAMES } from '../../../lambda/accounts/parameters.ts';
import type { Account } from '../../../lambda/egain/account.ts';
import { PARAMETER_EXAMPLES } from '../../../lib/docs/examples.ts';
import { account } from '../../support/accounts.ts';
import { bodyOf, createPartnerApi } from '../../support/partner-api.ts';

const FULL = 'accounts/read accounts/read.address accounts/read.configuration';

/** The accounts of a list, as a partner gets them. */
async function list(
  accounts: readonly Account[],
  query = '',
  context: { readonly scopes?: string; readonly accounts?: string } = {},
) {
  const { request } = createPartnerApi({ accounts });
  const answer = await request({ query, authorizer: { partner: 'p', scopes: FULL, ...context } });
  return (bodyOf(answer) as { account: { id?: string }[] }).account;
}

const idsOf = async (...asked: Parameters<typeof list>) =>
  (await list(...asked)).map(({ id }) => id).join(' ');

describe('a filter', () => {
  const accounts = [
    account({
      id: 'a',
      name: 'Straße',
      active: true,
      created: '2026-01-01T00:00:00Z',
      modified: '2026-01-01T00:00:00Z',
      attributes: [
        { name: 'n', value: '1' },
        { name: 'm', value: '2:3' },
      ],
    }),
    account({
      id: 'b',
      name: 'Other',
      active: false,
      channel: { id: 'c2' },
      created: 'once',
      chatConfigurations: {
        defaultLanguage: 'de-DE',
        onAgentUnavailability: 'retain_and_retry',
        orchestration: { id: 'o2' },
        entryPoint: { id: 'e2' },
      },
    }),
    account({
      id: 'c',
      name: 'bare',
      channel: {},
      chatConfigurations: { orchestration: {}, entryPoint: { id: 'e3' } },
    }),
  ];

  test.each([
    ['active=true', 'c a'],
    ['active=false', 'b'],
    ['name=STRASSE', 'a'],
    ['name=r', 'c b a'],
    ['channel=c2', 'b'],
    ['channel=c2&channel=c1', 'b a'],
    ['channel=undefined&channel=null', ''],
    ['orchestration=o2', 'b'],
    ['entryPoint=e2&entryPoint=e3', 'c b'],
    ['language=DE-de', 'b'],
    ['onAgentUnavailability=off_hours', 'a'],
    ['createdAfter=2026-01-01T00:00:00Z', 'a'],
    ['createdAfter=2026-01-01T00:00:01Z', ''],
    ['createdBefore=2026-01-01T00:00:00Z', ''],
    ['createdBefore=2026-01-01T00:00:01Z', 'a'],
    ['modifiedAfter=2026-01-01T01:00:00%2B01:00', 'a'],
    ['modifiedBefore=2026-01-01T00:00:00Z', ''],
    ['attribute=n:1', 'a'],
    ['attribute=n:1&attribute=m:2:3', 'a'],
    ['attribute=n:1&attribute=m:2', ''],
    ['active=true&name=bar', 'c'],
  ])('%s keeps %j', async (query, ids) => {
    expect(await idsOf(accounts, query)).toBe(ids);
  });

  test.each(FILTER_NAMES)('%s needs the scope of the field that it looks at', async (name) => {
    const closed = ['orchestration', 'entryPoint', 'onAgentUnavailability', 'attribute'];
    const value = String([PARAMETER_EXAMPLES[name]].flat()[0]);
    const { request } = createPartnerApi();

    const { statusCode } = await request({
      query: new URLSearchParams({ [name]: value }).toString(),
    });

    expect(statusCode).toBe(closed.includes(name) ? 403 : 200);
  });
});

const dated = (id: string, created: string | null) => account({ id, created });

describe('the order', () => {
  test.each([
    ['name', 'Z a \uFFFD 😀'],
    ['-name', '😀 \uFFFD Z a'],
  ])('by %s compares lower-case names by code point', async (sort, ids) => {
    const accounts = ['😀', 'Z', '\uFFFD', 'a'].map((id) =>
      account({ id, name: id === 'Z' ? 'A' : id }),
    );

    expect(await idsOf(accounts, `sort=${sort}`)).toBe(ids);
  });

  test.each([
    ['created', 'c a b none1 none2'],
    ['-created', 'a b c none1 none2'],
  ])('by %s puts accounts without a date last, and ties by id', async (sort, ids) => {
    const accounts = [
      dated('none2', null),
      dated('b', '2026-01-01T00:00:00Z'),
      dated('none1', 'yesterday'),
      dated('a', '2026-01-01T01:00:00+01:00'),
      dated('c', '2025-01-01T00:00:00Z'),
    ];

    expect(await idsOf(accounts, `sort=${sort}`)).toBe(ids);
  });

  test('is the same for accounts that tie in everything, whatever order eGain sends', async () => {
    const twins = ['x', 'y', 'z'].map((description) => account({ id: null, description }));

    expect(await list(twins)).toEqual(await list(twins.toReversed()));
  });
});

describe('a summary', () => {
  const reader = { scopes: 'accounts/read' };

  test('keeps nulls and empty objects, and leaves out what is open in part and empty', async () => {
    const sent = account({
      channel: {},
      description: null,
      caseManagement: null,
      attributes: [],
      chatConfigurations: { timeout: 5, orchestration: {}, entryPoint: { id: 'e' } },
    });

    expect(await list([sent])).toEqual([sent]);
    expect(await list([sent], '', reader)).toEqual([
      { id: 'a1', name: 'order_account', description: null, channel: {} },
    ]);
    expect(await list([sent], 'fields=chatConfigurations.allowLogoutWithOpenChats')).toEqual([{}]);
    expect(await list([sent], 'fields=caseManagement.sameCaseDuration')).toEqual([
      { caseManagement: null },
    ]);
  });

  test('has its keys in one order, and nothing that the catalogue does not name', async () => {
    const { name, address, ...rest } = account();
    const strange = { ...rest, address, name, secretNote: 'x', channel: { id: 'c1', extra: 'y' } };

    const [summary = {}] = await list([strange]);

    expect(summary).toEqual(account());
    expect(Object.keys(summary)).toEqual([
      'id',
      'name',
      'address',
      'channel',
      'chatConfigurations',
    ]);
  });

  test('is cut within lists of objects too', async () => {
    const accounts = [account({ attributes: [{ name: 'n', value: 'v' }] })];

    expect(await list(accounts, 'fields=attributes.value')).toEqual([
      { attributes: [{ value: 'v' }] },
    ]);
  });
});

describe('an account rule', () => {
  const attributes = [{ name: 'region', value: 'eu:west' }];

  test.each([
    ['no list', {}, true],
    ['a match', { channel: ['c0', 'c1'] }, true],
    ['no match', { channel: ['c0'] }, false],
    ['a match in one list of two', { channel: ['c1'], entryPoint: ['e0'] }, false],
    ['a match in both lists', { channel: ['c1'], entryPoint: ['e1'] }, true],
    ['an orchestration', { orchestration: ['o1'] }, true],
    ['another orchestration', { orchestration: ['o0'] }, false],
    ['one attribute of two', { attribute: ['x:y', 'region:eu:west'] }, true],
    ['an attribute with another value', { attribute: ['region:eu'] }, false],
  ])('with %s lets an account exist or not', async (_, rule, exists) => {
    const seen = await list([account({ attributes })], '', { accounts: JSON.stringify(rule) });

    expect(seen).toHaveLength(exists ? 1 : 0);
  });

  test.each([
    { channel: ['null', 'undefined'] },
    { orchestration: ['null', 'undefined'] },
    { attribute: ['a:b'] },
  ])('does not match a field that the account lacks: %j', async (rule) => {
    const chatConfigurations = { orchestration: {}, entryPoint: { id: 'e' } };
    const bare = account({ channel: { id: null }, attributes: null, chatConfigurations });

    expect(await list([bare], '', { accounts: JSON.stringify(rule) })).toEqual([]);
  });

  test.each([
    '{',
    '[]',
    '{"channel":"c1"}',
    '{"chanel":["c1"]}',
    '{"channel":[]}',
    '{"channel":[""]}',
    '{"attribute":["no colon"]}',
    '{"attribute":[":no:name"]}',
    7,
  ])('that is malformed shows nothing: %j', async (accounts) => {
    const { request } = createPartnerApi({ accounts: [account()] });
    const authorizer = { partner: 'acme', scopes: 'accounts/read', accounts };

    expect(bodyOf(await request({ authorizer }))).toMatchObject({ code: '500-901' });
  });
});

test('an id that stands twice names the first account in order', async () => {
  const accounts = [
    account({ id: 'a', name: 'second' }),
    account({ id: 'a', name: 'first' }),
    account({ id: null, name: 'zeroth' }),
  ];
  const { request } = createPartnerApi({ accounts });
  const ask = async (id: string) => bodyOf(await request({ resource: '/accounts/{id}', id }));

  expect(await ask('a')).toMatchObject({ name: 'first' });
  expect(await ask('')).toMatchObject({ code: '404-902' });
  expect(await ask('null')).toMatchObject({ code: '404-902' });
});

/** The version that a viewer gets of one account with this difference. */
async function versionOf(difference: object, scopes: string) {
  const attributes = [{ name: 'n', value: 'v' }];
  const accounts = [account({ attributes, ...difference })];
  const { request } = createPartnerApi({ accounts });
  const { headers } = await request({ authorizer: { partner: 'p', scopes } });
  return headers?.['Accounts-Version'];
}

describe('the version of a list', () => {
  test.each([
    ['description', { description: 'x' }, true],
    ['modified', { modified: '2026-01-01T00:00:00Z' }, true],
    ['channel', { channel: { id: 'c2' } }, true],
    ['an attribute', { attributes: [{ name: 'n', value: 'w' }] }, false],
    ['address', { address: '+15550101' }, false],
    ['a setting', { chatConfigurations: { ...account().chatConfigurations, timeout: 31 } }, false],
  ])('changes with %s for those who may see it', async (_, difference, open) => {
    const changes = async (scopes: string) =>
      (await versionOf({}, scopes)) !== (await versionOf(difference, scopes));

    expect([await changes(FULL), await changes('accounts/read')]).toEqual([true, open]);
  });
});
