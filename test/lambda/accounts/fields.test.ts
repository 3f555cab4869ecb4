import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import {
  FIELD_PATHS,
  LEAF_PATHS,
  leavesOf,
  missingScope,
  openLeaves,
  type ReadablePath,
  reader,
  type Scope,
  type ValueAt,
} from '../../../lambda/accounts/fields.ts';
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

describe('what filters and orders may read', () => {
  it('is what stands at the path, nothing where an object on the way is missing', () => {
    const sent = account({ caseManagement: null });

    expect(reader('channel.id')(sent)).toBe('c1');
    expect(reader('caseManagement.sameCaseDuration')(sent)).toBeUndefined();
    expect(reader('attributes')(sent)).toBeUndefined();
  });

  it('is never an object that a scope opens in part, and has the type of the path', () => {
    // @ts-expect-error -- two scopes open what is in it
    const mixed: ReadablePath = 'chatConfigurations';
    const whole: ReadablePath = 'caseManagement';
    const created: ValueAt<'created'> = '2026-01-01T00:00:00Z';
    // @ts-expect-error -- it may be missing, with the object around it
    const duration: number | null = undefined as ValueAt<'caseManagement.sameCaseDuration'>;

    expect([mixed, whole, created, duration]).toHaveLength(4);
  });
});
