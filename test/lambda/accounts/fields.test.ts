import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import {
  inOrder,
  pathOf,
  SORTS,
  sortName,
  visibleAccounts,
} from '../../../lambda/accounts/compare.ts';
import {
  FIELD_PATHS,
  LEAF_PATHS,
  type Only,
  openLeaves,
  type ReadablePath,
  type Scope,
} from '../../../lambda/accounts/fields.ts';
import { conditionOf, FILTER_NAMES, PARAMETERS } from '../../../lambda/accounts/parameters.ts';
import { accountSchema } from '../../../lambda/egain/account.ts';
import { PARAMETER_EXAMPLES } from '../../../lib/docs/examples.ts';
import { account } from '../../support/accounts.ts';
import { onlyReading } from '../../support/only-reading.ts';

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

describe('the field catalogue', () => {
  it('names every field of the account schema and nothing else, in its order', () => {
    const schema = z.toJSONSchema(accountSchema) as JsonSchema;

    expect(LEAF_PATHS).toEqual(leavesOfSchema(schema));
    expect(FIELD_PATHS).toContain('chatConfigurations.orchestration');
  });

  it.each<[Scope, RegExp]>([
    [
      'accounts/read',
      /^(id|name|description|active|channel\.id|created|modified|chatConfigurations\.defaultLanguage)$/,
    ],
    ['accounts/read.address', /^address$/],
    [
      'accounts/read.configuration',
      /^(caseManagement|attributes|chatConfigurations(?!\.defaultLanguage))\./,
    ],
  ])('opens with %s what the contract lists', (scope, opened) => {
    const expected = LEAF_PATHS.filter((path) => opened.test(path));

    expect(openLeaves(new Set([scope]), undefined)).toEqual(expected);
  });

  it('lets filters and orders look only at paths that one scope opens as a whole', () => {
    // @ts-expect-error -- two scopes open what is in it
    const mixed: ReadablePath = 'chatConfigurations';
    const whole: ReadablePath = 'caseManagement';
    const part: Only<'channel.id'> = account();
    // @ts-expect-error -- it is no part of the path
    const { name } = part;

    expect([mixed, whole, part.channel?.id, name]).toHaveLength(4);
  });
});

describe('of an account', () => {
  it.each(FILTER_NAMES)('the filter %s looks at the field that its row declares', (name) => {
    const holds = conditionOf(name, PARAMETER_EXAMPLES[name]);
    const guarded = onlyReading(account(), pathOf(PARAMETERS[name].reads));

    expect(() => holds({ account: guarded })).not.toThrow();
  });

  it.each(SORTS)('the order %s looks at its key and the id', (sort) => {
    const guarded = ['b', 'a'].map((id) =>
      onlyReading(account({ id }), 'id', pathOf(sortName(sort))),
    );

    expect(inOrder(guarded, sort, () => '').map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it.each([
    ['channel', 'channel.id'],
    ['orchestration', 'chatConfigurations.orchestration.id'],
    ['entryPoint', 'chatConfigurations.entryPoint.id'],
    ['attribute', 'attributes'],
  ] as const)('the rule for %s looks at %s alone', (name, path) => {
    const guarded = onlyReading(account({ attributes: [] }), path);

    expect(visibleAccounts([guarded], { [name]: ['x:y'] })).toEqual([]);
  });
});
