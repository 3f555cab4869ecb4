import { describe, expect, it } from 'vitest';
import { partnerGroups, partnersTable, usageKey } from '../../../lib/accounts/partners-table.ts';
import { parseStageConfig, type StageConfig } from '../../../lib/stage/stage-config.ts';
import { LEAST, PLAIN_STAGE } from '../../support/stage.ts';

function stageOf(partners: number, extra: object = {}): StageConfig {
  const entries = Array.from({ length: partners }, (_, index) => {
    const name = `partner-${index + 1}`;
    const clientId = 'auth' in extra ? { clientId: name } : {};
    return [name, { scopes: ['accounts/read'], ...clientId }];
  });
  return parseStageConfig({ ...LEAST, ...extra, partners: Object.fromEntries(entries) as object });
}

it.each([
  [0, [0]],
  [1, [1]],
  [100, [100]],
  [101, [100, 1]],
  [300, [100, 100, 100]],
])('the usage plans of %i partners are in stacks of %j, in order', (partners, sizes) => {
  const config = stageOf(partners);
  const groups = partnerGroups(config);

  expect(groups.map(({ names }) => names.length)).toEqual(sizes);
  expect(groups.map(({ number }) => number)).toEqual(sizes.map((_, index) => index + 1));
  expect(groups.flatMap(({ names }) => names)).toEqual(Object.keys(config.partners));
});

describe('what the authorizer knows about a partner', () => {
  it('is what the stage config grants it, and the key of its usage plan', () => {
    expect(JSON.parse(partnersTable(parseStageConfig(PLAIN_STAGE), 'test'))).toEqual({
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

  it("has the client id of the deployer's issuer, and the key of its own group", () => {
    const auth = { issuer: 'https://issuer.example.com', audience: 'accounts' };
    const table = JSON.parse(partnersTable(stageOf(101, { auth }), 'test')) as object;

    expect(table).toMatchObject({
      'partner-101': { clientId: 'partner-101', usageKey: usageKey('test', 'partner-101', 2) },
    });
  });
});

it('a usage key differs by stage, partner and group, and has a length that AWS accepts', () => {
  const keys = [
    usageKey('test', 'acme', 1),
    usageKey('prod', 'acme', 1),
    usageKey('test', 'other', 1),
    usageKey('test', 'acme', 2),
  ];

  expect(new Set(keys).size).toBe(keys.length);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{40}$/);
});
