import { describe, expect, it } from 'vitest';
import type { Account } from '../../../lambda/egain/account.ts';
import { exampleAccounts } from '../../../sandbox/egain/example-accounts.ts';
import { sendJson } from '../../../sandbox/local-server.ts';
import { useScriptedEgain } from './support.ts';

const egain = useScriptedEgain();

const pageOf = (...account: unknown[]) => ({
  paginationInfo: { count: account.length, pagenum: 1, pagesize: 500 },
  account,
});

const [EXAMPLE] = exampleAccounts(1) as [Account];

/** Examines an eGain that answers every request for accounts with this body. */
function examine(body: unknown, partners: object = {}, canaries: readonly string[] = []) {
  egain.onPage = (response) => sendJson(response, 200, body);
  return egain.run({ partners, canaries });
}

it('is asked for again where the token is too young to be known', async () => {
  let asked = 0;
  egain.onPage = (response) => {
    asked += 1;
    sendJson(response, asked === 1 ? 401 : 200, pageOf());
  };

  expect(await egain.run()).toMatchObject({ failure: '' });
});

describe("page 1 and eGain's contract", () => {
  it('do not differ where optional fields are missing or null', async () => {
    const { failure, row } = await examine(pageOf(...exampleAccounts(300)));

    expect(failure).toBe('');
    expect(row('page').notes).toEqual([]);
    expect(row('page').measured).toMatchObject({ accounts: 300, count: 300, pagesize: 500 });
  });

  it.each<[body: unknown, told: string]>([
    [[], 'the page is not a JSON object'],
    [{ account: [] }, 'paginationInfo.count is missing'],
    [{ ...pageOf(), account: {} }, 'account is missing or no list'],
    [pageOf(EXAMPLE, 7), 'account[1] is no object'],
  ])('name what the product refuses: %j', async (body, told) => {
    const { failure, row } = await examine(body);

    expect(failure).toBe('page: contract-broken');
    expect(row('page').seen).toContain(told);
  });

  it('name each malformed field by its path, and once however many accounts have it', async () => {
    const attributes = [
      { name: 'a', value: 'b' },
      { name: 'c', value: 3 },
    ];
    const { failure, row } = await examine(
      pageOf(
        EXAMPLE,
        { ...EXAMPLE, id: 'b', name: 7, channel: [] },
        { ...EXAMPLE, id: 'c', name: {}, address: 5, attributes, active: 'yes', description: null },
      ),
    );

    expect(failure).toBe('');
    expect(row('page').seen).toMatch(/, 6 malformed fields left out$/);
    const leftOut = 'is not as documented, and is left out';
    expect(row('page').notes.toSorted()).toEqual([
      `account[].active ${leftOut} (1 time, first account[2].active)`,
      `account[].address ${leftOut} (1 time, first account[2].address)`,
      `account[].attributes[].value ${leftOut} (1 time, first account[2].attributes[1].value)`,
      `account[].channel ${leftOut} (1 time, first account[1].channel)`,
      `account[].name ${leftOut} (2 times, first account[1].name)`,
    ]);
    expect(row('walk').notes).toContain(
      'malformed, so left out: account[].active, account[].address, ' +
        'account[].attributes[].value, account[].channel, account[].name',
    );
  });

  it('name what is unknown or surprising, and fail nothing for it', async () => {
    const { id: _id, ...anonymous } = EXAMPLE;
    const { chatConfigurations } = EXAMPLE;
    const odd = {
      created: '21.03.2021',
      color: 'red',
      '+15551234567': 1,
      chatConfigurations: {
        ...chatConfigurations,
        onAgentUnavailability: 'wait',
        entryPoint: { id: '1', region: 'x' },
      },
      attributes: [{ name: 'a', value: 'b', kind: 'c' }],
    };
    const body = { paginationInfo: { count: 1 }, links: {}, account: [{ ...anonymous, ...odd }] };
    const { failure, row } = await examine(body, {}, ['5551234', '21.03']);

    expect(failure).toBe('');
    const notes = row('page').notes.map((note) => note.replace(/ \(1 time.*/, ''));
    expect(notes.toSorted()).toEqual([
      'account[].(a name that is not shown) is unknown to the contract',
      'account[].attributes[].kind is unknown to the contract',
      'account[].chatConfigurations.entryPoint.region is unknown to the contract',
      'account[].chatConfigurations.onAgentUnavailability has a value that the contract does not name',
      'account[].color is unknown to the contract',
      'account[].created is not as documented, and is left out',
      'account[].id is missing; nobody can ask for it by id',
      'links is unknown to the contract',
      'paginationInfo.pagenum is missing',
      'paginationInfo.pagesize is missing',
    ]);
  });
});

describe('what each partner would see', () => {
  const accounts = exampleAccounts(240);
  const channel = accounts[0]?.channel?.id ?? '';
  const ofChannel = accounts.filter((account) => account.channel?.id === channel).length;

  it('is counted by its rule, and told with the scopes and what they open', async () => {
    const { row } = await examine(pageOf(...accounts), {
      acme: { scopes: ['accounts/read', 'accounts/read.address'] },
      desk: { scopes: ['accounts/read'], accounts: { channel: [channel] } },
    });

    const { seen, notes, measured } = row('partners');
    expect(ofChannel).toBeGreaterThan(0);
    expect(seen).toBe(
      'acme: 240 of 240, by accounts/read accounts/read.address\n' +
        `desk: ${ofChannel} of 240, by accounts/read`,
    );
    expect(measured).toEqual({ acme: 240, desk: ofChannel });
    expect(notes).toContainEqual(expect.stringMatching(/^accounts\/read opens id, name, /));
    expect(notes).toContainEqual('accounts/read.address opens address');
    expect(notes.join()).not.toContain('accounts/read.configuration');
  });

  it.each<[accounts: object, told: string]>([
    [{ channel: ['nowhere'] }, 'no account matches accounts.channel; compare the ids'],
    [
      { channel: ['nowhere'], attribute: ['no:thing'] },
      'no account matches accounts.channel and accounts.attribute',
    ],
    [{ channel: ['one'], entryPoint: ['e2'] }, 'no account matches all lists of its rule at once'],
  ])('is nothing with the rule %j, and the doctor says why', async (rule, told) => {
    const { chatConfigurations } = EXAMPLE;
    const account = (id: string, entryPoint: string) => ({
      ...EXAMPLE,
      id,
      channel: { id },
      chatConfigurations: { ...chatConfigurations, entryPoint: { id: entryPoint } },
    });
    const body = pageOf(account('one', 'e1'), account('two', 'e2'));
    const { row } = await examine(body, { ghost: { scopes: ['accounts/read'], accounts: rule } });

    expect(row('partners').seen).toContain('ghost: 0 of 2');
    expect(row('partners').notes[0]).toContain(`ghost sees nothing: ${told}`);
  });

  it('is not told where there are no partners', async () => {
    const told = { seen: 'there are none yet', notes: [] };

    expect((await examine(pageOf())).row('partners')).toMatchObject(told);
  });
});
