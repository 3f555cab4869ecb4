import * as fc from 'fast-check';
import type { Account } from '../../lambda/egain/account.ts';
import type { Snapshot } from '../../lambda/snapshot/content.ts';

/** A plain account, with whatever a test wants to be different. */
export function account(differences: Partial<Account> = {}): Account {
  return {
    id: 'a1',
    name: 'order_account',
    address: '+15550100',
    channel: { id: 'c1' },
    chatConfigurations: {
      timeout: 30,
      defaultLanguage: 'en-US',
      onAgentUnavailability: 'off_hours',
      orchestration: { id: 'o1' },
      entryPoint: { id: 'e1' },
    },
    ...differences,
  };
}

export function snapshotOf(...accounts: readonly Account[]): Snapshot {
  return { accounts, hash: 'hash' };
}

const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const few = (...values: readonly string[]) => fc.constantFrom(...values);

/** Few values, so that filters hit, keys tie, and awkward characters meet. */
export const NAMES = [
  'Straße',
  'STRASSE',
  'strasse x',
  'ΟΔΟΣ',
  'οδος',
  '',
  '\uFFFD',
  '😀',
  '\uE000b',
  'b',
  'B',
];
export const DATES = [
  '2021-03-21T14:29:01.516Z',
  '2021-03-21t16:29:01.516+02:00',
  '2021-03-21T14:29:01.5165Z',
  '2020-02-29T00:00:00Z',
  'yesterday',
];
export const IDS = ['1', '2', '3'];
export const LANGUAGES = ['en-US', 'EN-us', 'de-DE'];

/** An object with and without each field, null ones included. */
const lenient = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.record(
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, mostly(value)])),
    { requiredKeys: [] },
  );
const mostly = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 9 });
const orAbsent = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.option(arbitrary, { nil: undefined, freq: 9 });

/** Accounts as eGain may send them: any field may be absent or null. */
export const accountArbitrary: fc.Arbitrary<Account> = fc
  .record({
    id: sometimes(fc.string({ minLength: 1, maxLength: 4 })),
    name: orAbsent(mostly(few(...NAMES))),
    rest: lenient({
      description: fc.string({ maxLength: 3 }),
      active: fc.boolean(),
      address: fc.string({ maxLength: 5 }),
      created: few(...DATES),
      modified: few(...DATES),
      caseManagement: lenient({ sameCaseDuration: fc.nat(3), copyCustomAttributes: fc.boolean() }),
      attributes: fc.array(lenient({ name: few('n', 'm'), value: few('v', 'v:w', '') }), {
        maxLength: 2,
      }),
    }),
    channel: orAbsent(mostly(lenient({ id: few(...IDS) }))),
    chatConfigurations: orAbsent(
      mostly(
        lenient({
          timeout: fc.nat(3),
          defaultLanguage: few(...LANGUAGES),
          onAgentUnavailability: few('off_hours', 'retain_and_retry', 'new_one'),
          allowLogoutWithOpenChats: fc.boolean(),
          allowQueueTransferOnAgentUnavailability: fc.boolean(),
          orchestration: lenient({ id: few(...IDS) }),
          entryPoint: lenient({ id: few(...IDS) }),
        }),
      ),
    ),
  })
  .map(({ rest, ...named }) => JSON.parse(JSON.stringify({ ...named, ...rest })) as Account);

/** Data sets whose ids are unique where there are any, as the page walk leaves them. */
export const accountsArbitrary = fc.uniqueArray(accountArbitrary, {
  maxLength: 12,
  comparator: (a, b) => typeof a === 'string' && a === b,
  selector: (value) => value.id,
});
