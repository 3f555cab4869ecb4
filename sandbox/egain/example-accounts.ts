import type { Account } from '../../lambda/egain/account.ts';

/** The channel of both accounts in eGain's own example. */
const EXAMPLE_CHANNEL = '45a095f4-d0ee-4220-a689-22b541c58f67';
const EXAMPLE_ORCHESTRATION = 'c37e975f-6b2f-490f-9cac-dfa05499f744';

const CHANNELS = [
  EXAMPLE_CHANNEL,
  '7c1f2d4e-90a1-4a53-8f0e-3a6b1c5d7e01',
  '7c1f2d4e-90a1-4a53-8f0e-3a6b1c5d7e02',
  '7c1f2d4e-90a1-4a53-8f0e-3a6b1c5d7e03',
  '7c1f2d4e-90a1-4a53-8f0e-3a6b1c5d7e04',
];
const ORCHESTRATIONS = [
  EXAMPLE_ORCHESTRATION,
  'd2a4b6c8-1e3f-4b5d-9a7c-6e8f0a1b2c01',
  'd2a4b6c8-1e3f-4b5d-9a7c-6e8f0a1b2c02',
];
const ENTRY_POINTS = ['1001', '1002', '1003', '2001', '2002'];
const LANGUAGES = ['en-US', 'en-GB', 'de-DE', 'fr-FR', 'pt-BR', 'ja-JP'];
const BRANDS = [
  'orders',
  'Billing',
  'Zürich support',
  'Łódź returns',
  'Ελλάδα help',
  '東京 service',
  'straße',
  'São Paulo sales',
  'İstanbul care',
  'emoji 🛒 shop',
];
const REGIONS = ['emea', 'apac', 'latam', 'namer'];

/** An account with all that eGain's page calls required. */
export type ExampleAccount = Account & {
  readonly id: string;
  readonly name: string;
  readonly channel: { readonly id: string };
  readonly chatConfigurations: {
    readonly orchestration: { readonly id: string };
    readonly entryPoint: { readonly id: string };
  };
};

const EXAMPLES: readonly ExampleAccount[] = [
  example('ae103957-9c82-4fa8-a34e-925be85e06ec', 'order_account'),
  example('b5fc053c-77f4-4445-b6df-2e744aef8f4f', 'purplenile_account'),
];

/**
 * The accounts of the simulated eGain: the two of eGain's own example, then generated ones up to
 * `count` in all. The same `count` gives the same accounts on every machine, and a larger one only
 * adds to them.
 */
export function exampleAccounts(count: number): ExampleAccount[] {
  return Array.from({ length: count }, (_, index) => EXAMPLES[index] ?? generated(index));
}

function example(id: string, name: string): ExampleAccount {
  return {
    id,
    created: '2021-03-21T14:29:01.516Z',
    modified: '2021-03-28T14:29:01.516Z',
    name,
    address: '123456789',
    channel: { id: EXAMPLE_CHANNEL },
    chatConfigurations: {
      timeout: 30,
      defaultLanguage: 'en-US',
      onAgentUnavailability: 'off_hours',
      orchestration: { id: EXAMPLE_ORCHESTRATION },
      entryPoint: { id: '1001' },
    },
  };
}

/** Fields that eGain marks as optional are present in some accounts, missing or null in others. */
function generated(index: number): ExampleAccount {
  const next = randomFrom(index);
  const random = (limit: number) => next() % limit;
  const pick = <T>(values: readonly T[]): T => values[random(values.length)] as T;
  const created = Date.UTC(2020, random(60), 1 + random(28), random(24), random(60), random(60));
  const modified = created + random(400) * 86_400_000;
  const brand = pick(BRANDS);
  return {
    id: uuid(random),
    name: `${brand} ${String(index).padStart(4, '0')}`,
    address:
      random(2) === 0 ? `+1555${String(index).padStart(7, '0')}` : `desk${index}@example.com`,
    channel: { id: pick(CHANNELS) },
    ...pick([{}, {}, { active: true }, { active: false }, { active: null }]),
    ...pick([{}, { description: `${brand}: number ${index}` }, { description: null }]),
    ...(random(12) === 0 ? {} : { created: new Date(created).toISOString() }),
    ...(random(12) === 0 ? {} : { modified: new Date(modified).toISOString() }),
    ...pick([{}, { caseManagement: { sameCaseDuration: random(48), copyCustomAttributes: true } }]),
    chatConfigurations: {
      timeout: 10 + random(50),
      ...(random(10) === 0 ? {} : { defaultLanguage: pick(LANGUAGES) }),
      ...pick([
        {},
        { onAgentUnavailability: 'off_hours' },
        { onAgentUnavailability: 'retain_and_retry' },
      ]),
      ...pick([{}, { allowLogoutWithOpenChats: random(2) === 0 }]),
      ...pick([{}, { allowQueueTransferOnAgentUnavailability: random(2) === 0 }]),
      orchestration: { id: pick(ORCHESTRATIONS) },
      entryPoint: { id: pick(ENTRY_POINTS) },
    },
    ...pick([
      {},
      { attributes: [] },
      { attributes: [{ name: 'region', value: pick(REGIONS) }] },
      {
        attributes: [
          { name: 'region', value: pick(REGIONS) },
          { name: 'tier', value: `level:${random(3)}` },
        ],
      },
    ]),
  };
}

function uuid(random: (limit: number) => number): string {
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => random(16).toString(16)).join('');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
}

/** Gives whole numbers of 32 bits, the same sequence for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
