import { describe, expect, it } from 'vitest';
import { contractDifferences } from '../../doctor/contract-differences.ts';
import type { Account } from '../../lambda/egain/account.ts';
import { exampleAccounts } from '../../sandbox/egain/example-accounts.ts';

const [account] = exampleAccounts(1) as [Account];
const page = (...accounts: unknown[]) => ({
  paginationInfo: { count: accounts.length, pagenum: 1, pagesize: 25 },
  account: accounts,
});

describe('the differences of a page from the contract', () => {
  it('are none for what eGain documents, optional fields missing or null', () => {
    expect(contractDifferences(page(...exampleAccounts(300)))).toEqual({ faults: [], notes: [] });
  });

  it('are all named, each by its path and once however many accounts have it', () => {
    const { name: _name, ...nameless } = account;
    const found = contractDifferences({
      paginationInfo: { count: '2', pagenum: 1, pagesize: 25 },
      account: [
        account,
        { ...nameless, channel: null },
        { ...nameless, address: 5, attributes: [{ name: 'a', value: 'b' }, { name: 'c' }] },
        7,
      ],
    });

    expect(found.faults).toEqual([
      'paginationInfo.count is string, expected number',
      'account[].name is missing (2 times, first account[1].name)',
      'account[].channel is null, expected object (1 time, first account[1].channel)',
      'account[].address is number, expected string (1 time, first account[2].address)',
      'account[].attributes[].value is missing (1 time, first account[2].attributes[1].value)',
      'account[] is number, expected object (1 time, first account[3])',
    ]);
  });

  it.each([
    [[], '(the whole answer) is array, expected object'],
    [null, '(the whole answer) is null, expected object'],
    [{ account: [] }, 'paginationInfo is missing'],
    [page().account, '(the whole answer) is array, expected object'],
    [{ ...page(), paginationInfo: { count: -1 } }, 'paginationInfo.count is below 0'],
    [
      { ...page(), paginationInfo: { count: 1.5 } },
      'paginationInfo.count is number (not whole), expected whole number',
    ],
  ])('name what is wrong at the top: %j', (body, fault) => {
    expect(contractDifferences(body).faults).toContain(fault);
  });

  it('note unknown fields at every depth, and fail nothing for them', () => {
    const found = contractDifferences({
      ...page({
        ...account,
        color: 'red',
        chatConfigurations: { ...account.chatConfigurations, entryPoint: { id: '1', region: 'x' } },
        attributes: [{ name: 'a', value: 'b', kind: 'c' }],
      }),
      links: {},
    });

    expect(found.faults).toEqual([]);
    expect(found.notes.map((note) => note.replace(/ is unknown.*/, ''))).toEqual([
      'account[].chatConfigurations.entryPoint.region',
      'account[].color',
      'account[].attributes[].kind',
      'links',
    ]);
  });

  it('note what partners may stumble over', () => {
    const { id: _id, ...anonymous } = account;
    const found = contractDifferences({
      paginationInfo: { count: 1 },
      account: [
        {
          ...anonymous,
          created: '21.03.2021',
          chatConfigurations: { ...account.chatConfigurations, onAgentUnavailability: 'wait' },
        },
      ],
    });

    expect(found.faults).toEqual([]);
    expect(found.notes.join('\n')).toMatch(
      /account\[\]\.id is missing.*account\[\]\.created is no date-time.*onAgentUnavailability has a value.*pagenum is missing.*pagesize is missing/s,
    );
  });

  it.each(['2021-03-21T14:29', '21/03/2021 14:29', '2021-02-30T14:29:01Z'])(
    'note a date that the product cannot compare: %s',
    (modified) => {
      const { notes } = contractDifferences(page({ ...account, modified }));

      expect(notes).toEqual([expect.stringContaining('account[].modified is no date-time')]);
    },
  );

  it('name no field whose name may be an address or a token, and no value', () => {
    const { faults, notes } = contractDifferences(
      page({
        ...account,
        '+15551234567': 1,
        'desk@example.com': 2,
        eyJhbGciOi1234567890: 3,
        name: 4711,
      }),
    );

    const printed = [...faults, ...notes].join('\n');
    expect(printed).not.toMatch(/555|desk|eyJ|4711/);
    expect(printed).toContain('account[].(a name that is not shown) is unknown');
  });
});
