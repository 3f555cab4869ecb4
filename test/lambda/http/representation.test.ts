import { describe, expect, it, vi } from 'vitest';
import {
  createRepresentation,
  type Representation,
  representationOf,
} from '../../../lambda/http/response.ts';
import type { Snapshot } from '../../../lambda/snapshot/content.ts';

const MB = 1024 * 1024;
/** What of the platform's 6 MB is left for a body. */
const MAX_BYTES = 6 * MB - 64 * 1024;
const QUOTES = 2;

const snapshot = (): Snapshot => ({ accounts: [], hash: 'h' });
const bodyOf = (length: number): Representation => ({ body: 'x'.repeat(length), headers: {} });

describe('a representation', () => {
  it.each([
    ['x', 1],
    ['"', 2],
    ['é', 2],
    ['€', 3],
  ])('may take as much as the platform allows, once escaped: %s', (character, bytes) => {
    const most = Math.floor((MAX_BYTES - QUOTES) / bytes);
    const rest = 'x'.repeat(MAX_BYTES - QUOTES - most * bytes);
    const body = character.repeat(most) + rest;

    expect(createRepresentation({ body, headers: {} }, 'Ask.').body).toBe(body);
    expect(() => createRepresentation({ body: `${body}x`, headers: {} }, 'Ask.')).toThrow(
      expect.objectContaining({
        code: '413-901',
        developerMessage: 'The answer is larger than the platform allows. Ask.',
      }) as Error,
    );
  });

  it('keeps what it is given, and has a tag', () => {
    const made = createRepresentation({ body: '{}', headers: { A: 'b' }, count: 3 }, '');

    expect(made).toEqual({
      body: '{}',
      headers: { A: 'b', ETag: expect.stringMatching(/^W\/"[\w-]{43}"$/) as string },
      count: 3,
    });
  });
});

describe('the answers of a snapshot', () => {
  it('are made once for each question', () => {
    const one = snapshot();
    const make = vi.fn<() => Representation>(() => bodyOf(1));

    const answers = ['a', 'a', 'b', 'a'].map((question) => representationOf(one, question, make));

    expect(make).toHaveBeenCalledTimes(2);
    expect(answers[1]).toBe(answers[0]);
    expect(answers[3]).toBe(answers[0]);
    expect(answers[2]).not.toBe(answers[0]);
  });

  it('are of that snapshot’s accounts alone', () => {
    const [one, other] = [snapshot(), snapshot()];
    const answer = representationOf(one, 'a', () => bodyOf(1));

    expect(representationOf({ ...one, hash: 'other' }, 'a', () => bodyOf(2))).toBe(answer);
    expect(representationOf(other, 'a', () => bodyOf(2))).not.toBe(answer);
  });

  it('are kept up to sixteen million characters, those asked for last', () => {
    const one = snapshot();
    const ask = (question: string) => representationOf(one, question, () => bodyOf(5 * MB));

    const [a, b, c] = ['a', 'b', 'c'].map(ask);
    expect([ask('a'), ask('b'), ask('c')]).toEqual([a, b, c]);
    ask('d');

    expect(ask('c')).toBe(c);
    expect(ask('a')).not.toBe(a);
  });
});
