import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { LEAF_PATHS, type Only, type ReadablePath } from '../../../lambda/accounts/fields.ts';
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

describe('the field catalogue', () => {
  it('names every field of the account schema and nothing else, in its order', () => {
    const schema = z.toJSONSchema(accountSchema) as JsonSchema;

    expect(LEAF_PATHS).toEqual(leavesOfSchema(schema));
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
