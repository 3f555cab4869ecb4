import { describe, expect, test } from 'vitest';
import type { Account } from '../../../lambda/egain/account.ts';
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

test('names are compared by code point, in lower case, in either direction', async () => {
  const ids = ['😀', 'Z', '\uFFFD', '\uD83D', 'a'];
  const accounts = ids.map((id) => account({ id, name: id === 'Z' ? 'A' : id }));
  const orderOf = async (sort: string) =>
    (await list(accounts, `sort=${sort}`)).map(({ id }) => id);

  const order = ['Z', 'a', '\uD83D', '\uFFFD', '😀'];
  expect(await orderOf('name')).toEqual(order);
  // Those that tie stay in the order of their ids.
  expect(await orderOf('-name')).toEqual([...order.slice(2).toReversed(), 'Z', 'a']);
});

test('accounts that tie in everything have one order, whatever order eGain sends', async () => {
  const twins = ['x', 'y', 'z'].map((description) => account({ id: null, description }));

  expect(await list(twins)).toEqual(await list(twins.toReversed()));
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
});

describe('an account rule', () => {
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

test('a hundred attributes are looked for in one pass over those of an account', async () => {
  let reads = 0;
  const attributes = Array.from({ length: 1000 }, (_, index) => ({
    get name() {
      reads += 1;
      return `n${index}`;
    },
    value: 'v',
  }));
  const readsFor = async (wanted: readonly string[]) => {
    const accounts = [account({ attributes })];
    reads = 0;
    const found = await list(accounts, wanted.map((pair) => `attribute=${pair}`).join('&'));
    return { found: found.length, reads };
  };
  const pairs = Array.from({ length: 100 }, (_, index) => `n${900 + index}:v`);

  const one = await readsFor(['n999:v']);
  const all = await readsFor(pairs);

  expect([one.found, all.found]).toEqual([1, 1]);
  expect(all.reads).toBe(one.reads);
  expect((await readsFor([...pairs, 'n1:other'].slice(1))).found).toBe(0);
});
