import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import {
  accountRuleSchema,
  FIELD_PATHS,
  isVisible,
  LEAF_PATHS,
  leavesOf,
  missingScope,
  openLeaves,
  type Scope,
} from '../../../lambda/accounts/visibility.ts';
import { accountSchema } from '../../../lambda/egain/account.ts';
import { account } from '../../support/accounts.ts';

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

function leavesOfSchema(schema: JsonSchema, prefix = ''): string[] {
  const object = [schema, ...(schema.anyOf ?? [])]
    .map((part) => part.items ?? part)
    .find((part) => part.properties !== undefined);
  if (object?.properties === undefined) return [prefix];
  return Object.entries(object.properties).flatMap(([key, inside]) =>
    leavesOfSchema(inside, prefix === '' ? key : `${prefix}.${key}`),
  );
}

const read = new Set<Scope>(['accounts/read']);

describe('the field catalogue', () => {
  it('names every field of the account schema and nothing else, in its order', () => {
    const schema = z.toJSONSchema(accountSchema) as JsonSchema;

    expect(LEAF_PATHS).toEqual(leavesOfSchema(schema));
  });

  it('takes objects for all that is in them', () => {
    expect(leavesOf('caseManagement')).toEqual([
      'caseManagement.sameCaseDuration',
      'caseManagement.copyCustomAttributes',
    ]);
    expect(leavesOf('name')).toEqual(['name']);
    expect(FIELD_PATHS).toContain('chatConfigurations.orchestration');
  });

  it('opens with accounts/read what the contract lists', () => {
    expect(openLeaves(read, undefined)).toEqual([
      'id',
      'name',
      'description',
      'active',
      'channel.id',
      'created',
      'modified',
      'chatConfigurations.defaultLanguage',
    ]);
  });

  it('adds with each further scope what the contract lists', () => {
    const address = openLeaves(new Set(['accounts/read.address'] as const), undefined);
    const configuration = openLeaves(new Set(['accounts/read.configuration'] as const), undefined);

    expect(address).toEqual(['address']);
    expect(new Set(configuration.map((path) => path.split('.')[0]))).toEqual(
      new Set(['caseManagement', 'chatConfigurations', 'attributes']),
    );
    expect(openLeaves(read, undefined).length + address.length + configuration.length).toBe(
      LEAF_PATHS.length,
    );
  });

  it('misses no scope for an object that is open in part', () => {
    expect(missingScope('chatConfigurations', read)).toBeUndefined();
    expect(missingScope('chatConfigurations.timeout', read)).toBe('accounts/read.configuration');
    expect(missingScope('address', read)).toBe('accounts/read.address');
  });
});

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

  it.each([
    [{ channels: ['c1'] }],
    [{ channel: 'c1' }],
    [{ channel: [] }],
    [{ channel: [''] }],
    [{ attribute: ['no colon'] }],
  ])('is refused when malformed: %j', (rule) => {
    expect(z.safeParse(accountRuleSchema, rule).success).toBe(false);
  });
});
