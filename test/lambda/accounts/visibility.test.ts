import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { createColumns, sift } from '../../../lambda/accounts/compare.ts';
import { type AccountRule, accountRuleSchema, ruleSieves } from '../../../lambda/accounts/view.ts';
import type { Account } from '../../../lambda/egain/account.ts';
import { account } from '../../support/accounts.ts';
import { onlyReading } from '../../support/only-reading.ts';

const isVisible = (one: Account, rule?: AccountRule) =>
  sift(ruleSieves(rule, createColumns([one])), Uint32Array.of(0)).length === 1;

describe('an account rule', () => {
  const attributes = [{ name: 'region', value: 'eu:west' }];

  it.each([
    ['no rule', undefined, true],
    ['no list', {}, true],
    ['a match', { channel: ['c0', 'c1'] }, true],
    ['no match', { channel: ['c0'] }, false],
    ['a match in one list of two', { channel: ['c1'], entryPoint: ['e0'] }, false],
    ['an orchestration', { orchestration: ['o1'] }, true],
    ['another orchestration', { orchestration: ['o0'] }, false],
    ['an attribute, split at the first colon', { attribute: ['x:y', 'region:eu:west'] }, true],
    ['an attribute with another value', { attribute: ['region:eu'] }, false],
    ['an empty list', { channel: [] }, false],
  ])('with %s', (_, rule, expected) => {
    expect(isVisible(account({ attributes }), rule)).toBe(expected);
  });

  it('does not match what an account does not have', () => {
    const bare = account({ channel: { id: null }, attributes: null });

    expect(isVisible(bare, { channel: ['null', 'undefined', ''] })).toBe(false);
    expect(isVisible(bare, { attribute: ['a:b'] })).toBe(false);
  });

  it.each<AccountRule>([
    {},
    { channel: ['c1', 'c2'], orchestration: ['o1'], entryPoint: ['e1'] },
    { attribute: ['region:eu:west', 'x:'] },
  ])('may be %j', (rule) => {
    expect(z.parse(accountRuleSchema, rule)).toEqual(rule);
  });

  it.each([
    [{ channels: ['c1'] }],
    [{ channel: 'c1' }],
    [{ channel: [] }],
    [{ channel: [''] }],
    [{ attribute: ['no colon'] }],
    [{ attribute: [':no:name'] }],
  ])('is refused when malformed: %j', (rule) => {
    expect(z.safeParse(accountRuleSchema, rule).success).toBe(false);
  });

  it.each([
    ['channel', 'channel.id'],
    ['orchestration', 'chatConfigurations.orchestration.id'],
    ['entryPoint', 'chatConfigurations.entryPoint.id'],
    ['attribute', 'attributes'],
  ] as const)('of %s looks at %s alone', (name, path) => {
    const guarded = onlyReading(account({ attributes }), path);

    expect(isVisible(guarded, { [name]: ['x:y'] })).toBe(false);
  });
});
