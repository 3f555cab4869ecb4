import { describe, expect, it } from 'vitest';
import { checkPartners } from '../../doctor/checks/partners.ts';
import { parseStageConfig } from '../../lib/stage/stage-config.ts';
import { exampleAccounts } from '../../sandbox/egain/example-accounts.ts';
import { LEAST } from '../support/stage.ts';

const ACCOUNTS = exampleAccounts(240);
const CHANNEL = ACCOUNTS[0]?.channel.id ?? '';
const OF_CHANNEL = ACCOUNTS.filter(({ channel }) => channel.id === CHANNEL).length;

function check(partners: object, accounts = ACCOUNTS) {
  const { finding } = checkPartners(parseStageConfig({ ...LEAST, partners }), accounts);
  return finding;
}

describe('what each partner would see', () => {
  it('is counted by its rule, and told with the scopes and what they open', () => {
    const { seen, notes, measured, cause } = check({
      acme: { scopes: ['accounts/read', 'accounts/read.address'] },
      desk: { scopes: ['accounts/read'], accounts: { channel: [CHANNEL] } },
    });

    expect(cause).toBeUndefined();
    expect(OF_CHANNEL).toBeGreaterThan(0);
    expect(seen).toBe(
      'acme: 240 of 240, by accounts/read accounts/read.address\n' +
        `desk: ${OF_CHANNEL} of 240, by accounts/read`,
    );
    expect(measured).toEqual({ acme: 240, desk: OF_CHANNEL });
    expect(notes).toContainEqual(expect.stringMatching(/^accounts\/read opens id, name, /));
    expect(notes).toContainEqual('accounts/read.address opens address');
    expect(notes?.join()).not.toContain('accounts/read.configuration');
  });

  it.each([
    [{ channel: ['nowhere'] }, 'no account matches accounts.channel; compare the ids'],
    [
      { channel: ['nowhere'], attribute: ['no:thing'] },
      'no account matches accounts.channel and accounts.attribute',
    ],
  ])('is nothing with the rule %j, and why is noted', (accounts, told) => {
    const { seen, notes } = check({ ghost: { scopes: ['accounts/read'], accounts } });

    expect(seen).toContain('ghost: 0 of 240');
    expect(notes?.[0]).toContain(`ghost sees nothing: ${told}`);
  });

  it('is nothing too where each list has a match and no account has all', () => {
    const other = ACCOUNTS.find(({ channel }) => channel.id !== CHANNEL);
    const accounts = {
      channel: [CHANNEL],
      entryPoint: [other?.chatConfigurations.entryPoint.id ?? ''],
    };
    const changed = [ACCOUNTS[0], other].flatMap((one, index) =>
      one === undefined
        ? []
        : [
            Object.assign(structuredClone(one), {
              chatConfigurations: Object.assign(structuredClone(one.chatConfigurations), {
                entryPoint: { id: `e${index}` },
              }),
            }),
          ],
    );

    const { notes } = check(
      { ghost: { scopes: ['accounts/read'], accounts: { ...accounts, entryPoint: ['e1'] } } },
      changed,
    );

    expect(notes?.[0]).toContain('no account matches all lists of its rule at once');
  });

  it('is not told where there are no partners', () => {
    expect(check({})).toMatchObject({ seen: 'there are none yet', notes: [] });
  });
});
