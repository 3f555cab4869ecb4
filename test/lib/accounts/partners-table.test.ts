import { describe, expect, it } from 'vitest';
import { partnerGroups, partnersTable, usageKey } from '../../../lib/accounts/partners-table.ts';
import { parseStageConfig, type StageConfig } from '../../../lib/stage/stage-config.ts';
import { LEAST, PLAIN_STAGE } from '../../support/stage.ts';

function stageOf(partners: number): StageConfig {
  const names = Array.from({ length: partners }, (_, index) => `partner-${index + 1}`);
  const entries = names.map((name) => [name, { scopes: ['accounts/read'] }]);
  return parseStageConfig({ ...LEAST, partners: Object.fromEntries(entries) as object });
}

describe("the groups of partners, whose usage plans share a stack's room", () => {
  it.each([
    [0, [0]],
    [1, [1]],
    [100, [100]],
    [101, [100, 1]],
    [300, [100, 100, 100]],
  ])('%i partners are in groups of %j', (partners, sizes) => {
    const groups = partnerGroups(stageOf(partners));

    expect(groups.map(({ names }) => names.length)).toEqual(sizes);
    expect(groups.map(({ number }) => number)).toEqual(sizes.map((_, index) => index + 1));
  });

  it('keep the order of the stage config', () => {
    const [first, second] = partnerGroups(stageOf(102));

    expect(first?.names[99]).toBe('partner-100');
    expect(second?.names).toEqual(['partner-101', 'partner-102']);
  });
});

describe('what the authorizer knows of a partner', () => {
  it('is what the stage config grants it, and the key that its plan has', () => {
    const table = JSON.parse(partnersTable(parseStageConfig(PLAIN_STAGE), 'test')) as object;

    expect(table).toEqual({
      acme: {
        scopes: ['accounts/read', 'accounts/read.address'],
        usageKey: usageKey('test', 'acme', 1),
      },
      'second-one': {
        scopes: ['accounts/read'],
        accounts: { channel: ['chat'] },
        usageKey: usageKey('test', 'second-one', 1),
      },
    });
  });

  it('has the client id of an issuer of the deployer’s, and the key of its own group', () => {
    const { partners } = stageOf(101);
    const config = {
      partners: Object.fromEntries(
        Object.entries(partners).map(([name, partner]) => [name, { ...partner, clientId: name }]),
      ),
    };

    const table = JSON.parse(partnersTable(config, 'test')) as Record<string, object>;

    expect(table['partner-101']).toMatchObject({
      clientId: 'partner-101',
      usageKey: usageKey('test', 'partner-101', 2),
    });
  });
});

it('a usage key is another for each stage, partner and group, and of a length that is taken', () => {
  const keys = [
    usageKey('test', 'acme', 1),
    usageKey('prod', 'acme', 1),
    usageKey('test', 'other', 1),
    usageKey('test', 'acme', 2),
  ];

  expect(new Set(keys).size).toBe(keys.length);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{40}$/);
});
