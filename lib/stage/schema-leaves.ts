import * as z from 'zod/mini';
import { isSecure } from '../../lambda/platform/url.ts';

/*
 * The leaves of the stage config's schema. The error message of each says what was expected;
 * lib/stage/stage-config.ts adds the path and the value.
 */

/** A description for editors. */
export const about = (description: string) => z.describe<unknown>(description);

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

/** An object without unknown keys. */
export function object<const T extends Readonly<Record<string, z.ZodMiniType>>>(shape: T) {
  return z.strictObject(shape, 'an object');
}

/** A list of one or more different entries. */
export function list<T extends z.ZodMiniType>(entry: T, expected: string) {
  return z.array(entry, expected).check(
    z.minLength(1, expected),
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
    rate: z._default(rate.check(about(`Requests a second, ${sender}.`)), defaults.rate),
    burst: z._default(whole(1, 1e6).check(about(`Requests at once, ${sender}.`)), defaults.burst),
  });
}
