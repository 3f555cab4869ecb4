import { describe, expect, it } from 'vitest';
import { partnerGroups, partnersTable, usageKey } from '../../../lib/accounts/partners-table.ts';
import { parseStageConfig, type StageConfig } from '../../../lib/stage/stage-config.ts';
import { LEAST, PLAIN_STAGE } from '../../support/stage.ts';

const auth = { issuer: 'https://issuer.example.com', audience: 'accounts' };

function stageOf(partners: number): StageConfig {
  const entries = Array.from({ length: partners }, (_, index) => {
    const clientId = `partner-${index + 1}`;
    return [clientId, { scopes: ['accounts/read'], clientId }];
  });
  return parseStageConfig({ ...LEAST, auth, partners: Object.fromEntries(entries) as object });
}

it.each([
  [100, [100]],
  [101, [100, 1]],
  [300, [100, 100, 100]],
])('the usage plans of %i partners are in stacks of %j, in order', (partners, sizes) => {
  const config = stageOf(partners);
  const groups = partnerGroups(config);

  expect(groups.map((group) => group.partners.length)).toEqual(sizes);
  expect(groups.map(({ number }) => number)).toEqual(sizes.map((_, index) => index + 1));
  expect(groups.flatMap((group) => group.partners)).toEqual(Object.entries(config.partners));
});

describe('what the authorizer knows about a partner', () => {
  it('is what the stage config grants it, and the key of its usage plan', () => {
    const [acme, second] = ['acme', 'second-one'].map((name) => usageKey('test', name, 1));

    expect(JSON.parse(partnersTable(parseStageConfig(PLAIN_STAGE), 'test'))).toEqual({
      acme: { scopes: ['accounts/read', 'accounts/read.address'], usageKey: acme },
      'second-one': {
        scopes: ['accounts/read'],
        accounts: { channel: ['chat'] },
        usageKey: second,
      },
    });
  });

  it("has the client id of the deployer's issuer, and the key of its own group", () => {
    expect(JSON.parse(partnersTable(stageOf(101), 'test'))).toMatchObject({
      'partner-101': { clientId: 'partner-101', usageKey: usageKey('test', 'partner-101', 2) },
    });
  });
});

it('a usage key differs by stage, partner and group', () => {
  const keys = [
    usageKey('test', 'acme', 1),
    usageKey('prod', 'acme', 1),
    usageKey('test', 'other', 1),
    usageKey('test', 'acme', 2),
  ];

  expect(new Set(keys).size).toBe(keys.length);
});
