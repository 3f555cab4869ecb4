import { describe, expect, it } from 'vitest';
import { partnersOfTheExample } from '../../cli/preflight/placeholders.ts';
import { parseStageConfig } from '../../lib/stage/stage-config.ts';
import { PLAIN_STAGE } from '../support/stage.ts';

describe('the placeholders', () => {
  it("name the partners whose account rule is the example's still", () => {
    const config = parseStageConfig({
      ...PLAIN_STAGE,
      partners: {
        all: { scopes: ['accounts/read'] },
        mended: { scopes: ['accounts/read'], accounts: { channel: ['an-id'] } },
        storefront: {
          scopes: ['accounts/read'],
          accounts: { channel: ['an-id', '45a095f4-d0ee-4220-a689-22b541c58f67'] },
        },
      },
    });

    expect(partnersOfTheExample(config)).toEqual(['storefront']);
  });
});
