import { describe, expect, test } from 'vitest';
import { lazy } from '../../../lambda/platform/util.ts';

describe('a value that is made once', () => {
  test('is made when it is first asked for, and kept', () => {
    let made = 0;
    const value = lazy(() => {
      made += 1;
      return made;
    });

    expect([made, value(), value()]).toEqual([0, 1, 1]);
  });

  test('is tried again when making it failed', () => {
    let tries = 0;
    const value = lazy(() => {
      tries += 1;
      if (tries === 1) throw new Error('not yet');
      return tries;
    });

    expect(value).toThrow('not yet');
    expect(value()).toBe(2);
  });
});
