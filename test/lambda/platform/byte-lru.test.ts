import { describe, expect, it } from 'vitest';
import { createByteLru } from '../../../lambda/platform/util.ts';

const create = (maxSize: number) => createByteLru<string>(maxSize, (text) => text.length);

describe('what is kept by size', () => {
  it('is what was used last, up to the size of keys and values', () => {
    const kept = create(9);
    kept.set('a', 'xx');
    kept.set('b', 'xx');
    kept.set('c', 'xx');
    kept.get('a');

    kept.set('d', 'xx');

    expect(['a', 'b', 'c', 'd'].map((key) => kept.get(key))).toEqual(['xx', undefined, 'xx', 'xx']);
  });

  it('has one value for a key, and its size once', () => {
    const kept = create(6);

    for (const value of ['x', 'xx', 'xxx', 'y']) kept.set('a', value);
    kept.set('b', 'xxx');

    expect([kept.get('a'), kept.get('b')]).toEqual(['y', 'xxx']);
  });

  it('is not what alone passes the size', () => {
    const kept = create(5);
    kept.set('a', 'x');

    kept.set('b', 'xxxxxx');

    expect(kept.get('b')).toBeUndefined();
    kept.set('c', 'xxxx');
    expect(kept.get('c')).toBe('xxxx');
  });
});
