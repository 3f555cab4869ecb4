import { describe, expect, it } from 'vitest';
import { entityTag, matchesEntityTag } from '../../../lambda/http/response.ts';

describe('an entity tag', () => {
  it('is weak, and follows the body alone', () => {
    expect(entityTag('body')).toMatch(/^W\/"[\w-]{43}"$/);
    expect(entityTag('body')).toBe(entityTag('body'));
    expect(entityTag('body')).not.toBe(entityTag('body '));
  });

  it.each([
    ['"tag"', true],
    ['W/"tag"', true],
    ['"a", "tag"', true],
    ['"a",W/"tag" ,"b"', true],
    ['*', true],
    [' * ', true],
    ['"TAG"', false],
    ['tag', false],
    ['w/"tag"', false],
    ['"a,b"', false],
    ['"tW/ag"', false],
    ['"a", *', false],
    ['', false],
    [undefined, false],
  ])('is found in %j: %j', (header, expected) => {
    expect(matchesEntityTag(header, 'W/"tag"')).toBe(expected);
    expect(matchesEntityTag(header, '"tag"')).toBe(expected);
  });
});
