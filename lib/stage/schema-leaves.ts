import * as z from 'zod/mini';
import { isSecure } from '../../lambda/platform/parse.ts';

/*
 * The leaves of the stage config's schema. The error message of each says what was expected;
 * lib/stage/stage-config.ts adds the path and the value.
 */

/** A key that must be there. The description is for editors and `docs/options.md`. */
export function needed<T extends z.ZodMiniType>(description: string, schema: T): T {
  return schema.check(z.describe<unknown>(description));
}

/** A key that may be left out. */
export function optional<T extends z.ZodMiniType>(description: string, schema: T) {
  return z.optional(needed(description, schema));
}

/** A key that has a default. */
export function preset<T extends z.ZodMiniType>(
  description: string,
  schema: T,
  value: Parameters<typeof z._default<T>>[1],
) {
  return z._default(needed(description, schema), value);
}

/** A string of this form. */
export function text(pattern: RegExp, expected: string) {
  return z.string(expected).check(z.regex(pattern, expected));
}

/** A string that is not blank, at most 256 characters long. */
export function words(expected: string) {
  return text(/^\S(?:.{0,254}\S)?$/, expected);
}

/** A whole number, both bounds included. */
export function whole(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  return z.int(expected).check(z.gte(min, expected), z.lte(max, expected));
}

/** One of these words. */
export function oneOf<const T extends readonly string[]>(...values: T) {
  const quoted = values.map((value) => `"${value}"`);
  return z.enum(values, new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(quoted));
}

/** An object without unknown keys. */
export function object<const T extends Readonly<Record<string, z.ZodMiniType>>>(shape: T) {
  return z.strictObject(shape, 'an object');
}

/** A list of different entries, one or more. */
export function list<T extends z.ZodMiniType>(
  entry: T,
  expected: string,
  most = Number.MAX_SAFE_INTEGER,
) {
  return z.array(entry, expected).check(
    z.minLength(1, expected),
    z.maxLength(most, `${expected}, at most ${most}`),
    z.refine((entries) => new Set(entries).size === entries.length, `${expected}, none twice`),
  );
}

/** A URL; plain http is accepted only for this machine's own addresses. */
export function url(query: 'query' | 'no query') {
  const expected =
    'an https URL (http only for 127.0.0.1, [::1] and localhost) without credentials' +
    (query === 'query' ? ' or fragment' : ', fragment or query');
  return z.string(expected).check(
    z.refine((value) => {
      const parsed = URL.parse(value);
      if (parsed === null || value !== value.trim()) return false;
      const { username, password } = parsed;
      const plain = username === '' && password === '' && !value.includes('#');
      return isSecure(parsed) && plain && (query === 'query' || !value.includes('?'));
    }, expected),
    z.meta({ format: 'uri' }),
  );
}

const rate = z
  .number('requests a second, above 0')
  .check(z.gt(0, 'requests a second, above 0'), z.lte(1e6, 'at most 1000000 requests a second'));

/** API Gateway's token bucket; each key has its default. */
export function throttle(
  defaults: { readonly rate: number; readonly burst: number },
  sender: string,
) {
  return object({
    rate: preset(`Requests a second, ${sender}.`, rate, defaults.rate),
    burst: preset(`Requests at once, ${sender}.`, whole(1, 1e6), defaults.burst),
  });
}
