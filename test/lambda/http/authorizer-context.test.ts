import { describe, expect, it } from 'vitest';
import {
  type AuthorizedEvent,
  partnerOf,
  seesEverything,
  viewerOf,
} from '../../../lambda/http/request.ts';

const ALL = 'accounts/read accounts/read.address accounts/read.configuration';
const RULE = '{"channel":["c1"]}';

const eventOf = (authorizer?: Readonly<Record<string, unknown>> | null) =>
  ({ requestContext: { authorizer } }) as unknown as AuthorizedEvent;
const byHand = {} as AuthorizedEvent;

describe('what the authorizer says of a caller', () => {
  it.each([
    [eventOf({ partner: 'acme' }), 'acme'],
    [eventOf({ partner: 7 }), undefined],
    [eventOf({}), undefined],
    [eventOf(null), undefined],
    [eventOf(), undefined],
    [byHand, undefined],
  ])('is the name, where there is one: %#', (event, partner) => {
    expect(partnerOf(event)).toBe(partner);
  });

  it.each([undefined, null])('is no rule where there is none: %s', (accounts) => {
    // Scopes of its own: what was read before, of either, is remembered.
    const scopes = `${ALL} ${accounts}`;

    expect(viewerOf(eventOf({ scopes, accounts }))).toEqual({ scopes: new Set(ALL.split(' ')) });
  });

  it('is the scopes that are known, and the rule', () => {
    const scopes = 'other accounts/read';

    expect(viewerOf(eventOf({ scopes, accounts: RULE }))).toEqual({
      scopes: new Set(['accounts/read']),
      rule: { channel: ['c1'] },
    });
  });

  it('is told from what it says of another caller', () => {
    const first = viewerOf(eventOf({ scopes: ALL, accounts: RULE }));

    expect(viewerOf(eventOf({ scopes: ALL, accounts: RULE }))).toBe(first);
    expect(viewerOf(eventOf({ scopes: ALL })).rule).toBeUndefined();
    expect(viewerOf(eventOf({ scopes: 'accounts/read', accounts: RULE })).scopes.size).toBe(1);
  });

  it.each([
    eventOf({ scopes: 'accounts/read.address' }),
    eventOf({ scopes: 7 }),
    eventOf(),
    byHand,
  ])('opens nothing without the first scope: %#', (event) => {
    expect(() => viewerOf(event)).toThrow(
      expect.objectContaining({ kind: 'clientNotAllowed' }) as Error,
    );
  });
});

it.each([
  [{ scopes: ALL }, true],
  [{ scopes: ALL, accounts: RULE }, false],
  [{ scopes: 'accounts/read accounts/read.address' }, false],
  [{ scopes: ALL, accounts: '{' }, false],
  [{}, false],
])('who has every scope and no rule sees everything: %j', (authorizer, everything) => {
  expect(seesEverything(eventOf(authorizer))).toBe(everything);
});
